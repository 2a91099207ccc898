import { TallyrootError } from "../core/errors.ts";
import { type Asked, earlierEffect, effectNote } from "./idempotent.ts";
import type { Asker } from "./manage-keys.ts";
import type { EffectStore } from "./ports/effects.ts";
import type { LedgerStore } from "./ports/ledgers.ts";
import type { Deliverer, Delivery, WebhookStore } from "./ports/webhooks.ts";

type Parts = {
  store: WebhookStore & EffectStore & Pick<LedgerStore, "deltaByRequestId">;
  webhooks: Deliverer;
  clock: () => number;
};

/**
 * Sends an event again now, with all the days of trying before it: to the endpoints that it has not reached, or to all of them where it
 * has reached all. Deliveries to endpoints that were deleted stay as they are.
 *
 * @throws TallyrootError NOT_FOUND, also for another tenant's event; IDEMPOTENCY_CONFLICT
 */
export async function retryEvent(
  { store, webhooks, clock }: Parts,
  asker: Asker,
  eventId: string,
): Promise<{ deliveries: Delivery[]; replayed: boolean }> {
  const { tenant } = asker;
  const asked: Asked = { ...asker, route: "POST balance/webhooks/retry", members: { eventId } };
  const replayed = (await earlierEffect(store, asked)) !== undefined;
  const deliveries = await store.deliveriesOf(tenant.id, eventId);
  if (deliveries.length === 0)
    throw new TallyrootError("NOT_FOUND", `there is no webhook event ${eventId}`, { eventId });
  if (replayed) return { deliveries, replayed };
  const endpoints = new Set((await store.endpoints(tenant.id)).map(({ id }) => id));
  const reachable = deliveries.filter(({ endpointId }) => endpoints.has(endpointId));
  const missing = reachable.filter(({ state }) => state !== "delivered");
  const chosen = (missing.length > 0 ? missing : reachable).map(({ endpointId }) => endpointId);
  const now = clock();
  const outcome = await store.retryDeliveries(tenant.id, eventId, chosen, now, effectNote(asked, eventId, now));
  // What came under the same key at the same moment, and was first, may have asked for something else.
  if (outcome === "repeated") await earlierEffect(store, asked);
  webhooks.wake();
  return { deliveries: await store.deliveriesOf(tenant.id, eventId), replayed: outcome === "repeated" };
}
