import type { Hex } from "../../core/bytes.ts";
import { PublisherKeyError } from "./key-error.ts";

/** The order of secp256k1's group (SEC 2, section 2.4.1): a private key is below it, and not zero. */
const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/**
 * A private key from its text: 32 bytes in hex, with or without 0x, and white space around it.
 *
 * @param where it stands, for the error.
 * @throws PublisherKeyError
 */
export function privateKeyIn(text: string, where: string): Hex {
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text.trim())?.[1];
  if (digits === undefined) throw new PublisherKeyError(`${where} is not a private key of 32 bytes in hex`);
  const value = BigInt(`0x${digits}`);
  if (value === 0n || value >= GROUP_ORDER) throw new PublisherKeyError(`${where} is no private key of secp256k1`);
  return `0x${digits.toLowerCase()}`;
}
