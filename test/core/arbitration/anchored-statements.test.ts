import { expect } from "chai";
import { anchoredStatements, anchorIndexes } from "#src/core/arbitration/anchored-statements.ts";
import { ALICE, checkpointOf, everythingIn, headOf, historyOf, publishedAs } from "./published-log.ts";

const honest = historyOf(ALICE, [500n, -42n, -100n, 7n]);

describe("the statements that the contract holds", () => {
  const anchors = [1n, 2n, 3n].map((index) =>
    publishedAs(index, [
      headOf(honest.slice(0, Number(index))),
      // Its own contradiction: more deltas are stated than are under the root.
      checkpointOf(honest, 0n, index * 1000n + 1n, { count: 4n }),
    ]),
  );
  const all = everythingIn(anchors);
  const held = (index: number) => [BigInt(index), anchors[index - 1]!.root] as const;

  it("are asked for by their anchors, each once and in order", () => {
    expect(anchorIndexes(everythingIn(anchors.toReversed()))).to.deep.equal([1n, 2n, 3n]);
  });

  it("are all of them where every root is there", () => {
    const roots = new Map([held(1), held(2), held(3)]);
    expect(anchoredStatements(all, roots)).to.deep.equal(all);
  });

  it("are left out by name where there is another root, or none", () => {
    const roots = new Map([held(1), [2n, anchors[0]!.root] as const, [3n, undefined] as const]);
    const { heads, checkpoints, deltas, unjudged, leftOut } = anchoredStatements(all, roots);
    const named = new Set(leftOut.map(({ source, what, failure }) => `${source}: ${what}: ${failure}`));
    expect([...named]).to.have.members([
      "anchor 2: the head: ROOT_MISMATCH",
      "anchor 2: the checkpoint: ROOT_MISMATCH",
      "anchor 3: the head: LOG_UNKNOWN",
      "anchor 3: the checkpoint: LOG_UNKNOWN",
    ]);
    const indexes = new Set(
      [...heads, ...checkpoints, ...deltas.map(({ through }) => through)].map(({ index }) => index),
    );
    expect([...indexes]).to.deep.equal([1n]);
    expect(unjudged.map(({ sources }) => sources)).to.deep.equal([["anchor 1"]]);
  });
});
