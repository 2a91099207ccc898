import { expect } from "chai";
import { findContradictions } from "#src/core/arbitration/contradiction.ts";
import type { Statements } from "#src/core/arbitration/statement.ts";
import { findUnjudged, UNJUDGED, type UnjudgedName } from "#src/core/arbitration/unjudged.ts";
import type { Delta } from "#src/core/fingerprint.ts";
import { ALICE, BOB, checkpointOf, headOf, historyOf, type Stated, seen } from "./published-log.ts";

const found = (statements: Statements) => findContradictions(statements).map(({ judgedBy }) => judgedBy);
const unjudged = (statements: Statements) =>
  findUnjudged(statements).map(({ name, sequence }) => `${name} ${sequence}`);

const honest = historyOf(ALICE, [500n, -42n, -100n, 7n]);
/** The history with fields of one delta replaced, and nothing repaired after it. */
const lied = (sequence: number, lie: Partial<Delta>) =>
  honest.map((delta, i) => (i === sequence - 1 ? { ...delta, ...lie } : delta));

describe("what the contract cannot judge", () => {
  const window = (from: bigint, to: bigint, lie = {}) => checkpointOf(honest, from, to, lie);
  const other = lied(2, { amount: -43n });
  const root = honest[0]!.commitment;
  /** Only the statements, without the receipts of deltas. */
  const bare = (...anchors: Stated[][]): Statements => ({ ...seen(...anchors), deltas: [] });
  const deltas = (all: Statements, ...sequences: bigint[]): Statements => ({
    ...all,
    deltas: all.deltas.filter(({ delta }) => sequences.includes(BigInt(delta.sequence))),
  });

  const CASES: readonly (readonly [UnjudgedName, sequence: bigint, () => Statements])[] = [
    ["HEADS_DIFFER", 4n, () => bare([headOf(honest)], [headOf(other)])],
    ["CHECKPOINTS_DIFFER", 2n, () => bare([window(2000n, 4000n)], [checkpointOf(other, 2000n, 4000n)])],
    ["BALANCES_DIFFER", 4n, () => bare([headOf(honest)], [window(2000n, 9000n, { closingBalance: 1n })])],
    ["BALANCES_DIFFER", 1n, () => deltas(seen([headOf(honest.slice(0, 1), { balance: 9n }), headOf(honest)]), 2n)],
    ["BALANCES_DIFFER", 2n, () => bare([window(0n, 3000n)], [window(3000n, 9000n, { openingBalance: 1n })])],
    ["COUNT_DECREASES", 3n, () => bare([headOf(honest)], [headOf(honest.slice(0, 3))])],
    ["TIME_REVERSED", 4n, () => deltas(seen([headOf(lied(4, { recordedAt: 1n }))]), 2n, 4n)],
    ["TIME_REVERSED", 4n, () => deltas(seen([headOf(lied(4, { recordedAt: 1n })), window(2000n, 4000n)]), 4n)],
    ["WINDOWS_OVERLAP", 3n, () => bare([window(0n, 4000n)], [window(4000n, 9000n, { firstSequence: 3n })])],
    ["DELTA_LEFT_OUT", 2n, () => deltas(seen([headOf(honest), window(3000n, 9000n, { from: 1500n })]), 2n)],
    ["DELTA_NOT_COVERED", 4n, () => seen([headOf(honest, { count: 3n, balance: 358n })])],
    ["DELTA_NOT_COVERED", 2n, () => seen([window(2000n, 3000n, { ledger: BOB })])],
    ["DELTAS_MISCOUNTED", 5n, () => seen([window(9000n, 9999n, { count: 1n })])],
    ["DELTAS_MISCOUNTED", 2n, () => seen([window(2000n, 4000n, { count: 3n })])],
    ["COUNT_DECREASES", 3n, () => bare([headOf(honest.slice(0, 3))], [headOf(honest)], [headOf(honest.slice(0, 3))])],
    ["DELTA_NOT_COVERED", 2n, () => seen([window(2000n, 4000n, { firstSequence: 3n, openingBalance: 458n })])],
    [
      "SEQUENCE_MISSING",
      3n,
      () =>
        seen([
          {
            ...checkpointOf(
              [honest[1]!, honest[3]!].map((one, i) => ({ ...one, sequence: [2n, 4n][i]! })),
              0n,
              9000n,
              { firstSequence: 2n, count: 2n, openingBalance: 500n },
            ),
          },
        ]),
    ],
    ["CHECKPOINT_CONTRADICTION", 1n, () => bare([window(0n, 1000n, { root })])],
    ["CHECKPOINT_CONTRADICTION", 2n, () => bare([window(2000n, 4000n, { to: 1n })])],
  ];
  for (const [name, sequence, statements] of CASES) {
    it(`is named ${name}`, () => {
      const all = statements();
      expect(found(all)).to.deep.equal([]);
      expect(unjudged(all)).to.include(`${name} ${sequence}`);
    });
  }

  it("has a case for every name", () => {
    expect(new Set(CASES.map(([name]) => name))).to.deep.equal(new Set(Object.keys(UNJUDGED)));
  });

  it("is not a delta that came into a window after it was stated: a window may be stated while it is open", () => {
    const early = checkpointOf(honest.slice(0, 3), 2000n, 9000n);
    const all = seen([early, headOf(honest.slice(0, 3))], [headOf(honest)]);
    expect([...found(all), ...unjudged(all)]).to.deep.equal([]);
  });

  it("is neither a head that is anchored again, nor deltas of one moment, nor an empty window from before the deltas, nor windows that share a moment", () => {
    const early = historyOf(ALICE, [1n, 2n, 3n]).map((delta) => ({ ...delta, recordedAt: 1000n }));
    const empty = window(5000n, 6000n, { firstSequence: 1n, openingBalance: 0n, closingBalance: 0n });
    for (const all of [
      bare([headOf(honest)], [headOf(honest)]),
      deltas(seen([headOf(early)]), 1n, 3n),
      bare([empty], [window(0n, 4000n)]),
      seen([empty], [headOf(early)]),
      bare([window(0n, 2001n)], [window(2000n, 9000n)]),
    ]) {
      expect([...found(all), ...unjudged(all)]).to.deep.equal([]);
    }
  });

  it("is not what the contract can judge, in other words", () => {
    for (const stated of [
      headOf(lied(3, { recordedAt: 1999n })),
      headOf(honest, { balance: 9n }),
      window(9000n, 9999n, { closingBalance: 0n }),
      window(0n, 1000n, { openingBalance: 9n, closingBalance: 9n }),
    ]) {
      const all = seen([stated]);
      expect(found(all)).to.have.length(1);
      expect(unjudged(all)).to.deep.equal([]);
    }
  });
});
