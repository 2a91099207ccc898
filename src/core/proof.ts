import { sameBytes } from "./bytes.ts";
import type { Uint64 } from "./fingerprint.ts";
import { nodeOf } from "./tree.ts";

/** More siblings than any tree of uint64 size can have: a longer proof is refused unread. */
export const MAX_PROOF = 64;

/** Folds an inclusion proof, from the leaf up. Accepted unchanged by OpenZeppelin's `MerkleProof.processProof`. */
export function foldInclusion(leaf: Uint8Array, proof: readonly Uint8Array[]): Uint8Array {
  return proof.reduce(nodeOf, leaf);
}

/**
 * Whether a leaf is in the tree with this root.
 *
 * The node hash is commutative, so the proof says nothing about where: the position is bound by the sequence inside the leaf's
 * fingerprint, the size by the count inside the head's.
 */
export function verifyInclusion(leaf: Uint8Array, proof: readonly Uint8Array[], root: Uint8Array): boolean {
  return proof.length <= MAX_PROOF && sameBytes(foldInclusion(leaf, proof), root);
}

/**
 * Whether the tree of `second` leaves extends the tree of its first `first` leaves: the algorithm of RFC 9162 §2.1.4.2, with
 * the commutative node hash.
 *
 * Sizes must come from verified heads: the hashes do not bind them.
 */
export function verifyConsistency(
  first: Uint64,
  second: Uint64,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (BigInt(first) < 1n || BigInt(first) > BigInt(second) || proof.length > MAX_PROOF) return false;
  if (BigInt(first) === BigInt(second)) return proof.length === 0 && sameBytes(firstRoot, secondRoot);
  if (proof.length === 0) return false;
  let fn = BigInt(first) - 1n;
  let sn = BigInt(second) - 1n;
  while (fn % 2n === 1n) {
    fn /= 2n;
    sn /= 2n;
  }
  // fn is 0 here exactly when `first` is a power of two: then the earlier root is itself the first subtree.
  const path = fn === 0n ? [firstRoot, ...proof] : proof;
  let firstHash = path[0]!;
  let secondHash = path[0]!;
  for (const sibling of path.slice(1)) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      firstHash = nodeOf(sibling, firstHash);
      secondHash = nodeOf(sibling, secondHash);
      while (fn % 2n === 0n && fn !== 0n) {
        fn /= 2n;
        sn /= 2n;
      }
    } else {
      secondHash = nodeOf(secondHash, sibling);
    }
    fn /= 2n;
    sn /= 2n;
  }
  return sn === 0n && sameBytes(firstHash, firstRoot) && sameBytes(secondHash, secondRoot);
}
