import { expect } from "chai";
import { windowTree } from "#src/core/arbitration/window-tree.ts";
import { EMPTY_ROOT } from "#src/core/checkpoint.ts";
import { verifyInclusion } from "#src/core/proof.ts";
import { growTree, leavesOf } from "../grown-tree.ts";

describe("a window's tree", () => {
  it("has the root of the tree that grew leaf by leaf, at every size", () => {
    const { roots, leaves } = growTree(leavesOf(70));
    for (const [i, root] of roots.entries()) expect(windowTree(leaves.slice(0, i + 1)).root).to.deep.equal(root);
    expect(windowTree([]).root).to.deep.equal(EMPTY_ROOT);
  });

  it("proves every leaf, and no leaf by the proof of another place", () => {
    for (const size of [1, 2, 3, 7, 8, 21]) {
      const leaves = leavesOf(size);
      const { root, proof } = windowTree(leaves);
      for (const [i, leaf] of leaves.entries()) {
        expect(verifyInclusion(leaf, proof(i), root)).to.equal(true);
        if (size > 2) expect(verifyInclusion(leaf, proof((i + 2) % size), root)).to.equal(false);
      }
    }
  });
});
