import { concatBytes, utf8 } from "../core/bytes.ts";

/** What sealed columns are bound to (see `seal`): the same in every storage engine, so that rows can move from one to another. */

export function tenantSecretPlace(name: string): Uint8Array {
  return utf8(`tenant:${name}`);
}

export function keyLabelPlace(publicId: string): Uint8Array {
  return utf8(`api-key:${publicId}`);
}

/** Of what a request with an idempotency key asked for. */
export function membersPlace(requestId: Uint8Array): Uint8Array {
  return concatBytes(utf8("request:"), requestId);
}

/** The fact by which a store knows the master key that it was made with, and its place. */
export const MASTER_KEY_FACT = "master-key.check";
export const MASTER_KEY_PLACE = utf8(MASTER_KEY_FACT);
