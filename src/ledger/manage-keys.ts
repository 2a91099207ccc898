import { toHex } from "../core/bytes.ts";
import { TallyrootError } from "../core/errors.ts";
import { freshApiKey, type KeyMode, uselessKey } from "./api-keys.ts";
import { type Asked, earlierEffect, effectNote } from "./idempotent.ts";
import type { EffectStore, RequestEffect } from "./ports/effects.ts";
import type { LedgerStore, Tenant } from "./ports/ledgers.ts";
import type { ApiKeyRecord, Scope, TenantStore } from "./ports/tenants.ts";

type Parts = {
  store: TenantStore & EffectStore & Pick<LedgerStore, "deltaByRequestId">;
  clock: () => number;
  keyMode: KeyMode;
};

/** A key that was asked for. `text` is the key itself: shown once, null where the request is a repetition. */
export type GivenKey = { record: ApiKeyRecord; text: string | null };

/** Who asks, and by which idempotency key if any. */
export type Asker = { tenant: Tenant; idempotencyKey: string | undefined };

/**
 * Makes an API key.
 *
 * @param ledgerAddress the one ledger that the key is to read, which need not have a delta yet; with scope `read` only.
 * @param expiresAt Unix milliseconds, null for no end.
 * @throws TallyrootError VALIDATION_ERROR, IDEMPOTENCY_CONFLICT
 */
export async function createKey(
  { store, clock, keyMode }: Parts,
  asker: Asker,
  {
    scope,
    ledgerAddress,
    label,
    expiresAt,
  }: { scope: Scope; ledgerAddress: Uint8Array | null; label: string; expiresAt: number | null },
): Promise<GivenKey> {
  const asked: Asked = {
    ...asker,
    route: "POST keys",
    members: { scope, customerReference: ledgerAddress && toHex(ledgerAddress), label, expiresAt },
  };
  const earlier = await earlierEffect(store, asked);
  if (earlier !== undefined) return { record: await keyOf(store, asker.tenant, earlier), text: null };
  if (ledgerAddress && scope !== "read")
    throw new TallyrootError(
      "VALIDATION_ERROR",
      "customerId: only a key with scope read can be limited to one customer",
    );
  const now = clock();
  expectFuture(expiresAt, now);
  const { text, record } = freshApiKey({ scope, label, mode: keyMode, now, ledgerAddress, expiresAt });
  const request = effectNote(asked, record.publicId, now);
  const added = await store.addApiKey({ ...record, tenantId: asker.tenant.id }, { request });
  return added === "added" ? { record: { ...record, tenantId: asker.tenant.id }, text } : repeated(store, asked);
}

/**
 * Makes a key with the same rights as another one, which ends after an overlap: callers change over without a gap.
 *
 * @param overlapSeconds how much longer the old key works; 0 ends it now. An earlier end that it has stays.
 * Of several requests at once that end the same key now, one is answered with a key: whoever holds a key that is worth one visit gets in
 * once.
 *
 * @param expiresAt the new key's end in Unix milliseconds, null for none; that of the old key where it is undefined.
 * @param label the new key's label; that of the old key where it is undefined.
 * @param own whether the old key is the one that asks.
 * @throws TallyrootError NOT_FOUND, IDEMPOTENCY_CONFLICT; when the old key cannot be used any more, VALIDATION_ERROR, and INVALID_API_KEY to
 *   the old key itself.
 */
export async function rotateKey(
  { store, clock, keyMode }: Parts,
  asker: Asker,
  {
    publicId,
    overlapSeconds,
    expiresAt,
    label,
    own,
  }: {
    publicId: string;
    overlapSeconds: number;
    expiresAt: number | null | undefined;
    label: string | undefined;
    own: boolean;
  },
): Promise<GivenKey> {
  const asked: Asked = {
    ...asker,
    route: "POST keys/rotate",
    members: {
      publicId,
      overlapSeconds,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(label !== undefined && { label }),
    },
  };
  const earlier = await earlierEffect(store, asked);
  if (earlier !== undefined) return { record: await keyOf(store, asker.tenant, earlier), text: null };
  const old = await keyOf(store, asker.tenant, publicId);
  const now = clock();
  if (old.revokedAt !== null || (old.expiresAt !== null && old.expiresAt <= now)) throw endedKey(old, own);
  if (expiresAt !== undefined) expectFuture(expiresAt, now);
  const { scope, ledgerAddress } = old;
  const { text, record } = freshApiKey({
    scope,
    label: label ?? old.label,
    mode: keyMode,
    now,
    ledgerAddress,
    expiresAt: expiresAt === undefined ? old.expiresAt : expiresAt,
  });
  const ends = {
    publicId,
    expiresAt: Math.min(old.expiresAt ?? Number.POSITIVE_INFINITY, now + overlapSeconds * 1000),
  };
  const added = await store.addApiKey(
    { ...record, tenantId: asker.tenant.id },
    { ends, request: effectNote(asked, record.publicId, now) },
  );
  if (added === "ended") throw endedKey(await keyOf(store, asker.tenant, publicId), own);
  return added === "added" ? { record: { ...record, tenantId: asker.tenant.id }, text } : repeated(store, asked);
}

function endedKey({ publicId, revokedAt }: ApiKeyRecord, own: boolean): TallyrootError {
  if (own) return uselessKey();
  const state = revokedAt !== null ? "revoked" : "expired";
  return new TallyrootError("VALIDATION_ERROR", `key ${publicId} is ${state}: make a new one instead`, { publicId });
}

/**
 * Revokes a key at once and for good.
 *
 * @throws TallyrootError NOT_FOUND, IDEMPOTENCY_CONFLICT; VALIDATION_ERROR for the last admin key, and for the last that has no end: nobody
 *   could make another, now or soon.
 */
export async function revokeKey(
  { store, clock }: Omit<Parts, "keyMode">,
  asker: Asker,
  publicId: string,
): Promise<ApiKeyRecord> {
  const asked: Asked = { ...asker, route: "POST keys/revoke", members: { publicId } };
  await earlierEffect(store, asked);
  const { expiresAt } = await keyOf(store, asker.tenant, publicId);
  const now = clock();
  const request: RequestEffect | undefined = effectNote(asked, publicId, now);
  const outcome = await store.revokeApiKey(publicId, now, request);
  // What came under the same key at the same moment, and was first, may have asked for something else.
  if (outcome === "repeated") await earlierEffect(store, asked);
  if (outcome === "last") {
    throw new TallyrootError(
      "VALIDATION_ERROR",
      `key ${publicId} is the last admin key of this tenant${expiresAt === null ? " that has no end" : ""}: make another one first`,
      { publicId },
    );
  }
  return keyOf(store, asker.tenant, publicId);
}

/** @throws TallyrootError NOT_FOUND also for another tenant's key. */
export async function keyOf(store: TenantStore, tenant: Tenant, publicId: string): Promise<ApiKeyRecord> {
  const key = await store.apiKey(publicId);
  if (key?.tenantId !== tenant.id)
    throw new TallyrootError("NOT_FOUND", `there is no API key ${publicId}`, { publicId });
  return key;
}

/** The same request came twice at once, and the other one was first. */
async function repeated(store: Parts["store"], asked: Asked): Promise<GivenKey> {
  const effect = await earlierEffect(store, asked);
  return { record: await keyOf(store, asked.tenant, effect!), text: null };
}

function expectFuture(expiresAt: number | null, now: number): void {
  if (expiresAt !== null && expiresAt <= now)
    throw new TallyrootError("VALIDATION_ERROR", "expiresAt: must be in the future");
}
