import { expect } from "chai";
import { MAX_BALANCE } from "#src/core/amount.ts";
import { toHex } from "#src/core/bytes.ts";
import { checkpointContradiction, checkpointOf, EMPTY_ROOT, windowRoot } from "#src/core/checkpoint.ts";
import { type Checkpoint, type Delta, deltaFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { deltasOf, FROM, LEDGER, TO } from "./evidence.ts";
import { growTree } from "./grown-tree.ts";

const all = deltasOf([500n, -42n, -1n, 7n, 13n]);
const window = all.slice(1, 4);
const opening = { ledger: LEDGER, from: FROM + 1000, to: FROM + 4000, firstSequence: 2, openingBalance: 500n };
const checkpoint = checkpointOf(opening, window);

describe("checkpoint", () => {
  it("states count, balances and root of its window", () => {
    expect(checkpoint).to.deep.include({ ...opening, count: 3, closingBalance: 464n });
    const tree = growTree(window.map((delta) => leafOf(deltaFingerprint(delta))));
    expect(toHex(checkpoint.root)).to.equal(toHex(tree.roots[2]!));
  });

  it("an empty window carries the balance over and has 32 zero bytes for a root", () => {
    const empty = checkpointOf({ ...opening, firstSequence: 6, openingBalance: 477n }, []);
    expect(empty).to.deep.include({ count: 0, closingBalance: 477n, root: new Uint8Array(32) });
    expect(windowRoot([])).to.deep.equal(EMPTY_ROOT);
    expect(checkpointContradiction(empty, [])).to.equal(undefined);
  });

  it("an honest checkpoint contradicts neither itself nor its deltas", () => {
    expect(checkpointContradiction(checkpoint)).to.equal(undefined);
    expect(checkpointContradiction(checkpoint, window)).to.equal(undefined);
  });

  const first = { firstSequence: 1, openingBalance: 0n, from: FROM };
  const empty = { count: 0, root: EMPTY_ROOT, closingBalance: 500n };
  const inItself: [claim: string, change: Partial<Checkpoint>, contradiction: string][] = [
    ["a window that ends before it begins", { to: FROM }, "the window ends before it begins"],
    ["sequence 0", { firstSequence: 0 }, "sequences start at 1"],
    ["an empty window that moves the balance", { ...empty, closingBalance: 1n }, "an empty window changes the balance"],
    ["an empty window with a root", { ...empty, root: checkpoint.root }, "an empty window has a root"],
    [
      "a first delta on top of a balance",
      { ...first, openingBalance: 1n },
      "a ledger opens with a balance other than 0",
    ],
  ];
  for (const [claim, change, contradiction] of inItself) {
    it(`${claim} contradicts itself`, () => {
      expect(checkpointContradiction({ ...checkpoint, ...change })).to.equal(contradiction);
    });
  }

  const changed = (index: number, change: Partial<Delta>) => window.with(index, { ...window[index]!, ...change });
  const withDeltas: [claim: string, change: Partial<Checkpoint>, deltas: Delta[], contradiction: string][] = [
    ["a delta left out", {}, window.slice(1), "2 deltas are listed, 3 are stated"],
    ["a delta too many", {}, all.slice(1), "4 deltas are listed, 3 are stated"],
    ["a delta of another ledger", {}, changed(1, { ledger: new Uint8Array(20) }), "delta 3 is of another ledger"],
    ["a sequence twice", {}, changed(1, { sequence: 2n }), "sequence 2 stands where 3 belongs"],
    ["another first sequence", { firstSequence: 3 }, window, "sequence 2 stands where 3 belongs"],
    [
      "a delta before the window",
      { from: FROM + 1001 },
      window,
      "delta 2 is recorded before the window or its predecessor",
    ],
    [
      "time that runs back",
      {},
      changed(2, { recordedAt: FROM + 1500 }),
      "delta 4 is recorded before the window or its predecessor",
    ],
    ["a delta at the window's end", { to: FROM + 3000 }, window, "delta 4 is recorded after the window"],
    ["a changed amount", {}, changed(1, { amount: -2n }), "the balance after delta 3 does not add up"],
    ["a changed balance", {}, changed(1, { balance: 458n }), "the balance after delta 3 does not add up"],
    ["another opening balance", { openingBalance: 501n }, window, "the balance after delta 2 does not add up"],
    ["another closing balance", { closingBalance: 465n }, window, "the closing balance does not add up"],
    [
      "a changed commitment",
      {},
      changed(1, { commitment: new Uint8Array(32) }),
      "the root is not that of the listed deltas",
    ],
    ["another root", { root: EMPTY_ROOT }, window, "the root is not that of the listed deltas"],
  ];
  for (const [claim, change, deltas, contradiction] of withDeltas) {
    it(`${claim} contradicts the listed deltas`, () => {
      expect(checkpointContradiction({ ...checkpoint, ...change }, deltas)).to.equal(contradiction);
    });
  }

  it("no checkpoint is made over deltas that are not the window's", () => {
    expect(() => checkpointOf(opening, all.slice(2))).to.throw(RangeError, "sequence 3 stands where 2 belongs");
    expect(() => checkpointOf({ ...opening, to: TO, from: TO - 1 }, window)).to.throw(RangeError, "before the window");
    expect(() => checkpointOf({ ...opening, openingBalance: MAX_BALANCE }, [window[2]!])).to.throw("range of int256");
  });
});
