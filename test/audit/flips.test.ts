import { randomInt } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { expect } from "chai";
import type { Finding } from "#src/audit/findings.ts";
import { toHex } from "#src/core/bytes.ts";
import { type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { type OpenRecordFile, openRecordFile, temporaryFolder } from "#test/storage/record-folder.ts";
import { auditFile, copyOf, fillRecord, START } from "./audited-record.ts";
import { cellsOf } from "./cells.ts";

/** Flips, each an audit of its own: a tenth of the runs, but not fewer than at hand. A failure names its seed, which repeats the same flips. */
const FLIPS = Math.max(60, Number(process.env.PROPERTY_RUNS ?? 0) / 10);
const SEED = Number(process.env.PROPERTY_SEED ?? randomInt(2 ** 31));

/** A row that is about to be damaged: a byte string that only it has, and what a finding must say to name it. */
type Target = { table: string; mark: Buffer; named: (finding: Finding) => boolean };

function targetsOf(db: Database.Database): Target[] {
  const all = <Row>(sql: string) => db.prepare<[], Row>(sql).all();
  return [
    ...all<{ address: Buffer; sequence: number; mark: Buffer }>(
      "SELECT l.address, d.sequence, d.fingerprint AS mark FROM deltas d JOIN ledgers l ON l.id = d.ledger",
    ).map(({ address, sequence, mark }) => ({
      table: "deltas",
      mark,
      named: ({ table, row }: Finding) =>
        table === "deltas" && row.ledger === toHex(address) && row.sequence === sequence,
    })),
    ...all<{ anchor: number; position: number; mark: Buffer }>(
      "SELECT anchor, position, leaf AS mark FROM anchor_leaves",
    ).map(({ anchor, position, mark }) => ({
      table: "anchor_leaves",
      mark,
      named: ({ table, row }: Finding) =>
        table === "anchor_leaves" && row.anchor === anchor && row.position === position,
    })),
    ...all<{ id: number; mark: Buffer }>("SELECT id, fingerprint AS mark FROM checkpoints").map(({ id, mark }) => ({
      table: "checkpoints",
      mark,
      named: ({ table, row }: Finding) => table === "checkpoints" && row.number === id,
    })),
    ...all<{ id: number; mark: Buffer }>("SELECT id, root AS mark FROM anchors").map(({ id, mark }) => ({
      table: "anchors",
      mark,
      named: ({ table, row }: Finding) => table === "anchors" && row.anchor === id,
    })),
    ...all<{ anchor: number; mark: Buffer }>("SELECT anchor, transaction_hash AS mark FROM anchor_progress").map(
      ({ anchor, mark }) => ({
        table: "anchor_progress",
        mark,
        named: ({ table, row }: Finding) => table === "anchor_progress" && row.anchor === anchor,
      }),
    ),
    ...all<{ anchor: number; mark: Buffer }>("SELECT anchor, hash AS mark FROM anchor_transactions").map(
      ({ anchor, mark }) => ({
        table: "anchor_transactions",
        mark,
        named: ({ table, row }: Finding) => table.startsWith("anchor_") && row.anchor === anchor,
      }),
    ),
  ];
}

describe(`the audit of a damaged file (PROPERTY_SEED=${SEED})`, () => {
  let ground: Ground;
  let record: OpenRecordFile;
  const folder = temporaryFolder();
  before(async () => {
    ground = await startGround();
    record = await openRecordFile(folder.dir, { now: START });
    await fillRecord(record, ground);
  });
  after(async () => {
    record.close();
    await ground.stop();
    folder.remove();
  });

  /** A small generator that can be replayed (mulberry32); not for secrets. */
  let state = SEED;
  const below = (end: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };

  it(`names the row of which any single byte was changed (${FLIPS} times)`, async function () {
    this.timeout(0);
    const copy = copyOf(record, "flipped");
    const whole = readFileSync(copy);
    const db = new Database(copy, { readonly: true });
    const targets = Map.groupBy(targetsOf(db), ({ table }) => table);
    const tables = [...targets.keys()];
    const spans = new Map(tables.map((table) => [table, cellsOf(whole, db, table)]));
    db.close();
    for (let i = 0; i < FLIPS; i++) {
      const table = tables[i % tables.length]!;
      const target = targets.get(table)![below(targets.get(table)!.length)]!;
      const span = spans.get(table)!.find(({ offset, length }) => {
        const payload = whole.subarray(offset, offset + length);
        return payload.includes(target.mark);
      })!;
      const bytes = Buffer.from(whole);
      const at = below(span.length);
      const mask = 1 + below(255);
      bytes[span.offset + at]! ^= mask;
      writeFileSync(copy, bytes);
      const { findings } = await auditFile(copy);
      const said = `${table}, byte ${at} of ${span.length} ^ ${mask} (was ${whole[span.offset + at]}): ${JSON.stringify(findings.slice(0, 6))}`;
      expect(findings.some(target.named), said).to.equal(true);
    }
  });

  it("names the anchor whose gas has any one bit changed", async function () {
    this.timeout(0);
    const copy = copyOf(record, "gas");
    const whole = readFileSync(copy);
    const db = new Database(copy, { readonly: true });
    const { mark, gas } = db
      .prepare<[], { mark: Buffer; gas: number }>(
        "SELECT transaction_hash AS mark, gas_used AS gas FROM anchor_progress WHERE anchor = 2",
      )
      .get()!;
    const { offset, length } = cellsOf(whole, db, "anchor_progress").find((span) =>
      whole.subarray(span.offset, span.offset + span.length).includes(mark),
    )!;
    db.close();
    // The last column of the row, in three bytes.
    const start = offset + length - 3;
    expect(whole.readUIntBE(start, 3)).to.equal(gas);
    for (let bit = 0; bit < 24; bit++) {
      const bytes = Buffer.from(whole);
      bytes[start + (bit >> 3)]! ^= 1 << (bit & 7);
      writeFileSync(copy, bytes);
      const { findings } = await auditFile(copy);
      const named = findings.map(({ table, row }) => `${table} ${row.anchor}`);
      expect(named, `bit ${bit}`).to.include("anchor_progress 2");
    }
  });
});
