import { expect } from "chai";
import { concatBytes, toHex } from "#src/core/bytes.ts";
import { installKeccak } from "#src/core/keccak.ts";
import {
  appendLeaf,
  consistencyPositions,
  consistencyProof,
  EMPTY_FRONTIER,
  extendedRoot,
  type Frontier,
  inclusionPositions,
  inclusionProof,
  nodeOf,
  type Position,
  peakPositions,
  rootOf,
  rootOfLeaves,
} from "#src/core/tree.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { growTree, leavesOf } from "./grown-tree.ts";

/** RFC 6962 §2.1 read aloud: the definition, recursive and slow. */
function rootByDefinition(leaves: Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeOf(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)));
}

describe("tree", () => {
  const leaves = leavesOf(600);
  let tree: ReturnType<typeof growTree>;
  before(async () => {
    installKeccak(await fastKeccak());
    tree = growTree(leaves);
  });

  it("the root grown leaf by leaf is the root over all leaves at once, at every size to 600", () => {
    for (let size = 1; size <= leaves.length; size++) {
      const atOnce = rootOfLeaves(concatBytes(...leaves.slice(0, size)));
      expect(toHex(atOnce), `size ${size}`).to.equal(toHex(tree.roots[size - 1]!));
    }
  });

  it("the root is that of RFC 6962's definition", () => {
    for (let size = 1; size <= 130; size++) {
      expect(toHex(rootByDefinition(leaves.slice(0, size)))).to.equal(toHex(tree.roots[size - 1]!));
    }
  });

  it("the root over 100,000 leaves is that of the tree grown to them", () => {
    const many = leavesOf(100_000);
    let frontier: Frontier = EMPTY_FRONTIER;
    for (const leaf of many) frontier = appendLeaf(frontier, leaf).frontier;
    const flat = new Uint8Array(many.length * 32);
    for (const [i, leaf] of many.entries()) flat.set(leaf, i * 32);
    expect(toHex(rootOfLeaves(flat))).to.equal(toHex(rootOf(frontier)));
  });

  it("a node does not depend on the order of its children", () => {
    const [a, b] = [leaves[0]!, leaves[1]!];
    expect(toHex(nodeOf(a, b))).to.equal(toHex(nodeOf(b, a)));
    expect(toHex(nodeOf(a, b))).not.to.equal(toHex(nodeOf(a, a)));
  });

  it("a changed, added or dropped leaf changes the root", () => {
    const root = (list: Uint8Array[]) => toHex(rootOfLeaves(concatBytes(...list)));
    const list = leaves.slice(0, 7);
    const roots = [list, ...list.map((_, i) => list.with(i, leaves[100]!)), leaves.slice(0, 8), list.slice(0, 6)].map(
      root,
    );
    expect(new Set(roots).size).to.equal(roots.length);
  });

  it("appending changes neither the frontier nor the nodes that were there", () => {
    const before = appendLeaf(EMPTY_FRONTIER, leaves[0]!).frontier;
    const root = toHex(rootOf(before));
    appendLeaf(before, leaves[1]!);
    expect(before.count).to.equal(1);
    expect(toHex(rootOf(before))).to.equal(root);
  });

  it("the leaves given to rootOfLeaves are left as they were", () => {
    const flat = concatBytes(...leaves.slice(0, 5));
    const copy = flat.slice();
    rootOfLeaves(flat);
    expect(flat).to.deep.equal(copy);
  });

  it("a proof reads O(log n) nodes, all of them within the tree", () => {
    for (const size of [1, 2, 3, 255, 256, 257, 1_000_000, 2 ** 40 + 12_345]) {
      const log = Math.ceil(Math.log2(size));
      const places = [0, 1, Math.floor(size / 3), size - 2, size - 1].filter((i) => i >= 0 && i < size);
      const inTree = ({ level, index }: Position) => (index + 1) * 2 ** level <= size;
      for (const place of places) {
        for (const positions of [inclusionPositions(place, size), consistencyPositions(place + 1, size)]) {
          expect(positions.length, `${place} of ${size}`).to.be.at.most(2 * log + 1);
          expect(positions.every(inTree)).to.equal(true);
        }
      }
      expect(peakPositions(size).length).to.be.at.most(log + 1);
    }
  });

  it("a proof reads exactly the nodes that were announced", () => {
    for (const size of [1, 2, 7, 64, 100, 600]) {
      for (const place of [0, Math.floor(size / 2), size - 1]) {
        const seen: Position[] = [];
        const read = (position: Position) => {
          seen.push(position);
          return tree.read(position);
        };
        inclusionProof(place, size, read);
        expect(seen).to.deep.equal(inclusionPositions(place, size));
        seen.length = 0;
        consistencyProof(place + 1, size, read);
        expect(seen).to.deep.equal(consistencyPositions(place + 1, size));
      }
    }
  });

  it("the peaks are stored nodes, and the root folds from them", () => {
    for (let size = 1; size <= 600; size++) {
      const root = rootOf({ count: size, peaks: peakPositions(size).map(tree.read) });
      expect(toHex(root)).to.equal(toHex(tree.roots[size - 1]!));
    }
  });

  it("the root over known peaks and further leaves is that of the grown tree, for all pairs to 70", () => {
    for (let second = 1; second <= 70; second++) {
      for (let first = 0; first <= second; first++) {
        const known = { count: first, peaks: peakPositions(first).map(tree.read) };
        const root = extendedRoot(known, concatBytes(...leaves.slice(first, second)));
        expect(toHex(root), `${first} → ${second}`).to.equal(toHex(tree.roots[second - 1]!));
      }
    }
  });

  it("the root over a history of 2^50 + 1 leaves is folded from its two peaks", () => {
    const [large, last] = [leaves[0]!, leaves[1]!];
    const root = extendedRoot({ count: 2 ** 50 + 1, peaks: [large, last] }, new Uint8Array());
    expect(toHex(root)).to.equal(toHex(nodeOf(large, last)));
  });

  it("what is not in the tree has no proof", () => {
    for (const index of [-1, 7, 1.5e300, Number.NaN])
      expect(() => inclusionProof(index, 7, tree.read)).to.throw(RangeError);
    for (const first of [0, 8, Number.NaN]) expect(() => consistencyProof(first, 7, tree.read)).to.throw(RangeError);
    expect(() => rootOfLeaves(new Uint8Array())).to.throw(RangeError);
    expect(() => rootOfLeaves(new Uint8Array(33))).to.throw(RangeError);
    expect(() => rootOf(EMPTY_FRONTIER)).to.throw("an empty tree has no root");
  });
});
