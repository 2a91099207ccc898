import { expect } from "chai";
import * as fc from "fast-check";
import { type Comparison, compareViews, sequenceWithBalance } from "#src/core/compare.ts";
import type { Entry, RecordedDelta, RecordedScope, View } from "#src/core/dispute.ts";
import { holds } from "./property.ts";

function scopeOf(amounts: readonly bigint[], firstSequence = 1, openingBalance = 0n): RecordedScope {
  let balance = openingBalance;
  const deltas = amounts.map((amount, i): RecordedDelta => {
    balance += amount;
    return { sequence: firstSequence + i, amount, balance };
  });
  return { firstSequence, openingBalance, deltas };
}

/** An entry in short: "3" names sequence 3, "3 +5" states a delta, "3 =10" a balance, "?" is an unknown identifier. */
function entryOf(short: string): Entry {
  const [, sequence, delta, balance] = /^(\?|-?\d+)(?: ([+-]\d+))?(?: =(-?\d+))?$/.exec(short)!;
  return {
    ...(sequence !== "?" && { sequence: Number(sequence) }),
    ...(delta !== undefined && { delta: BigInt(delta) }),
    ...(balance !== undefined && { balance: BigInt(balance) }),
  };
}

function viewOf(list: string, party: View["party"] = "theirs"): View {
  return { party, entries: list === "" ? [] : list.split(", ").map(entryOf) };
}

/** Disputes in short, in their order: "MISSING 2 +5". */
function shortOf({ disputed }: Comparison): string {
  return disputed
    .map(({ kind, sequence, amount }) => `${kind} ${sequence ?? "?"} ${amount < 0n ? "" : "+"}${amount}`)
    .join(", ");
}

// Sequences 1 … 5, balances 10, 5, 10, 30, 27.
const scope = scopeOf([10n, -5n, 5n, 20n, -3n]);

