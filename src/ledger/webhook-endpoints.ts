import { randomBytes } from "node:crypto";
import { TallyrootError } from "../core/errors.ts";
import { type Asked, earlierEffect, effectNote } from "./idempotent.ts";
import type { Asker } from "./manage-keys.ts";
import type { EffectStore } from "./ports/effects.ts";
import type { LedgerStore, Tenant } from "./ports/ledgers.ts";
import type {
  Deliverer,
  EndpointChange,
  EventName,
  NewEndpoint,
  TestedEndpoint,
  WebhookEndpoint,
  WebhookStore,
} from "./ports/webhooks.ts";

/** Endpoints that a tenant has at most. */
export const MOST_ENDPOINTS = 20;
/** Milliseconds for which the old secret signs as well after a rotation. */
export const SECRET_OVERLAP_MS = 86_400_000;
const SECRET_BYTES = 32;

type Parts = {
  store: WebhookStore & EffectStore & Pick<LedgerStore, "deltaByRequestId">;
  webhooks: Deliverer;
  clock: () => number;
};

/** An endpoint with its secret: shown once, null where the request is a repetition. */
export type GivenEndpoint = { endpoint: WebhookEndpoint; secret: string | null };

/**
 * Makes an endpoint. It is told of what happens from now on.
 *
 * @throws TallyrootError VALIDATION_ERROR for a URL that deliveries do not go to, and when the tenant has as many as it may; IDEMPOTENCY_CONFLICT
 */
export async function createEndpoint(
  { store, webhooks, clock }: Parts,
  asker: Asker,
  { url, events, description }: { url: string; events: readonly EventName[]; description: string | null },
): Promise<GivenEndpoint> {
  const asked: Asked = { ...asker, route: "POST webhooks", members: { url, events: events.join(" "), description } };
  const earlier = await earlierEffect(store, asked);
  if (earlier !== undefined) return { endpoint: await endpointOf(store, asker.tenant, earlier), secret: null };
  expectReachable(webhooks, url);
  const now = clock();
  const secret = freshSecret();
  const endpoint: NewEndpoint = {
    id: `whk_${randomBytes(12).toString("hex")}`,
    tenantId: asker.tenant.id,
    url,
    description,
    events,
    secret,
    createdAt: now,
  };
  const outcome = await store.addEndpoint(endpoint, MOST_ENDPOINTS, effectNote(asked, endpoint.id, now));
  if (outcome === "full")
    throw new TallyrootError("VALIDATION_ERROR", `a tenant has at most ${MOST_ENDPOINTS} endpoints: delete one first`, {
      most: MOST_ENDPOINTS,
    });
  if (outcome === "repeated") return { endpoint: await repeated(store, asked), secret: null };
  return { endpoint: await endpointOf(store, asker.tenant, endpoint.id), secret };
}

/**
 * Changes an endpoint, pauses or resumes it. While it is paused its deliveries wait; they are sent when it is resumed.
 *
 * @throws TallyrootError VALIDATION_ERROR for a URL that deliveries do not go to; NOT_FOUND
 */
export async function changeEndpoint(
  { store, webhooks, clock }: Parts,
  tenant: Tenant,
  id: string,
  change: EndpointChange,
): Promise<WebhookEndpoint> {
  if (change.url !== undefined) expectReachable(webhooks, change.url);
  const changed = await store.changeEndpoint(tenant.id, id, change, clock());
  if (!changed) throw unknownEndpoint(id);
  webhooks.wake();
  return changed;
}

/**
 * Gives an endpoint a new secret. For a day deliveries are signed with both, so that receivers change over without a gap.
 *
 * @throws TallyrootError NOT_FOUND, IDEMPOTENCY_CONFLICT
 */
export async function rotateSecret({ store, clock }: Parts, asker: Asker, id: string): Promise<GivenEndpoint> {
  const asked: Asked = { ...asker, route: "POST webhooks/rotate", members: { id } };
  const earlier = await earlierEffect(store, asked);
  if (earlier !== undefined) return { endpoint: await endpointOf(store, asker.tenant, earlier), secret: null };
  const now = clock();
  const secret = freshSecret();
  const outcome = await store.rotateSecret(
    asker.tenant.id,
    id,
    secret,
    now + SECRET_OVERLAP_MS,
    effectNote(asked, id, now),
  );
  if (outcome === "gone") throw unknownEndpoint(id);
  if (outcome === "repeated") return { endpoint: await repeated(store, asked), secret: null };
  return { endpoint: await endpointOf(store, asker.tenant, id), secret };
}

/**
 * Sends a `webhook.test` event now, also to an endpoint that is paused, and tells what came back.
 *
 * @throws TallyrootError NOT_FOUND, IDEMPOTENCY_CONFLICT
 */
export async function sendTest(
  { store, webhooks, clock }: Parts,
  asker: Asker,
  id: string,
): Promise<{ tested: TestedEndpoint; replayed: boolean }> {
  const asked: Asked = { ...asker, route: "POST webhooks/test", members: { id } };
  const earlier = await earlierEffect(store, asked);
  if (earlier !== undefined) return { tested: JSON.parse(earlier) as TestedEndpoint, replayed: true };
  const tested = await webhooks.test(
    await endpointOf(store, asker.tenant, id),
    `evt_${randomBytes(12).toString("hex")}`,
  );
  const request = effectNote(asked, JSON.stringify(tested), clock());
  if (request) await store.noteRequest(request);
  return { tested, replayed: false };
}

/** Deletes an endpoint for good; what waited for it is parked. @throws TallyrootError NOT_FOUND */
export async function deleteEndpoint({ store, webhooks, clock }: Parts, tenant: Tenant, id: string): Promise<void> {
  if (!(await store.removeEndpoint(tenant.id, id, clock()))) throw unknownEndpoint(id);
  webhooks.endpointDeleted();
}

/** @throws TallyrootError NOT_FOUND also for another tenant's endpoint. */
export async function endpointOf(store: WebhookStore, tenant: Tenant, id: string): Promise<WebhookEndpoint> {
  const endpoint = await store.endpoint(tenant.id, id);
  if (!endpoint) throw unknownEndpoint(id);
  return endpoint;
}

function unknownEndpoint(id: string): TallyrootError {
  return new TallyrootError("NOT_FOUND", `there is no webhook ${id}`, { id });
}

/** The same request came twice at once, and the other one was first. */
async function repeated(store: Parts["store"], asked: Asked): Promise<WebhookEndpoint> {
  const effect = await earlierEffect(store, asked);
  return endpointOf(store, asked.tenant, effect!);
}

function expectReachable(webhooks: Deliverer, url: string): void {
  const refusal = webhooks.whyRefused(new URL(url));
  if (refusal !== undefined)
    throw new TallyrootError("VALIDATION_ERROR", `url: ${refusal}`, { issues: [{ path: "url", message: refusal }] });
}

function freshSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
}
