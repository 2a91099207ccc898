import type { Hex } from "../../core/bytes.ts";
import { isPrivateKey } from "../../core/private-key.ts";
import { PublisherKeyError } from "./key-error.ts";

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
  if (!isPrivateKey(value)) throw new PublisherKeyError(`${where} is no private key of secp256k1`);
  return `0x${digits.toLowerCase()}`;
}
