import { compareBytes } from "./bytes.ts";
import { invariant } from "./errors.ts";
import { keccak } from "./keccak.ts";

/**
 * Merkle trees of the shape of RFC 6962 §2.1: a tree over n > 1 leaves splits at the largest power of two below n.
 * A tree grows by appending, and every complete subtree, once complete, never changes: that is what is stored.
 *
 * A node is named by its level (0 = leaf) and its index within the level, counted from 0; node (level, index) covers the leaves
 * [index * 2^level, (index + 1) * 2^level).
 *
 * @see FORMAT.md, section "Trees"
 */

export const HASH_BYTES = 32;
/** The largest tree: positions stay exact integers. */
export const MAX_LEAVES = Number.MAX_SAFE_INTEGER;

const pair = new Uint8Array(2 * HASH_BYTES);

/** The node over two nodes: keccak(min ‖ max), OpenZeppelin's commutative hash (`Hashes.commutativeKeccak256`). */
export function nodeOf(a: Uint8Array, b: Uint8Array): Uint8Array {
  const ordered = compareBytes(a, b) <= 0;
  pair.set(ordered ? a : b, 0);
  pair.set(ordered ? b : a, HASH_BYTES);
  return keccak(pair);
}

/**
 * A tree that is being appended to: how many leaves it has, and its peaks, which are the roots of its complete subtrees from
 * the largest to the smallest: one for each 1 in the binary form of `count`. Never changed in place.
 */
export type Frontier = { readonly count: number; readonly peaks: readonly Uint8Array[] };

export const EMPTY_FRONTIER: Frontier = { count: 0, peaks: [] };

/**
 * Appends one leaf.
 *
 * @returns the frontier after it, and the nodes above leaf level that this leaf completes, lowest first. With these stored
 *   beside the leaf, every node has one place: node (level, index) stands with leaf number (index + 1) * 2^level.
 */
export function appendLeaf(frontier: Frontier, leaf: Uint8Array): { frontier: Frontier; completed: Uint8Array[] } {
  invariant(frontier.count < MAX_LEAVES, "a tree has at most 2^53 - 1 leaves");
  const peaks = frontier.peaks.slice();
  const completed: Uint8Array[] = [];
  let node = leaf;
  for (let rest = frontier.count; rest % 2 === 1; rest = (rest - 1) / 2) {
    node = nodeOf(peaks.pop()!, node);
    completed.push(node);
  }
  peaks.push(node);
  return { frontier: { count: frontier.count + 1, peaks }, completed };
}

/** The root of a tree that has at least one leaf. */
export function rootOf(frontier: Frontier): Uint8Array {
  invariant(frontier.count > 0, "an empty tree has no root");
  return frontier.peaks.reduceRight((right, peak) => nodeOf(peak, right));
}

/** A node's place in a tree. */
export type Position = { readonly level: number; readonly index: number };

/** Reads a stored node of a complete subtree. */
export type NodeReader = (position: Position) => Uint8Array;

/** A run of leaves [from, to) that RFC 6962 makes one subtree. */
type Range = { readonly from: number; readonly to: number };

/** The largest power of two below n, for n > 1. */
function splitBelow(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}

/** The complete subtrees that make up a range, left to right: at most log2 of its length. */
function positionsIn({ from, to }: Range): Position[] {
  const positions: Position[] = [];
  for (let start = from; start < to; ) {
    let level = 0;
    let size = 1;
    while (start % (size * 2) === 0 && start + size * 2 <= to) {
      size *= 2;
      level += 1;
    }
    positions.push({ level, index: start / size });
    start += size;
  }
  return positions;
}

function hashOf(range: Range, read: NodeReader): Uint8Array {
  return positionsIn(range)
    .map(read)
    .reduceRight((right, node) => nodeOf(node, right));
}

/** The siblings of leaf `index` in a tree of `size`, from the leaf up: PATH of RFC 6962 §2.1.1. */
function inclusionRanges(index: number, size: number): Range[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const siblings: Range[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitBelow(to - from);
    if (index < middle) {
      siblings.push({ from: middle, to });
      to = middle;
    } else {
      siblings.push({ from, to: middle });
      from = middle;
    }
  }
  return siblings.reverse();
}

