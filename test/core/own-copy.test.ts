import { expect } from "chai";
import { MAX_BALANCE } from "#src/core/amount.ts";
import { checkpointOf } from "#src/core/checkpoint.ts";
import type { Delta } from "#src/core/fingerprint.ts";
import { type OwnDelta, ownCopyContradiction } from "#src/core/own-copy.ts";
import { deltasOf, FROM, LEDGER } from "./evidence.ts";

const all = deltasOf([500n, -42n, -1n, 7n, 13n, 20n]);
const window = all.slice(1, 5);
const opening = { ledger: LEDGER, from: FROM + 1000, to: FROM + 5000, firstSequence: 2, openingBalance: 500n };
const checkpoint = checkpointOf(opening, window);

const changed = (sequence: number, change: Partial<OwnDelta>): OwnDelta[] =>
  all.map((delta) => (Number(delta.sequence) === sequence ? { ...delta, ...change } : delta));
const without = (sequence: number) => all.filter((delta) => Number(delta.sequence) !== sequence);
const onlyAmounts = (rows: readonly OwnDelta[]): OwnDelta[] =>
  rows.map(({ sequence, amount, recordedAt }) => ({ sequence, amount, recordedAt }));

describe("ownCopyContradiction", () => {
  it("an own copy of the whole ledger, in any order, gives the checkpoint's root and sums", () => {
    for (const rows of [all, window, all.toReversed()])
      for (const listed of [undefined, window])
        expect(ownCopyContradiction(checkpoint, rows, listed)).to.deep.equal({
          contradiction: undefined,
          rootRecomputed: true,
        });
  });

  it("without every row's commitment sums and times are compared, and the root is said not to be recomputed", () => {
    for (const rows of [onlyAmounts(all), changed(3, { commitment: undefined })])
      expect(ownCopyContradiction(checkpoint, rows)).to.deep.equal({ contradiction: undefined, rootRecomputed: false });
    expect(ownCopyContradiction(checkpoint, changed(1, { commitment: undefined })).rootRecomputed).to.equal(true);
  });

  it("an empty window is agreed to by an own copy that has nothing in it, and by no other", () => {
    const empty = checkpointOf({ ...opening, to: opening.from, firstSequence: 2 }, []);
    expect(ownCopyContradiction(empty, all)).to.deep.equal({ contradiction: undefined, rootRecomputed: true });
    const wide = { ...empty, to: FROM + 1001 };
    expect(ownCopyContradiction(wide, all).contradiction).to.include("delta 2 of the own copy is in the window");
  });

  const DIFFERENT: [claim: string, rows: OwnDelta[], listed: Delta[] | undefined, contradiction: RegExp][] = [
    ["a delta left out at the front", without(2), undefined, /^delta 2 is missing from the own copy/],
    ["a delta left out in the middle", without(4), undefined, /^delta 4 is missing from the own copy/],
    ["a delta left out at the end", without(5), undefined, /^delta 5 is missing from the own copy/],
    ["no delta at all", [], undefined, /^delta 2 is missing/],
    ["a delta twice", [...all, all[2]!], undefined, /^the own copy has delta 3 twice/],
    [
      "a delta that the checkpoint hides",
      changed(6, { recordedAt: FROM + 4500 }),
      undefined,
      /^delta 6 of the own copy is in the window by its time, but not in the checkpoint/,
    ],
    ["a delta of another time", changed(3, { recordedAt: FROM }), undefined, /^delta 3 .*outside of its window/],
    ["another amount, with balances", changed(3, { amount: -2n }), undefined, /^the balance after delta 3 is/],
    ["another amount, without", onlyAmounts(changed(3, { amount: -2n })), undefined, /^the own amounts close with/],
    ["another balance", changed(4, { balance: 1n }), undefined, /^the balance after delta 4/],
    ["another commitment", changed(3, { commitment: new Uint8Array(32) }), undefined, /another root$/],
    ["another time within the window", changed(3, { recordedAt: FROM + 2001 }), undefined, /another root$/],
    [
      "another amount than the listed",
      onlyAmounts(changed(3, { amount: -2n })),
      window,
      /^delta 3 is -0.0+2 in the own copy/,
    ],
    [
      "another time than the listed",
      onlyAmounts(changed(3, { recordedAt: FROM + 2001 })),
      window,
      /^delta 3 was recorded at/,
    ],
    ["another balance than the listed", changed(3, { balance: 1n }), window, /^delta 3 leaves/],
    [
      "another commitment than the listed",
      changed(3, { commitment: new Uint8Array(32) }),
      window,
      /^delta 3 has another commitment/,
    ],
  ];
  for (const [claim, rows, listed, contradiction] of DIFFERENT) {
    it(`${claim} is named`, () => {
      const found = ownCopyContradiction(checkpoint, rows, listed);
      expect(found.contradiction).to.match(contradiction);
    });
  }

  it("a checkpoint that opens or closes with another balance is named", () => {
    expect(ownCopyContradiction({ ...checkpoint, openingBalance: 501n }, all).contradiction).to.match(
      /^the balance after delta 2/,
    );
    expect(ownCopyContradiction({ ...checkpoint, closingBalance: 1n }, all).contradiction).to.match(
      /^the own amounts close/,
    );
  });

  it("a checkpoint whose balances leave int256 on the way is named, and not hashed", () => {
    const beyond = { ...checkpoint, openingBalance: MAX_BALANCE, closingBalance: MAX_BALANCE, count: 2 };
    const rows = changed(2, { amount: 1n, balance: undefined }).map((row) =>
      row.sequence === 3n ? { ...row, balance: undefined } : row,
    );
    expect(ownCopyContradiction({ ...beyond, to: FROM + 3000 }, rows).contradiction).to.match(
      /^the balance after delta 2 is beyond int256/,
    );
  });

  it("an own copy of 10,000 deltas gives the root of a checkpoint over them", () => {
    const amounts = Array.from({ length: 10_000 }, (_, i) => BigInt((i % 7) - 3) || 5n);
    let balance = 0n;
    const deltas = amounts.map((amount, i): Delta => {
      balance += amount;
      return {
        ledger: LEDGER,
        sequence: i + 1,
        amount,
        balance,
        recordedAt: FROM + i,
        commitment: all[i % 6]!.commitment,
      };
    });
    const whole = checkpointOf(
      { ...opening, from: FROM, to: FROM + 10_000, firstSequence: 1, openingBalance: 0n },
      deltas,
    );
    expect(ownCopyContradiction(whole, deltas)).to.deep.equal({ contradiction: undefined, rootRecomputed: true });
    const own = deltas.with(6_000, { ...deltas[6_000]!, commitment: new Uint8Array(32) });
    expect(ownCopyContradiction(whole, own, deltas).contradiction).to.match(/^delta 6001 has another commitment/);
  });
});
