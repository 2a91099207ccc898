import { concatBytes, fromHex, toHex } from "../../../src/core/bytes.ts";
import { keccak } from "../../../src/core/keccak.ts";
import type { Row } from "./plain-ledger.ts";

/** The root of a ledger's tree from its receiptIds, by the definition in RFC 6962 and nothing cleverer. */
export function rootAfter(rows: readonly Row[], count: number): string {
  return toHex(rootOver(rows.slice(0, count).map(({ receiptId }) => keccak(fromHex(receiptId)))));
}

function rootOver(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  let left = 1;
  while (2 * left < leaves.length) left *= 2;
  const [a, b] = [rootOver(leaves.slice(0, left)), rootOver(leaves.slice(left))];
  return keccak(toHex(a) < toHex(b) ? concatBytes(a, b) : concatBytes(b, a));
}
