import { checksumAddress } from "../core/address.ts";
import { toHex } from "../core/bytes.ts";

/** Texts that are kept, the oldest first out: as many ledgers as a busy server records for, in a few megabytes. */
const MOST_KEPT = 20_000;

const kept = new Map<string, string>();

/** `checksumAddress`, which is a hash: kept for the ledgers that were shown lately, since each of their deltas shows it. */
export function addressText(address: Uint8Array): string {
  const name = toHex(address);
  const known = kept.get(name);
  if (known !== undefined) return known;
  const text = checksumAddress(address);
  kept.set(name, text);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!);
  return text;
}