describe("compareViews", () => {
  const TABLE: [claim: string, view: string, disputes: string, gap: bigint][] = [
    ["a view that names every delta agrees", "1, 2, 3, 4, 5", "", 0n],
    ["a view that states every delta and balance agrees", "1 +10 =10, 2 -5 =5, 3 +5 =10, 4 +20 =30, 5 -3 =27", "", 0n],
    ["a view of balances agrees", "1 =10, 2 =5, 3 =10, 4 =30, 5 =27", "", 0n],
    ["a delta that is not named is missing", "1, 2, 3, 5", "MISSING 4 -20", -20n],
    [
      "a view without entries misses everything",
      "",
      "MISSING 1 -10, MISSING 2 +5, MISSING 3 -5, MISSING 4 -20, MISSING 5 +3",
      -27n,
    ],
    [
      "balances that go on without a missing delta inherit its difference",
      "1 =10, 2 =5, 4 =25, 5 =22",
      "MISSING 3 -5",
      -5n,
    ],
    ["a delta that the next balance counts is missing for nothing", "1 =10, 2 =5, 4 =30, 5 =27", "MISSING 3 +0", 0n],
    ["a balance now and then confirms what it sums up", "2 =5, 5 =27", "MISSING 1 +0, MISSING 3 +0, MISSING 4 +0", 0n],
    [
      "where deltas are stated, a missing one is missing though balances are the record's",
      "1 +10 =10, 3 +5 =10, 4 +20 =30, 5 -3 =27",
      "MISSING 2 +5",
      5n,
    ],
    ["another delta is another amount", "1, 2 -4, 3, 4, 5", "DIFFERENT_AMOUNT 2 +1", 1n],
    [
      "balances that follow another delta are not disputed again",
      "1 +10 =10, 2 -4 =6, 3 +5 =11, 4 +20 =31, 5 -3 =28",
      "DIFFERENT_AMOUNT 2 +1",
      1n,
    ],
    ["a balance that departs is disputed once", "1 =10, 2 =6, 3 =11, 4 =31, 5 =28", "DIFFERENT_BALANCE 2 +1", 1n],
    [
      "a balance that departs from its own deltas is disputed once",
      "1 +10 =10, 2 -5 =6, 3 +5 =11, 4 +20 =31, 5 -3 =28",
      "DIFFERENT_BALANCE 2 +1",
      1n,
    ],
    [
      "a balance that comes back is disputed with the opposite amount",
      "1 =10, 2 =6, 3 =10, 4 =30, 5 =27",
      "DIFFERENT_BALANCE 2 +1, DIFFERENT_BALANCE 3 -1",
      0n,
    ],
    [
      "one entry may differ in delta and in balance",
      "1, 2 -4 =9, 3 =14, 4 =34, 5 =31",
      "DIFFERENT_AMOUNT 2 +1, DIFFERENT_BALANCE 2 +3",
      4n,
    ],
    [
      "a balance that departs after uncounted deltas departs by the rest",
      "2 =5, 5 =34",
      "MISSING 1 +0, MISSING 3 +0, MISSING 4 +0, DIFFERENT_BALANCE 5 +7",
      7n,
    ],
    ["a second mention is a duplicate", "1, 2, 2, 3, 4, 5", "DUPLICATE 2 -5", -5n],
    [
      "every further mention is a duplicate, with the delta it states",
      "1, 2, 3, 2 -6, 4, 5, 2",
      "DUPLICATE 2 -6, DUPLICATE 2 -5",
      -11n,
    ],
    ["a line repeated with its balance adds nothing", "1 =10, 2 =5, 2 =5, 3 =10, 4 =30, 5 =27", "DUPLICATE 2 +0", 0n],
    ["an unknown identifier stands where it was sent", "1, 2, ? +7, 3, 4, 5", "NOT_ON_RECORD ? +7", 7n],
    ["an unknown identifier without numbers adds nothing", "?, 1, 2, 3, 4, 5", "NOT_ON_RECORD ? +0", 0n],
    [
      "an unknown identifier adds what its balance adds",
      "1 =10, 2 =5, ? =12, 3 =17, 4 =37, 5 =34",
      "NOT_ON_RECORD ? +7",
      7n,
    ],
    ["a delta recorded outside the scope is extra", "1, 2, 3, 4, 5, 6 +4", "EXTRA 6 +4", 4n],
    ["the fewest entries are out of order", "2, 3, 4, 1, 5", "REORDERED 1 +0", 0n],
    [
      "an entry sent too early leaves balances in the record's order alone",
      "1 =10, 4, 2 =5, 3 =10, 5 =27",
      "REORDERED 4 +0",
      0n,
    ],
    [
      "where deltas decide, a later balance that departs is disputed for its own step",
      "1 +10 =10, 3 +5 =10, 4 +20 =31, 5 -3 =28",
      "MISSING 2 +5, DIFFERENT_BALANCE 4 +1",
      6n,
    ],
    [
      "a balance settles only what was left open since the one before",
      "1 =10, 3 =15, 4 =30, 5 =27",
      "MISSING 2 +5, DIFFERENT_BALANCE 4 -5",
      0n,
    ],
    ["balances kept in the view's own order agree", "2 =-5, 3 =0, 4 =20, 1 =30, 5 =27", "REORDERED 1 +0", 0n],
    ["balances kept in the record's order agree", "2 =5, 3 =10, 4 =30, 1 =10, 5 =27", "REORDERED 1 +0", 0n],
    [
      "a difference beside entries out of order is disputed once",
      "2 =5, 3 =11, 4 =31, 1 =10, 5 =28",
      "REORDERED 1 +0, DIFFERENT_BALANCE 3 +1",
      1n,
    ],
    [
      "a balance sent out of order is not held against the record",
      "2 =5, 3 =10, 4 =30, 1 =99, 5 =27",
      "REORDERED 1 +0",
      0n,
    ],
    [
      "several disputes keep their sum",
      "? +1, 3 +6, 1, 3, 5 -3, 9 +2",
      "NOT_ON_RECORD ? +1, MISSING 2 +5, REORDERED 3 +0, DIFFERENT_AMOUNT 3 +1, DUPLICATE 3 +5, MISSING 4 -20, EXTRA 9 +2",
      -6n,
    ],
  ];
  for (const [claim, view, disputes, gap] of TABLE) {
    it(`${claim}: ${view || "nothing"}`, () => {
      const comparison = compareViews(scope, [viewOf(view)]);
      expect(shortOf(comparison)).to.equal(disputes);
      expect(comparison.views).to.deep.equal([{ party: "theirs", closingBalance: 27n + gap, gap }]);
      const disputed = new Set(comparison.disputed.map(({ sequence }) => sequence));
      expect(comparison.confirmed).to.deep.equal(scope.deltas.filter(({ sequence }) => !disputed.has(sequence)));
    });
  }

  it("an extra delta counts as recorded when only its identifier is sent", () => {
    const entries = [...viewOf("1, 2, 3, 4, 5").entries, { sequence: 6, recordedAmount: 9n }];
    expect(shortOf(compareViews(scope, [{ party: "yours", entries }]))).to.equal("EXTRA 6 +9");
  });

  it("a history that begins before the scope is extra, and counted where deltas are stated alone", () => {
    const later = scopeOf([5n, 20n], 3, 5n);
    expect(shortOf(compareViews(later, [viewOf("1 +10, 2 -5, 3 +5, 4 +20")]))).to.equal("EXTRA 1 +10, EXTRA 2 -5");
    const entries = viewOf("1 =10, 2 =5, 3 =10, 4 =30").entries.map((entry) => ({ ...entry, recordedAmount: 10n }));
    expect(shortOf(compareViews(later, [{ party: "yours", entries }]))).to.equal("EXTRA 1 +0, EXTRA 2 +0");
  });

  it("a delta is confirmed when all views that were sent agree", () => {
    const views = [viewOf("1, 2, 3, 4 +21, 5", "yours"), viewOf("1, 3, 4, 5", "theirs")];
    const { confirmed, disputed, views: outcomes } = compareViews(scope, views);
    expect(confirmed.map(({ sequence }) => sequence)).to.deep.equal([1, 3, 5]);
    expect(disputed.map(({ kind, party }) => `${kind} ${party}`)).to.deep.equal([
      "MISSING theirs",
      "DIFFERENT_AMOUNT yours",
    ]);
    expect(outcomes.map(({ party, gap }) => [party, gap])).to.deep.equal([
      ["yours", 1n],
      ["theirs", 5n],
    ]);
  });

  it("without a view nothing is confirmed and nothing disputed", () => {
    expect(compareViews(scope, [])).to.deep.equal({
      closingBalance: 27n,
      views: [],
      confirmed: [],
      disputed: [],
      divergence: null,
    });
  });

  it("an empty scope has only extras and unknowns", () => {
    const { disputed, closingBalance, divergence } = compareViews(scopeOf([], 6, 27n), [viewOf("2 +1, ? +2")]);
    expect(disputed.map(({ kind, amount }) => [kind, amount])).to.deep.equal([
      ["EXTRA", 1n],
      ["NOT_ON_RECORD", 2n],
    ]);
    expect(closingBalance).to.equal(27n);
    expect(divergence).to.deep.include({ balanceBefore: 27n, balanceAfter: 27n });
  });

  it("the divergence is the first dispute in sequence order, with the record's balances around it", () => {
    const point = (view: string) => compareViews(scope, [viewOf(view)]).divergence;
    expect(point("1, 2, 3, 4, 5")).to.equal(null);
    const missing = {
      sequence: 4,
      kind: "MISSING",
      party: "theirs",
      amount: -20n,
      balanceBefore: 10n,
      balanceAfter: 30n,
    };
    expect(point("1, 2, 3, 5, ? +1, 5")).to.deep.equal(missing);
    const unknown = {
      sequence: 2,
      kind: "NOT_ON_RECORD",
      party: "theirs",
      amount: 7n,
      balanceBefore: 5n,
      balanceAfter: 5n,
    };
    expect(point("1, 2, ? +7, 3, 5")).to.deep.equal(unknown);
    expect(point("? +7, 1, 2, 3, 5")).to.deep.include({ sequence: 0, balanceBefore: 0n, balanceAfter: 0n });
    expect(point("1 +9, 2, 3, 4, 5")).to.deep.include({ sequence: 1, balanceBefore: 0n, balanceAfter: 10n });
  });

  it("an unknown identifier comes after a dispute about the delta it follows", () => {
    expect(shortOf(compareViews(scope, [viewOf("1, ? +7, 1, 2, 3, 4, 5")]))).to.equal(
      "DUPLICATE 1 +10, NOT_ON_RECORD ? +7",
    );
  });

  it("a record with a hole or a wrong sum is our bug, not a dispute", () => {
    const hole = { ...scope, deltas: scope.deltas.toSpliced(2, 1) };
    expect(() => compareViews(hole, [])).to.throw("the recorded sequences have no holes");
    const wrong = { ...scope, deltas: scope.deltas.with(2, { ...scope.deltas[2]!, balance: 11n }) };
    expect(() => compareViews(wrong, [])).to.throw("the recorded balances add up");
  });

  const amount = fc.bigInt({ min: -1000n, max: 1000n });
  const anyScope = fc
    .tuple(fc.array(amount, { maxLength: 30 }), fc.integer({ min: 1, max: 50 }), amount)
    .map(([amounts, first, opening]) => scopeOf(amounts, first, first === 1 ? 0n : opening));
  const optional = fc.option(amount, { nil: undefined });
  const anyEntries = fc.array(
    fc.record({
      sequence: fc.option(fc.integer({ min: 0, max: 85 }), { nil: undefined }),
      delta: optional,
      balance: optional,
      recordedAmount: optional,
    }),
    { maxLength: 40 },
  );

  it("whatever is sent, the amounts add up to the gap and each delta is either confirmed or disputed", () => {
    holds(
      fc.property(anyScope, anyEntries, anyEntries, (record, yours, theirs) => {
        const comparison = compareViews(record, [
          { party: "yours", entries: yours },
          { party: "theirs", entries: theirs },
        ]);
        for (const { party, gap, closingBalance } of comparison.views) {
          const amounts = comparison.disputed
            .filter((dispute) => dispute.party === party)
            .map((dispute) => dispute.amount);
          expect(amounts.reduce((sum, one) => sum + one, 0n)).to.equal(gap);
          expect(closingBalance - comparison.closingBalance).to.equal(gap);
        }
        const disputed = new Set(comparison.disputed.map(({ sequence }) => sequence));
        const confirmed = new Set(comparison.confirmed.map(({ sequence }) => sequence));
        for (const { sequence } of record.deltas) expect(disputed.has(sequence)).to.equal(!confirmed.has(sequence));
      }),
    );
  });

  it("the gap of a view that states every delta is the difference of the sums", () => {
    const stated = fc.array(
      fc.record({ sequence: fc.option(fc.integer({ min: 1, max: 85 }), { nil: undefined }), delta: amount }),
    );
    holds(
      fc.property(anyScope, stated, (record, entries) => {
        const [outcome] = compareViews(record, [{ party: "theirs", entries }]).views;
        const sum = (list: readonly bigint[]) => list.reduce((total, one) => total + one, 0n);
        expect(outcome!.gap).to.equal(
          sum(entries.map(({ delta }) => delta)) - sum(record.deltas.map((delta) => delta.amount)),
        );
      }),
    );
  });

  it("a view of balances in sequence order ends at the last of them", () => {
    const views = anyScope.chain((record) =>
      fc.tuple(
        fc.constant(record),
        fc.array(fc.option(amount, { nil: undefined }), {
          minLength: record.deltas.length,
          maxLength: record.deltas.length,
        }),
      ),
    );
    holds(
      fc.property(views, ([record, balances]) => {
        const entries = balances.flatMap((balance, i) =>
          balance === undefined ? [] : [{ sequence: record.firstSequence + i, balance }],
        );
        const [outcome] = compareViews(record, [{ party: "theirs", entries }]).views;
        expect(outcome!.closingBalance).to.equal(entries.at(-1)?.balance ?? record.openingBalance);
      }),
    );
  });

  it("two views of 100,000 entries in the worst order are compared at once", () => {
    const many = scopeOf(Array.from({ length: 100_000 }, (_, i) => BigInt(i % 7) - 3n));
    const entries = many.deltas.map(({ sequence }) => ({ sequence })).reverse();
    const { disputed, views } = compareViews(many, [
      { party: "yours", entries },
      { party: "theirs", entries: [] },
    ]);
    expect(disputed.filter(({ kind }) => kind === "REORDERED").length).to.equal(99_999);
    expect(disputed.filter(({ kind }) => kind === "MISSING").length).to.equal(100_000);
    expect(views[0]!.gap).to.equal(0n);
  }).timeout(5000);
});

describe("sequenceWithBalance", () => {
  it("is the last sequence at which the record stood at the claim", () => {
    expect(sequenceWithBalance(scope, 10n)).to.equal(3);
    expect(sequenceWithBalance(scope, 27n)).to.equal(5);
  });

  it("is the one before the scope for its opening balance", () => {
    expect(sequenceWithBalance(scope, 0n)).to.equal(0);
    expect(sequenceWithBalance(scopeOf([5n], 18, 7n), 7n)).to.equal(17);
    expect(sequenceWithBalance(scopeOf([5n, -5n], 18, 7n), 7n)).to.equal(19);
  });

  it("is nothing where the record never stood", () => {
    expect(sequenceWithBalance(scope, 28n)).to.equal(undefined);
  });
});
