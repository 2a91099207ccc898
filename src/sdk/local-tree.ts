import { fromHex, toHex } from "../core/bytes.ts";
import { leafOf } from "../core/fingerprint.ts";
import { nodeOf, peakPositions, rootOf } from "../core/tree.ts";

const HASH_BYTES = 32;

/**
 * The tree of a ledger from its receiptIds, in one block of memory per level: 64 MB for a million, where a million small arrays would be
 * several times that. Its root after any number of them is read from it.
 *
 * @throws RangeError for a receiptId that is not 32 bytes as lower-case 0x hex.
 * @see FORMAT.md, section "Trees"
 */
export function growTree(receiptIds: readonly string[]): { rootAt(count: number): string } {
  const leaves = new Uint8Array(receiptIds.length * HASH_BYTES);
  for (const [i, receiptId] of receiptIds.entries()) leaves.set(leafOf(fromHex(receiptId, HASH_BYTES)), i * HASH_BYTES);
  const levels = [leaves];
  for (let below = leaves; below.length >= 2 * HASH_BYTES; ) {
    const level = new Uint8Array(Math.floor(below.length / (2 * HASH_BYTES)) * HASH_BYTES);
    for (let at = 0; at < level.length; at += HASH_BYTES) {
      const [left, right] = [hashAt(below, (2 * at) / HASH_BYTES), hashAt(below, (2 * at) / HASH_BYTES + 1)];
      level.set(nodeOf(left, right), at);
    }
    levels.push(level);
    below = level;
  }
  return {
    rootAt(count) {
      const peaks = peakPositions(count).map(({ level, index }) => hashAt(levels[level]!, index));
      return toHex(rootOf({ count, peaks }));
    },
  };
}

function hashAt(level: Uint8Array, index: number): Uint8Array {
  return level.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}
