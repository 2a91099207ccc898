import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

/** How many bytes of the HMAC are kept: a collision among 2^40 keys of one tenant has a chance of 2^-49. */
const REQUEST_ID_BYTES = 16;

/** The key under which a tenant's idempotency keys are hashed, from the tenant's secret. */
export function requestKeyOf(tenantSecret: Uint8Array): KeyObject {
  return createSecretKey(createHmac("sha256", tenantSecret).update("tallyroot.request-key.v1").digest());
}

/**
 * An idempotency key as it is stored. Callers put order numbers and names into such keys; stored as a keyed hash they tell a
 * reader of the database nothing, and two tenants with the same key do not meet.
 */
export function requestIdOf(requestKey: KeyObject, idempotencyKey: string): Uint8Array {
  return createHmac("sha256", requestKey).update(idempotencyKey).digest().subarray(0, REQUEST_ID_BYTES);
}
