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

/** The request ids inside one bulk request. But for `ofKey`, no idempotency key that a caller could send gives one of them. */
export type BulkIds = {
  /** Of an item that has an idempotency key of its own: the same as that of a single delta with this key. */
  ofKey(idempotencyKey: string): Uint8Array;
  /** Of the item at this place of a request that has an idempotency key. */
  ofItem(idempotencyKey: string, index: number): Uint8Array;
  /** Of a summary that a tenant submits: a customer has one under each reference. */
  ofSummary(customerId: string, referenceId: string): Uint8Array;
  /** Of the note that a request with an idempotency key came to its end. */
  ofEnd(idempotencyKey: string): Uint8Array;
  /** A text that is only ever compared: without the tenant's secret it cannot be guessed from this. */
  digest(text: string): Uint8Array;
};

export function openBulkIds(requestKey: KeyObject): BulkIds {
  const key = createSecretKey(createHmac("sha256", requestKey).update("tallyroot.bulk.v1").digest());
  // The first word says what it is of, and nothing before the last part can contain a line end.
  const id = (text: string) => requestIdOf(key, text);
  return {
    ofKey: (idempotencyKey) => requestIdOf(requestKey, idempotencyKey),
    ofItem: (idempotencyKey, index) => id(`item\n${index}\n${idempotencyKey}`),
    ofSummary: (customerId, referenceId) => id(`summary\n${customerId}\n${referenceId}`),
    ofEnd: (idempotencyKey) => id(`end\n${idempotencyKey}`),
    digest: (text) => id(`digest\n${text}`),
  };
}
