import { EMPTY_ROOT } from "../checkpoint.ts";
import { inclusionProof, nodeOf, type Position, peakPositions } from "../tree.ts";

/** A tree over leaves that are all at hand, kept whole. */
export type WindowTree = { root: Uint8Array; proof: (index: number) => Uint8Array[] };

/**
 * Builds a tree from which every leaf's inclusion proof can be read: n hashes for all of them, and a few per proof.
 *
 * @param leaves 32 bytes each; over none, the root is that of an empty window.
 * @see FORMAT.md, section "Trees"
 */
export function windowTree(leaves: readonly Uint8Array[]): WindowTree {
  // Level by level, the roots of complete subtrees: node (level, index) is levels[level][index].
  const levels: Uint8Array[][] = [[...leaves]];
  for (let below = levels[0]!; below.length > 1; ) {
    const level: Uint8Array[] = [];
    for (let i = 0; i + 1 < below.length; i += 2) level.push(nodeOf(below[i]!, below[i + 1]!));
    levels.push(level);
    below = level;
  }
  const read = ({ level, index }: Position) => levels[level]![index]!;
  const peaks = peakPositions(leaves.length).map(read);
  const root = peaks.length === 0 ? EMPTY_ROOT : peaks.reduceRight((right, peak) => nodeOf(peak, right));
  return { root, proof: (index) => inclusionProof(index, leaves.length, read) };
}
