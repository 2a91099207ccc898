import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { concatBytes, utf8 } from "../core/bytes.ts";

/**
 * Sealing of private content: AES-256-GCM (NIST SP 800-38D) under a random key per ledger, itself wrapped by the master key.
 * Destroying a ledger's key erases its content and salts for good, while balances, roots and proofs stay valid.
 */

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Sealed bytes that do not open: another key, another place, or bytes that were changed. */
export class SealBrokenError extends Error {
  override readonly name = "SealBrokenError";
}

/** A key made for use once, not for each call: a KeyObject costs half of raw bytes. */
export function sealingKey(raw: Uint8Array): KeyObject {
  if (raw.length !== KEY_BYTES) throw new RangeError("a sealing key has 32 bytes");
  return createSecretKey(raw);
}

/** 32 fresh random bytes. */
export function freshKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

// Nonces come from one pool: asking the operating system for twelve bytes at a time costs more than the cipher.
const POOL_BYTES = NONCE_BYTES * 1024;
let pool = Buffer.alloc(0);
let used = 0;

function freshNonce(): Buffer {
  if (used + NONCE_BYTES > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += NONCE_BYTES;
  return pool.subarray(used - NONCE_BYTES, used);
}

/**
 * Seals bytes to one place: `nonce ‖ ciphertext ‖ tag`.
 *
 * @param place what the bytes belong to, such as ledger and sequence: elsewhere they do not open.
 */
export function seal(key: KeyObject, place: Uint8Array, plain: Uint8Array): Buffer {
  const nonce = freshNonce();
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(place);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what `seal` made. @throws SealBrokenError */
export function unseal(key: KeyObject, place: Uint8Array, sealed: Uint8Array): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new SealBrokenError("sealed bytes are cut short");
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(place);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch (error) {
    throw new SealBrokenError("sealed bytes do not open: wrong key, wrong place, or changed", { cause: error });
  }
}

/** The place of one delta's content. */
export function deltaPlace(ledger: Uint8Array, sequence: number): Uint8Array {
  return concatBytes(ledger, utf8(`delta:${sequence}`));
}

/** The salt of one delta's commitment: HMAC-SHA-256(key of the ledger, "salt:" ‖ sequence as decimal text). See core/FORMAT.md, "Commitment". */
export function saltOf(ledgerKey: KeyObject, sequence: number): Buffer {
  return createHmac("sha256", ledgerKey).update(`salt:${sequence}`).digest();
}
