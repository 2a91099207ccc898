import { expect } from "chai";
import * as fc from "fast-check";
import { findGaps, type Gap } from "#src/ledger/gaps.ts";
import type { Ledger } from "#src/ledger/ports/ledgers.ts";
import { RUNS } from "#test/core/property.ts";
import { runsOfRecord } from "#test/run/engine.ts";
import { behind } from "#test/run/record-of.ts";
import { deltasOf, type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

/** More than two steps of the search. */
const COUNT = 11_000;
/** Holes at the beginning, within a step, across the boundary at 5,000, over a whole step, and at the end. */
const HOLES: readonly Gap[] = [
  { from: 1, to: 2 },
  { from: 700, to: 700 },
  { from: 4_990, to: 5_010 },
  { from: 5_012, to: 10_020 },
  { from: 10_998, to: 11_000 },
];

describe("the gaps of a ledger", () => {
  const folder = temporaryFolder();
  let record: OpenRecord;
  let ledger: Ledger;

  before(async () => {
    record = await openRecord(folder.dir);
    const requests = Array.from({ length: COUNT }, () => request(record.tenant, "c"));
    ({ ledger } = deltasOf(await record.store.record(requests, false))[0]!);
    await behind(folder.dir, async (sql) => {
      for (const { from, to } of HOLES) await sql.change("DELETE FROM deltas WHERE sequence BETWEEN ? AND ?", from, to);
    });
  });

  after(async () => {
    await record.close();
    folder.remove();
  });

  const cut = (from: number, to: number): Gap[] =>
    HOLES.map((hole) => ({ from: Math.max(from, hole.from), to: Math.min(to, hole.to) })).filter(
      (hole) => hole.from <= hole.to,
    );

  it("are those of the rows that are missing, in any range and over any number of steps", async () => {
    const sequence = fc.integer({ min: 1, max: COUNT });
    const range = fc.tuple(sequence, sequence).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    await fc.assert(
      fc.asyncProperty(range, fc.integer({ min: 1, max: 6 }), async ([from, to], limit) => {
        const gaps = cut(from, to);
        const missing = gaps.reduce((sum, gap) => sum + gap.to - gap.from + 1, 0);
        expect(await findGaps(record.store, ledger, { from, to, limit })).to.deep.equal({
          expected: to - from + 1,
          present: to - from + 1 - missing,
          gaps: gaps.slice(0, limit),
        });
      }),
      { numRuns: runsOfRecord(RUNS) },
    );
  });

  it("beyond the last row are one gap, however long, and cost nothing", async () => {
    const to = Number.MAX_SAFE_INTEGER;
    const { gaps } = await findGaps(record.store, ledger, { from: 10_900, to, limit: 10 });
    expect(gaps).to.deep.equal([{ from: 10_998, to }]);
  });

  it("without an end reach to the last row that is there", async () => {
    expect(await findGaps(record.store, ledger, { from: 10_990, limit: 10 })).to.deep.equal({
      expected: 8,
      present: 8,
      gaps: [],
    });
    expect(await findGaps(record.store, ledger, { from: 20_000, limit: 10 })).to.include({ expected: 0, present: 0 });
  });
});
