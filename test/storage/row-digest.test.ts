import Database from "better-sqlite3";
import { expect } from "chai";
import { anchorRound } from "#src/ledger/anchor.ts";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import { type Cell, DIGEST_BYTES, rowDigest } from "#src/storage/row-digest.ts";
import { migrateTo } from "#src/storage/sqlite/bundle-tables.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { auditFile, copyOf, digestOfRow, logFor, recordSome, START } from "#test/audit/audited-record.ts";
import { anchor, type Ground, partsOf, startGround } from "#test/ledger/anchoring-ground.ts";
import { rowsBehind } from "#test/run/record-of.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";
import { openRecord, openRecordFile, temporaryFolder } from "#test/storage/record-folder.ts";

const TABLES = ["deltas", "checkpoints", "anchors", "anchor_transactions", "anchor_progress"];

describe("a row's digest", () => {
  it("differs for rows that would be alike if their columns were joined", () => {
    const rows: Cell[][] = [
      ["a", "bc"],
      ["ab", "c"],
      ["abc"],
      ["abc", null],
      ["abc", ""],
      ["abc", Buffer.alloc(0)],
      ["abc", 0],
      ["abc", Buffer.alloc(9)],
      [Buffer.from("abc")],
      [1],
      ["1"],
      [-1],
      [2 ** 32],
      [2 ** 32 + 1],
      [Number.MAX_SAFE_INTEGER],
      [0.5],
      [null],
      [],
    ];
    const digests = rows.map((row) => rowDigest("t", row).toString("hex"));
    expect(new Set(digests).size).to.equal(rows.length);
    expect(rowDigest("t", ["abc"], 0)).to.deep.equal(rowDigest("t", ["abc", 0]));
    expect(rowDigest("t", ["abc"], null)).to.deep.equal(rowDigest("t", ["abc"]));
    expect(rowDigest("u", ["a"])).not.to.deep.equal(rowDigest("t", ["a"]));
    expect(digests[0]).to.have.length(2 * DIGEST_BYTES);
  });

  it("is the same however large the rows before were", () => {
    const small = rowDigest("t", ["a", Buffer.from([1, 2])]);
    rowDigest("t", [Buffer.alloc(100_000, 7), "b".repeat(50_000)]);
    expect(rowDigest("t", ["a", Buffer.from([1, 2])])).to.deep.equal(small);
  });
});

