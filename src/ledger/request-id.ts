import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { toHex } from "../core/bytes.ts";
import { canonicalJson, type Json } from "../core/content.ts";

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

/**
 * What a request asked for, as keyed digests by member: enough to tell whether, and in what, a later request differs, and nothing that could
 * be read once the content is erased. Equal members of two requests have different digests. Members that are null or undefined are left out.
 */
export function digestsOf(
  requestKey: KeyObject,
  requestId: Uint8Array,
  members: Readonly<Record<string, Json | undefined>>,
): Record<string, string> {
  const key = createSecretKey(createHmac("sha256", requestKey).update("tallyroot.asked.v1").digest());
  const digest = (name: string, value: Json) =>
    toHex(requestIdOf(key, `${toHex(requestId)}\n${JSON.stringify(name)}\n${canonicalJson(value)}`));
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, digest(name, value)]],
    ),
  );
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
  /** A key that only those have who have the text: what is sealed with it can be read by nobody who does not send the text again. */
  keyOf(text: string): KeyObject;
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
    keyOf: (text) => createSecretKey(createHmac("sha256", key).update(`key\n${text}`).digest()),
  };
}
