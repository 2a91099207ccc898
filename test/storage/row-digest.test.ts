import Database from "better-sqlite3";
import { expect } from "chai";
import { anchorRound } from "#src/ledger/anchor.ts";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { type Cell, DIGEST_BYTES, rowDigest } from "#src/storage/sqlite/row-digest.ts";
import { MIGRATIONS } from "#src/storage/sqlite/schema.ts";
import { auditFile, copyOf, logFor, recordSome, START } from "#test/audit/audited-record.ts";
import { anchor, type Ground, partsOf, startGround } from "#test/ledger/anchoring-ground.ts";
import { openRecord, temporaryFolder } from "#test/storage/record-folder.ts";

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
    const expectDigests = (state: string) => {
      for (const table of TABLES) {
        const rows = record.db.prepare<[], Cell[]>(`SELECT * FROM ${table}`).raw().all();
        expect(rows, table).not.to.deep.equal([]);
        for (const row of rows) expect(row.at(-1), table).to.deep.equal(rowDigest(table, row.slice(0, -1)));
      }
      expect(record.db.prepare("SELECT state FROM anchor_progress").pluck().get()).to.equal(state);
    };
    await anchor(record, chain);
    expectDigests("confirmed");
    await record.anchors.markUnconfirmed(1);
    expectDigests("sent");
    await anchorRound(partsOf(record, chain));
    expectDigests("confirmed");
    record.close();
    folder.remove();
  });

  it("are null in rows from before there were any, which the audit counts", async () => {
    const [first, second] = [temporaryFolder(), temporaryFolder()];
    const record = await openRecord(first.dir, { now: START });
    const chain = await logFor(record, ground);
    const [delta] = await recordSome(record, record.tenant, ["alpha", "beta"], 3);
    await checkpointLedger(record.store, delta!.ledger, { from: 0, to: START }, { now: START });
    await anchor(record, chain);
    asOfSchema2(copyOf(record, "now"), databaseFile(second.dir));
    record.close();

    const upgraded = await openRecord(second.dir, { now: START + 60_000 });
    const file = copyOf(upgraded, "upgraded");
    expect((await auditFile(file)).findings).to.deep.equal([]);
    await recordSome(upgraded, upgraded.tenant, ["alpha", "gamma"], 2);
    await anchor(upgraded, chain);
    const report = await auditFile(copyOf(upgraded, "later"));
    expect(report.findings).to.deep.equal([]);
    // Deltas, the checkpoint, and the anchor with its transaction and its progress.
    expect(report.checked.withoutDigest).to.equal(6 + 1 + 3);
    expect(report.checked.deltas).to.equal(10);
    upgraded.close();
    first.remove();
    second.remove();
  });
});

/** Copies a record into a database of schema 2, as a version from before digests has left it. */
function asOfSchema2(file: string, old: string): void {
  const db = new Database(old);
  for (const migration of MIGRATIONS.slice(0, 2)) db.exec(migration);
  db.pragma("user_version = 2");
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
  db.exec("DELETE FROM main.facts WHERE name LIKE 'digests.%'");
  db.close();
}