describe("the digests of a record", () => {
  let ground: Ground;
  before(async () => {
    ground = await startGround();
  });
  after(() => ground.stop());

  it("are those of every row as it stands, also after an anchor came back", async () => {
    const folder = temporaryFolder();
    const record = await openRecord(folder.dir, { now: START });
    const chain = await logFor(record, ground);
    const [delta] = await recordSome(record, record.tenant, ["alpha", "beta"], 2);
    await checkpointLedger(record.store, delta!.ledger, { from: 0, to: START }, { now: START });
    const expectDigests = async (state: string) => {
      for (const table of TABLES) {
        const rows = await rowsBehind<Record<string, Cell>>(folder.dir, `SELECT * FROM ${table}`);
        expect(rows, table).not.to.deep.equal([]);
        for (const row of rows) expect(row.digest, table).to.deep.equal(digestOfRow(table, row));
      }
      const states = await rowsBehind(folder.dir, "SELECT state FROM anchor_progress");
      expect(states).to.deep.equal([{ state }]);
    };
    await anchor(record, chain);
    await expectDigests("confirmed");
    await record.anchors.markUnconfirmed(1);
    await expectDigests("sent");
    await anchorRound(partsOf(record, chain));
    await expectDigests("confirmed");
    await record.close();
    folder.remove();
  });

  overSqlite("digests-of-earlier-schemas", () => {
    it("are null in rows from before there were any, which the audit counts", async () => {
      const [first, second] = [temporaryFolder(), temporaryFolder()];
      const record = await openRecordFile(first.dir, { now: START });
      const chain = await logFor(record, ground);
      const [delta] = await recordSome(record, record.tenant, ["alpha", "beta"], 3);
      await checkpointLedger(record.store, delta!.ledger, { from: 0, to: START }, { now: START });
      await anchor(record, chain);
      asOfSchema(2, copyOf(record, "now"), databaseFile(second.dir));
      record.close();

      const upgraded = await openRecordFile(second.dir, { now: START + 60_000 });
      const file = copyOf(upgraded, "upgraded");
      expect((await auditFile(file)).findings).to.deep.equal([]);
      await recordSome(upgraded, upgraded.tenant, ["alpha", "gamma"], 2);
      await anchor(upgraded, chain);
      const report = await auditFile(copyOf(upgraded, "later"));
      expect(report.findings).to.deep.equal([]);
      // Deltas, the checkpoint, and the anchor with its transaction and its progress.
      expect(report.checked.withoutDigest).to.equal(6 + 1 + 3);
      expect(report.checked.deltas).to.equal(10);
      const damaged = copyOf(upgraded, "damaged");
      tamper(damaged, "UPDATE anchor_progress SET gas_used = 1 WHERE anchor = 1");
      expect(await namedIn(damaged)).to.deep.equal([["PROGRESS_WRONG", "anchor_progress", 1]]);
      upgraded.close();
      first.remove();
      second.remove();
    });

    it("stay right in anchors from before the gas was kept, to which none can be added", async () => {
      const [first, second] = [temporaryFolder(), temporaryFolder()];
      const record = await openRecordFile(first.dir, { now: START });
      const chain = await logFor(record, ground);
      await recordSome(record, record.tenant, ["alpha", "beta"], 3);
      await anchor(record, chain);
      asOfSchema(4, copyOf(record, "now"), databaseFile(second.dir));
      record.close();
      tamper(databaseFile(second.dir), (db) => redigest(db, "anchor_progress", "anchor = 1"));

      const upgraded = await openRecordFile(second.dir, { now: START + 60_000 });
      expect(await upgraded.store.anchor(1)).to.include({ state: "confirmed", gasUsed: null });
      const file = copyOf(upgraded, "upgraded");
      expect((await auditFile(file)).findings).to.deep.equal([]);
      tamper(file, "UPDATE anchor_progress SET gas_used = 1");
      expect(await namedIn(file)).to.deep.equal([["DIGEST_WRONG", "anchor_progress", 1]]);

      await recordSome(upgraded, upgraded.tenant, ["alpha"], 1);
      await anchor(upgraded, chain);
      expect((await upgraded.store.anchor(2))?.gasUsed).to.be.a("number");
      const report = await auditFile(copyOf(upgraded, "later"));
      expect(report.findings).to.deep.equal([]);
      expect(report.checked.withoutDigest).to.equal(0);
      upgraded.close();
      first.remove();
      second.remove();
    });
  });
});

/** Writes the digest of a row anew. */
function redigest(db: Database.Database, table: string, where: string): void {
  const row = db.prepare<[], Record<string, Cell>>(`SELECT * FROM ${table} WHERE ${where}`).get()!;
  db.prepare(`UPDATE ${table} SET digest = ? WHERE ${where}`).run(digestOfRow(table, row));
}

/** The findings in a file, by their code and what they are about. */
async function namedIn(file: string) {
  const { findings } = await auditFile(file);
  return findings.map(({ code, table, row }) => [code, table, row.anchor]);
}

function tamper(file: string, change: string | ((db: Database.Database) => void)): void {
  const db = new Database(file);
  if (typeof change === "string") db.exec(change);
  else change(db);
  db.close();
}

/** Copies a record into a database of an earlier schema. Up to schema 2 it is as a version from before digests has left it. */
function asOfSchema(version: number, file: string, old: string): void {
  const db = new Database(old);
  migrateTo(db, version);
  db.pragma("foreign_keys = OFF");
  db.prepare("ATTACH ? AS later").run(file);
  const columnsOf = (schema: string, table: string) =>
    db.prepare<[string, string], string>("SELECT name FROM pragma_table_info(?, ?)").pluck().all(table, schema);
  const tables = db
    .prepare<[], string>("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'webhook%'")
    .pluck()
    .all();
  for (const table of tables) {
    const there = new Set(columnsOf("later", table));
    const columns = columnsOf("main", table).filter((column) => there.has(column));
    // API keys had their labels with them, and there are none in this record.
    if (columns.length > 0 && table !== "api_keys")
      db.exec(`INSERT INTO main.${table} (${columns}) SELECT ${columns} FROM later.${table}`);
  }
  if (version === 2) db.exec("DELETE FROM main.facts WHERE name LIKE 'digests.%'");
  db.close();
}
