import { expect } from "chai";
import type { Client } from "pg";
import type { Tenant } from "#src/ledger/ports/ledgers.ts";
import { LOCKS } from "#src/storage/postgres/connections.ts";
import { rowDigest } from "#src/storage/row-digest.ts";
import type { Sqlite } from "#src/storage/sqlite/database.ts";
import { refusedStart, removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { request, sqlClient } from "#test/storage/record-folder.ts";
import { runHere } from "./command.ts";
import { IN_SQLITE, sqliteStoreIn } from "./migrate-ground.ts";

const postgres = postgresOfThisFile();

describe("tallyroot migrate", () => {
  let dir: string;
  let database: TestDatabase;
  let client: Client;
  beforeEach(async () => {
    dir = temporaryDirectory();
    database = await postgres.database();
    client = await database.client();
    await recordThree(dir);
  });
  afterEach(async () => {
    await database.drop();
    removeDirectory(dir);
  });

  const run = (...words: string[]) => runHere(["migrate", "--data-dir", dir, "--to", database.url, ...words]);
  const standing = async () => (await client.query("SELECT step, rows::int, ended_at FROM moving_in")).rows[0];
  const isThere = async () =>
    (await client.query("SELECT to_regclass('tallyroot.deltas') IS NOT NULL AS there")).rows[0].there;

  async function recordThree(folder: string): Promise<void> {
    const store = sqliteStoreIn(folder);
    const tenant: Tenant =
      (await store.tenantByName("default")) ?? (await store.addTenant("default", 1_700_000_000_000));
    await store.record(
      ["a", "b", "a"].map((customerId) => request(tenant, customerId)),
      true,
    );
    await store.close();
  }

  /** Changes the record behind its back. */
  function change(work: (db: Sqlite) => void): void {
    const db = sqlClient(dir);
    db.exec("DROP TRIGGER deltas_keep_update; DROP TRIGGER deltas_keep_delete");
    work(db);
    db.close();
  }

  /** Another amount in the third delta, with a digest that fits. */
  function rewriteAmount(db: Sqlite, amount: string): void {
    const cells = db.prepare("SELECT * FROM deltas WHERE id = 3").raw().get() as (number | string | Buffer | null)[];
    cells[3] = amount;
    db.prepare("UPDATE deltas SET amount = ?, digest = ? WHERE id = 3").run(
      amount,
      rowDigest("deltas", cells.slice(0, -1)),
    );
  }

  it("moves a record that is in no log yet, and says that no chain was asked", async () => {
    const { code, output } = await run("--json");
    const told = JSON.parse(output);
    expect(code, output).to.equal(4);
    expect(told).to.deep.include({
      moved: true,
      before: "nothing",
      exitCode: 4,
      to: database.url.replace(/:\/\/.*@/, "://"),
    });
    expect(told.audit.checked).to.include({ deltas: 3, ledgers: 2 });
    expect(told.audit.checked.contents).to.deep.include({ opened: 3 });
    expect((await standing()).ended_at).to.be.instanceOf(Date);
  });

  it("takes along why anchoring halted, where PostgreSQL looks for it, and leaves what is about SQLite's files", async () => {
    change((db) => db.exec("INSERT INTO facts VALUES ('anchoring.halt', 'ROOT_MISMATCH'), ('log.left.1', '{}')"));
    expect((await run()).code).to.equal(4);
    const { rows } = await client.query("SELECT name, value FROM facts ORDER BY name");
    expect(rows.map(({ name }) => name)).to.deep.equal(["anchoring.halt.1", "log.left.1", "master-key.check"]);
    expect(rows[0]).to.deep.equal({ name: "anchoring.halt.1", value: "ROOT_MISMATCH" });
  });

  it("refuses a database that has a record, and leaves the directory as it was", async () => {
    const other = temporaryDirectory();
    await recordThree(other);
    expect((await run()).code).to.equal(4);
    const refused = await runHere(["migrate", "--data-dir", other, "--to", database.url]);
    expect(refused.code).to.equal(10);
    expect(refused.errors).to.contain("the database has a record of its own");
    await recordThree(other);
    removeDirectory(other);
  });

  it("names a row that is not as it was written, moves none of what is behind it, and can be given up", async () => {
    change((db) => db.exec("UPDATE deltas SET sealed = x'00' WHERE id = 2"));
    const { code, errors } = await run();
    expect(code).to.equal(10);
    expect(errors).to.contain("row 2 of deltas does not match its digest").and.to.contain(`tallyroot audit ${dir}`);
    expect(await standing()).to.include({ step: "deltas", ended_at: null });
    const kept = await refusedStart(dir, IN_SQLITE);
    expect(kept.errors).to.contain("is being moved to");
    const abandoned = await run("--abandon");
    expect(abandoned, abandoned.errors).to.include({ code: 0 });
    expect(await isThere()).to.equal(false);
    await recordThree(dir);
    const none = await run("--abandon");
    expect(none.code).to.equal(10);
    expect(none.errors).to.contain("there is nothing to abandon");
  });

  it("names a delta that is missing, also the only one that would have shown it", async () => {
    change((db) => db.exec("DELETE FROM deltas WHERE id = 2"));
    const { code, errors } = await run();
    expect(code).to.equal(10);
    expect(errors).to.contain("row 2 of deltas is missing");
  });

  it("does not let go on what the audit finds wrong, though each row is as it was written", async () => {
    change((db) => rewriteAmount(db, "77"));
    const { code, output, errors } = await run();
    expect(code, output).to.equal(10);
    expect(output).to.contain("BALANCE_WRONG");
    expect(errors).to.contain("no server starts on it like this");
    expect(await standing()).to.include({ step: "done", ended_at: null });
    const server = await refusedStart(temporaryDirectory(), { TALLYROOT_DATABASE_URL: database.url });
    expect(server.errors).to.contain("not all there");
  });

  it("says what the database does not take, and that nothing of it is there", async () => {
    change((db) => rewriteAmount(db, "many"));
    const { code, errors } = await run();
    expect(code).to.equal(10);
    expect(errors).to.match(/the database does not take rows of deltas \(invalid input syntax[^\n]*"many"/);
    expect((await client.query("SELECT 1 FROM deltas")).rows).to.have.length(0);
  });

  it("begins anew in an empty database where the one that it was in is gone", async () => {
    change((db) => db.exec("UPDATE deltas SET sealed = x'00' WHERE id = 3"));
    expect((await run()).code).to.equal(10);
    const elsewhere = await postgres.database();
    const refused = await runHere(["migrate", "--data-dir", dir, "--to", elsewhere.url]);
    expect(refused.code).to.equal(10);
    expect(refused.errors).to.contain("is being moved to").and.to.contain("--abandon");
    await client.query("DROP SCHEMA tallyroot CASCADE");
    expect((await run()).code).to.equal(10);
    expect((await standing()).rows).to.be.greaterThan(0);
    await elsewhere.drop();
  });

  it("waits for another that is at it to end, and says so when that takes long", async () => {
    await client.query("SELECT pg_advisory_lock($1)", [LOCKS.moving]);
    const { code, errors } = await run();
    expect(code).to.equal(10);
    expect(errors).to.contain("another process is moving a record into this database");
    await recordThree(dir);
  });

  it("says where there is no record, no database, and no URL", async () => {
    const empty = temporaryDirectory();
    const none = await runHere(["migrate", "--data-dir", empty, "--to", database.url]);
    expect(none).to.include({ code: 10 });
    expect(none.errors).to.contain("there is no record in");
    removeDirectory(empty);
    const away = await runHere(["migrate", "--data-dir", dir, "--to", "postgresql://postgres@127.0.0.1:1/none"]);
    expect(away).to.include({ code: 3 });
    expect(away.errors).to.match(/^tallyroot migrate: the database does not answer[^\n]*\n$/);
    await recordThree(dir);
    expect((await runHere(["migrate", "--data-dir", dir])).code).to.equal(2);
    expect((await runHere(["migrate", "--data-dir", dir, "--to", "mysql://a/b"])).code).to.equal(10);
  });
});
