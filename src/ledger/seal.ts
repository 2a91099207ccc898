import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";

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
  // GCM is a stream: as many bytes come out as go in, all of them before the end.
  const sealed = Buffer.allocUnsafe(NONCE_BYTES + plain.length + TAG_BYTES);
  sealed.set(nonce);
  sealed.set(cipher.update(plain), NONCE_BYTES);
  cipher.final();
  sealed.set(cipher.getAuthTag(), NONCE_BYTES + plain.length);
  return sealed;
}

/** UTF-8 takes three bytes at most for each UTF-16 unit (RFC 3629, section 3). */
const MOST_BYTES_PER_UNIT = 3;
let textBytes = Buffer.allocUnsafeSlow(8 * 1024);

/** Seals the UTF-8 of a text, as `seal` does. */
export function sealText(key: KeyObject, place: Uint8Array, text: string): Buffer {
  const most = text.length * MOST_BYTES_PER_UNIT;
  if (most > textBytes.length) textBytes = Buffer.allocUnsafeSlow(2 * most);
  return seal(key, place, textBytes.subarray(0, textBytes.write(text)));
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

const DELTA_PLACE = "delta:";
/** An address, the word, and the digits of the largest sequence. */
const place = Buffer.alloc(20 + DELTA_PLACE.length + 16);

/** The place of one delta's content: `ledger ‖ "delta:" ‖ sequence as decimal text`. Good until the next call. */
export function deltaPlace(ledger: Uint8Array, sequence: number): Uint8Array {
  place.set(ledger);
  const end = ledger.length + place.write(`${DELTA_PLACE}${sequence}`, ledger.length, "latin1");
  return place.subarray(0, end);
}

/** The salt of one delta's commitment: HMAC-SHA-256(key of the ledger, "salt:" ‖ sequence as decimal text). See core/FORMAT.md, "Commitment". */
export function saltOf(ledgerKey: KeyObject, sequence: number): Buffer {
  return createHmac("sha256", ledgerKey).update(`salt:${sequence}`).digest();
}
