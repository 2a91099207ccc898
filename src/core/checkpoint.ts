import { addToBalance } from "./amount.ts";
import { compareBytes, sameBytes } from "./bytes.ts";
import { type Checkpoint, type Delta, deltaFingerprint, leafOf } from "./fingerprint.ts";
import { HASH_BYTES, rootOfLeaves } from "./tree.ts";

/** The root of a window without deltas. */
export const EMPTY_ROOT = new Uint8Array(HASH_BYTES);

/** What a window starts from: the number of deltas before it and the balance they leave, in units of 10^-18. */
export type Opening = { ledger: Uint8Array; from: number; to: number; firstSequence: number; openingBalance: bigint };

/**
 * The checkpoint over a window's deltas: the period-end statement of one ledger.
 *
 * @param deltas every delta of the ledger recorded in [from, to), in order.
 * @throws RangeError when the deltas are not the next of that ledger, or not in the window.
 * @throws TallyrootError BALANCE_OVERFLOW
 * @see FORMAT.md, section "Fingerprints and leaves"
 */
export function checkpointOf(opening: Opening, deltas: readonly Delta[]): Checkpoint {
  const closingBalance = deltas.reduce((sum, delta) => addToBalance(sum, delta.amount), opening.openingBalance);
  const checkpoint = {
    ...opening,
    count: deltas.length,
    closingBalance,
    root: windowRoot(deltas.map(deltaFingerprint)),
  };
  const contradiction = checkpointContradiction(checkpoint, deltas);
  if (contradiction) throw new RangeError(contradiction);
  return checkpoint;
}

/** The root over the deltas of a window, given their fingerprints in order. */
export function windowRoot(fingerprints: readonly Uint8Array[]): Uint8Array {
  if (fingerprints.length === 0) return EMPTY_ROOT;
  const leaves = new Uint8Array(fingerprints.length * HASH_BYTES);
  for (const [i, fingerprint] of fingerprints.entries()) leaves.set(leafOf(fingerprint), i * HASH_BYTES);
  return rootOfLeaves(leaves);
}

/**
 * The first contradiction within a checkpoint, or between it and the deltas of its window; undefined when there is none.
 *
 * @param deltas the window's deltas in order, where they are at hand: then root and sums are recomputed.
 */
export function checkpointContradiction(checkpoint: Checkpoint, deltas?: readonly Delta[]): string | undefined {
  const [from, to, count] = [BigInt(checkpoint.from), BigInt(checkpoint.to), BigInt(checkpoint.count)];
  const first = BigInt(checkpoint.firstSequence);
  if (from > to) return "the window ends before it begins";
  if (first < 1n) return "sequences start at 1";
  if (count === 0n && checkpoint.openingBalance !== checkpoint.closingBalance)
    return "an empty window changes the balance";
  if (count === 0n && compareBytes(checkpoint.root, EMPTY_ROOT) !== 0) return "an empty window has a root";
  if (first === 1n && checkpoint.openingBalance !== 0n) return "a ledger opens with a balance other than 0";
  if (!deltas) return undefined;
  if (BigInt(deltas.length) !== count) return `${deltas.length} deltas are listed, ${count} are stated`;
  let balance = checkpoint.openingBalance;
  let recordedAt = from;
  for (const [i, delta] of deltas.entries()) {
    if (!sameBytes(delta.ledger, checkpoint.ledger)) return `delta ${delta.sequence} is of another ledger`;
    if (BigInt(delta.sequence) !== first + BigInt(i))
      return `sequence ${delta.sequence} stands where ${first + BigInt(i)} belongs`;
    if (BigInt(delta.recordedAt) < recordedAt)
      return `delta ${delta.sequence} is recorded before the window or its predecessor`;
    if (BigInt(delta.recordedAt) >= to) return `delta ${delta.sequence} is recorded after the window`;
    recordedAt = BigInt(delta.recordedAt);
    balance += delta.amount;
    if (balance !== delta.balance) return `the balance after delta ${delta.sequence} does not add up`;
  }
  if (balance !== checkpoint.closingBalance) return "the closing balance does not add up";
  if (!sameBytes(windowRoot(deltas.map(deltaFingerprint)), checkpoint.root))
    return "the root is not that of the listed deltas";
  return undefined;
}
