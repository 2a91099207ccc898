import { keccak } from "#src/core/keccak.ts";
import { appendLeaf, EMPTY_FRONTIER, type Frontier, type NodeReader, type Position, rootOf } from "#src/core/tree.ts";

/** A tree grown leaf by leaf: every complete subtree's root by its position, and the root at every size. */
export type GrownTree = { leaves: Uint8Array[]; roots: Uint8Array[]; read: NodeReader };

/** Grows a tree and keeps its nodes where `appendLeaf` says that they have their place. */
export function growTree(leaves: Uint8Array[]): GrownTree {
  const nodes = new Map<string, Uint8Array>();
  const roots: Uint8Array[] = [];
  let frontier: Frontier = EMPTY_FRONTIER;
  for (const [i, leaf] of leaves.entries()) {
    const appended = appendLeaf(frontier, leaf);
    frontier = appended.frontier;
    for (const [k, node] of [leaf, ...appended.completed].entries()) {
      nodes.set(placeOf({ level: k, index: (i + 1) / 2 ** k - 1 }), node);
    }
    roots.push(rootOf(frontier));
  }
  const read = (position: Position) => {
    const node = nodes.get(placeOf(position));
    if (!node) throw new Error(`no node at ${placeOf(position)}`);
    return node;
  };
  return { leaves, roots, read };
}

function placeOf({ level, index }: Position): string {
  return `${level}/${index}`;
}

/** Different leaves, the same in every run. */
export function leavesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => keccak(Uint8Array.of(i >> 16, (i >> 8) & 0xff, i & 0xff)));
}
