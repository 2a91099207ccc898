import { canonicalJson } from "../core/content.ts";
import { TallyrootError } from "../core/errors.ts";
import type { EffectStore, RequestEffect } from "./ports/effects.ts";
import type { LedgerStore, Tenant } from "./ports/ledgers.ts";
import { digestsOf, requestIdOf } from "./request-id.ts";

/** One request that has an effect besides recording. Members that were not sent are undefined or not there. */
export type Asked = {
  tenant: Tenant;
  /** The caller's idempotency key; without one, a request has its effect each time. */
  idempotencyKey: string | undefined;
  route: string;
  members: Readonly<Record<string, string | number | boolean | null | undefined>>;
};

/**
 * What an earlier request with the same idempotency key did; undefined when there was none.
 *
 * @throws TallyrootError IDEMPOTENCY_CONFLICT naming what differs, when the earlier request asked for something else.
 */
export async function earlierEffect(
  store: EffectStore & Pick<LedgerStore, "deltaByRequestId">,
  { tenant, idempotencyKey, route, members }: Asked,
): Promise<string | undefined> {
  if (idempotencyKey === undefined) return undefined;
  const requestId = requestIdOf(tenant.requestKey, idempotencyKey);
  const earlier = await store.effectOf(requestId);
  if (!earlier && (await store.deltaByRequestId(requestId))) throw conflict(["route"]);
  if (!earlier) return undefined;
  if (earlier.route !== route) throw conflict(["route"]);
  const before = JSON.parse(earlier.members) as Record<string, string>;
  const now = digestsOf(tenant.requestKey, requestId, members);
  const differs = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (name) => before[name] !== now[name],
  );
  if (differs.length > 0) throw conflict(differs);
  return earlier.effect;
}

function conflict(differs: string[]): TallyrootError {
  return new TallyrootError(
    "IDEMPOTENCY_CONFLICT",
    `this idempotency key was used before with another ${differs.join(", ")}`,
    { differs },
  );
}

/** The note that is to be stored with the effect; undefined without an idempotency key. */
export function effectNote(
  { tenant, idempotencyKey, route, members }: Asked,
  effect: string,
  now: number,
): RequestEffect | undefined {
  if (idempotencyKey === undefined) return undefined;
  const requestId = requestIdOf(tenant.requestKey, idempotencyKey);
  return {
    requestId,
    tenantId: tenant.id,
    route,
    effect,
    members: canonicalJson(digestsOf(tenant.requestKey, requestId, members)),
    createdAt: now,
  };
}
