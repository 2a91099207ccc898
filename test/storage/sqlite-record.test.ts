import { writeFileSync } from "node:fs";
import { expect } from "chai";
import { TallyrootError } from "#src/core/errors.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { StorageRefusedError } from "#src/storage/refused.ts";
import { databaseFile, openDatabase } from "#src/storage/sqlite/database.ts";
import { openEffects } from "#src/storage/sqlite/effects.ts";
import { openKeyDestruction } from "#src/storage/sqlite/erasure.ts";
import { openReader } from "#src/storage/sqlite/reader.ts";
import { MIGRATIONS } from "#src/storage/sqlite/schema.ts";
import { openSqliteStore } from "#src/storage/sqlite/store.ts";
import { openTailIndex } from "#src/storage/sqlite/tail-index.ts";
import { openUsageMeter } from "#src/storage/sqlite/usage-meter.ts";
import { openWriter } from "#src/storage/sqlite/writer.ts";
import { deltasOf, MASTER, openRecordFile, request, sqlClient, temporaryFolder } from "./record-folder.ts";

describe("the record in SQLite", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  const open = (master = MASTER) => openSqliteStore({ dir: folder.dir, master, clock: Date.now, report: () => {} });

  const columnsOf = (db: ReturnType<typeof sqlClient>, table: string) =>
    db
      .prepare<[string], { name: string }>("SELECT name FROM pragma_table_info(?)")
      .all(table)
      .map(({ name }) => name);

  it("refuses UPDATE and DELETE by any SQL client on every table that is the record", async () => {
    const record = await openRecordFile(folder.dir);
    const [delta] = deltasOf(await record.store.record([request(record.tenant, "c")], false));
    const hash = Buffer.alloc(32, 1);
    const leaf = {
      ledgerId: delta!.ledger.id,
      count: 1,
      balance: 1n,
      root: hash,
      leaf: hash,
      nodes: Buffer.alloc(0),
      checkpointId: null,
    };
    await record.anchors.addLeaves(1, 0, [leaf]);
    await record.anchors.prepare({
      index: 1,
      root: hash,
      size: 1,
      through: 1,
      createdAt: 1,
      throughCheckpoint: 0,
    });
    await record.anchors.addTransaction(1, { attempt: 1, nonce: 0, hash, raw: hash, createdAt: 1 });
    const client = sqlClient(folder.dir);
    for (const table of ["tenants", "ledgers", "deltas", "anchors", "anchor_leaves", "anchor_transactions"]) {
      const before = client.prepare(`SELECT * FROM ${table}`).all();
      expect(before, table).to.have.length(1);
      expect(() => client.exec(`DELETE FROM ${table}`), table).to.throw("append-only");
      for (const column of columnsOf(client, table)) {
        expect(() => client.exec(`UPDATE ${table} SET ${column} = ${column}`), `${table}.${column}`).to.throw(
          "append-only",
        );
      }
      expect(client.prepare(`SELECT * FROM ${table}`).all(), table).to.deep.equal(before);
    }
    client.close();
    record.close();
  });

  it("keeps the last of what was noted under a name, also in a later run", async () => {
    for (const code of ["OTHER_ROOT", "LOG_GONE"]) {
      const store = open();
      expect(await store.facts.noted("code")).to.equal(code === "LOG_GONE" ? "OTHER_ROOT" : undefined);
      await store.facts.note("code", code);
      expect(await store.facts.noted("code")).to.equal(code);
      store.close();
    }
  });

  it("is open in WAL mode with a wait for the disk at every commit", () => {
    const db = openDatabase(databaseFile(folder.dir));
    const pragmas = ["journal_mode", "synchronous", "foreign_keys", "secure_delete", "trusted_schema"];
    expect(pragmas.map((name) => db.pragma(name, { simple: true }))).to.deep.equal(["wal", 2, 1, 1, 0]);
    db.close();
  });

  it("has the newest schema when it is fresh, and the same one after each migration by itself", () => {
    const schemaOf = (dir: string) => {
      const db = sqlClient(dir);
      const rows = db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").all();
      const version = db.pragma("user_version", { simple: true });
      db.close();
      return { rows, version };
    };
    open().close();
    const fresh = schemaOf(folder.dir);
    expect(fresh.version).to.equal(MIGRATIONS.length);
    for (let from = 1; from < MIGRATIONS.length; from++) {
      const older = temporaryFolder();
      const db = sqlClient(older.dir);
      for (const migration of MIGRATIONS.slice(0, from)) db.exec(migration);
      db.pragma(`user_version = ${from}`);
      db.close();
      openDatabase(databaseFile(older.dir)).close();
      expect(schemaOf(older.dir), `from version ${from}`).to.deep.equal(fresh);
      older.remove();
    }
  });

  it("refuses a database that a newer version has written, and leaves it as it is", () => {
    open().close();
    const db = sqlClient(folder.dir);
    db.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    db.close();
    expect(() => open()).to.throw(StorageRefusedError, "run a newer version");
    const again = sqlClient(folder.dir);
    expect(again.pragma("user_version", { simple: true })).to.equal(MIGRATIONS.length + 1);
    again.close();
  });

  it("refuses a file that is no database, and says which", () => {
    writeFileSync(databaseFile(folder.dir), "something else, and long enough to be looked at ".repeat(100));
    expect(() => open()).to.throw(StorageRefusedError, "tallyroot.db is not a SQLite database");
  });

  it("refuses another master key at once, and takes the right one afterwards", async () => {
    const record = await openRecordFile(folder.dir);
    await record.store.record([request(record.tenant, "c")], false);
    record.close();
    expect(() => open(sealingKey(Buffer.alloc(32, 8)))).to.throw(StorageRefusedError, "the master key is not the one");
    const again = await openRecordFile(folder.dir);
    const [delta] = deltasOf(await again.store.record([request(again.tenant, "c")], false));
    expect(delta!.sequence).to.equal(2);
    again.close();
  });

  it("refuses to record on a full disk with nothing recorded, and heals", async () => {
    const { tenant, close } = await openRecordFile(folder.dir);
    close();
    const db = openDatabase(databaseFile(folder.dir));
    const fingerprints = openTailIndex(db, "fingerprint_index", "fingerprint");
    const requestIds = openTailIndex(db, "request_index", "request_id");
    const reader = openReader(db, { fingerprints, requestIds });
    const destroyKeys = openKeyDestruction(db, reader);
    const parts = { effects: openEffects(db, MASTER), usage: openUsageMeter(db, null), clock: Date.now, destroyKeys };
    const writer = openWriter(db, { reader, fingerprints, requestIds, master: MASTER, ...parts });
    await writer.record([request(tenant, "c")], false);
    const requestId = Buffer.alloc(16, 5);
    const requests = [
      request(tenant, "c", { metadata: { text: "x".repeat(8_000) }, requestId }),
      request(tenant, "new"),
    ];

    db.pragma(`max_page_count = ${db.pragma("page_count", { simple: true })}`);
    const refused = await Promise.allSettled([writer.record(requests, false), writer.record(requests, true)]);
    for (const outcome of refused) {
      const error: unknown = outcome.status === "rejected" ? outcome.reason : outcome.value;
      expect(error).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
    }
    expect(
      db.prepare("SELECT (SELECT count(*) FROM deltas) AS deltas, (SELECT count(*) FROM ledgers) AS ledgers").get(),
    ).to.deep.equal({ deltas: 1, ledgers: 1 });

    db.pragma("max_page_count = 1073741823");
    const healed = await writer.record(requests, false);
    expect(healed.map((outcome) => outcome.kind)).to.deep.equal(["recorded", "recorded"]);
    expect(deltasOf(healed).map((delta) => [delta.ledger.id, delta.sequence])).to.deep.equal([
      [1, 2],
      [2, 1],
    ]);
    writer.close();
    db.close();
  });
});