/** The subtrees that prove a tree of `size` to extend its first `first` leaves: PROOF of RFC 6962 §2.1.2. */
function consistencyRanges(first: number, size: number): Range[] {
  if (!(first >= 1 && first <= size)) throw new RangeError(`a tree of ${size} has no earlier self of ${first}`);
  const ranges: Range[] = [];
  let [from, to] = [0, size];
  let known = true;
  while (first !== to) {
    const middle = from + splitBelow(to - from);
    if (first <= middle) {
      ranges.push({ from: middle, to });
      to = middle;
    } else {
      ranges.push({ from, to: middle });
      from = middle;
      known = false;
    }
  }
  // The verifier holds the root of the earlier tree already, where that is one whole subtree.
  if (!known) ranges.push({ from, to });
  return ranges.reverse();
}

/** The stored nodes that the root of a tree of `size` leaves is folded from: its peaks. */
export function peakPositions(size: number): Position[] {
  return positionsIn({ from: 0, to: size });
}

/** The stored nodes that an inclusion proof reads: O(log size) of them. @throws RangeError for an index outside the tree. */
export function inclusionPositions(index: number, size: number): Position[] {
  return inclusionRanges(index, size).flatMap(positionsIn);
}

/** The stored nodes that a consistency proof reads: O(log size) of them. @throws RangeError unless 1 <= first <= size. */
export function consistencyPositions(first: number, size: number): Position[] {
  return consistencyRanges(first, size).flatMap(positionsIn);
}

/**
 * The inclusion proof of leaf `index` (from 0) in the tree of the first `size` leaves: its siblings, from the leaf up.
 *
 * @throws RangeError for an index outside the tree.
 */
export function inclusionProof(index: number, size: number, read: NodeReader): Uint8Array[] {
  return inclusionRanges(index, size).map((range) => hashOf(range, read));
}

/**
 * The proof that the tree of `size` leaves extends the tree of its first `first` leaves (RFC 9162 §2.1.4.1).
 *
 * @throws RangeError unless 1 <= first <= size.
 */
export function consistencyProof(first: number, size: number, read: NodeReader): Uint8Array[] {
  return consistencyRanges(first, size).map((range) => hashOf(range, read));
}

/**
 * The root over leaves that lie one after the other in one array, 32 bytes each: the way for many leaves at once.
 *
 * Pairing each level from the left and lifting an odd last node unchanged gives the shape of RFC 6962. Needs one copy of the
 * leaves as working memory.
 *
 * @throws RangeError for no leaf, or a length that is no multiple of 32.
 */
export function rootOfLeaves(leaves: Uint8Array): Uint8Array {
  if (leaves.length === 0 || leaves.length % HASH_BYTES !== 0)
    throw new RangeError("leaves of 32 bytes each, at least one");
  const level = leaves.slice();
  const at = (i: number) => level.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
  for (let count = leaves.length / HASH_BYTES; count > 1; count = Math.ceil(count / 2)) {
    for (let i = 0; i + 1 < count; i += 2) level.set(nodeOf(at(i), at(i + 1)), (i / 2) * HASH_BYTES);
    if (count % 2 === 1) level.copyWithin(((count - 1) / 2) * HASH_BYTES, (count - 1) * HASH_BYTES, count * HASH_BYTES);
  }
  return level.slice(0, HASH_BYTES);
}

/**
 * The root of a tree whose first leaves are known by their peaks only and whose further leaves are at hand, by the recursive
 * definition of RFC 6962 §2.1. It shares nothing with `appendLeaf`: what one computed, the other checks.
 *
 * @param leaves the leaves after the first `known.count`, one after the other, 32 bytes each; together at least one.
 */
export function extendedRoot(known: Frontier, leaves: Uint8Array): Uint8Array {
  const peaks = [...known.peaks];
  const rootOver = (from: number, to: number): Uint8Array => {
    if (from >= known.count)
      return rootOfLeaves(leaves.subarray((from - known.count) * HASH_BYTES, (to - known.count) * HASH_BYTES));
    if (to <= known.count && isPowerOfTwo(to - from)) {
      // Splitting from the left meets the known complete subtrees in their order, each as a whole.
      const peak = peaks.shift();
      invariant(peak !== undefined, "as many peaks as the count has ones");
      return peak;
    }
    const middle = from + splitBelow(to - from);
    const left = rootOver(from, middle);
    return nodeOf(left, rootOver(middle, to));
  };
  return rootOver(0, known.count + leaves.length / HASH_BYTES);
}

function isPowerOfTwo(n: number): boolean {
  // Not by a logarithm: a double cannot tell that of 2^50 from that of 2^50 + 1.
  return n === 1 || splitBelow(n) * 2 === n;
}
