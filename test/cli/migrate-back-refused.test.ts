import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { Client } from "pg";
import type { Tenant } from "#src/ledger/ports/ledgers.ts";
import { GRANTS } from "#src/storage/postgres/migrate.ts";
import { rowDigest } from "#src/storage/row-digest.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { noteReturning } from "#src/storage/sqlite/moved-away.ts";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { type OpenNode, openNode } from "#test/storage/postgres/record.ts";
import { request } from "#test/storage/record-folder.ts";
import { runHere } from "./command.ts";
import { sqliteStoreIn } from "./migrate-ground.ts";

const postgres = postgresOfThisFile();

describe("tallyroot migrate --from", () => {
  let dir: string;
  let database: TestDatabase;
  let client: Client;
  beforeEach(async () => {
    dir = temporaryDirectory();
    writeFileSync(join(dir, "master-key"), `0x${"07".repeat(32)}\n`, { mode: 0o600 });
    database = await postgres.database();
    await recordThree();
    client = await database.client();
  });
  afterEach(async () => {
    await database.drop();
    removeDirectory(dir);
  });

  const run = (...words: string[]) => runHere(["migrate", "--data-dir", dir, "--from", database.url, ...words]);
  const left = async () => (await client.query("SELECT place, ended_at FROM moving_out")).rows[0];

  /** Two customers' deltas, by a node that comes and goes. */
  async function recordThree(): Promise<void> {
    const node = await openNode(database.url);
    await recordIn(node);
    await node.close();
  }

  async function recordIn({ store, tenant }: Pick<OpenNode, "store" | "tenant">): Promise<void> {
    await store.record(
      ["a", "b", "a"].map((customerId) => request(tenant, customerId)),
      true,
    );
  }

  /** Why no node starts over the database; undefined where one does, and records. */
  const refusal = () =>
    recordThree().then(
      () => undefined,
      (error: Error) => error.message,
    );

  /** Changes the record behind its back. */
  async function change(text: string, values: unknown[] = []): Promise<void> {
    await client.query("SET session_replication_role = replica");
    const { rowCount } = await client.query(text, values);
    expect(rowCount).to.equal(1);
    await client.query("SET session_replication_role = DEFAULT");
  }

  /** What the role of the servers is told when it writes. */
  async function writing(text: string): Promise<string | undefined> {
    await client.query("BEGIN; SET LOCAL ROLE tallyroot_server");
    const code = await client.query(text).then(
      () => undefined,
      (error: Error & { code: string }) => error.code,
    );
    await client.query("ROLLBACK");
    return code;
  }

  it("brings a record that began in the database into a directory, where it is recorded upon, and closes the database", async () => {
    const { code, output, errors } = await run("--json");
    expect(code, output + errors).to.equal(4);
    const told = JSON.parse(output);
    expect(told).to.deep.include({
      moved: true,
      before: "nothing",
      exitCode: 4,
      from: database.url.replace(/:\/\/.*@/, "://"),
    });
    expect(told.audit.checked).to.include({ deltas: 3, ledgers: 2 });
    expect(told.audit.checked.contents).to.deep.include({ opened: 3 });
    expect((await left()).ended_at).to.be.instanceOf(Date);
    const store = sqliteStoreIn(dir);
    const tenant = (await store.tenantByName("default")) as Tenant;
    const [outcome] = await store.record([request(tenant, "a")], true);
    expect(outcome).to.include({ kind: "recorded" }).and.to.have.nested.property("delta.sequence", 3);
    await store.close();
    expect(await refusal()).to.contain(`was moved into the data directory ${dir} on 20`);
  });

  it("leaves the servers' role no right to write, also after a migration to come, until it is given up", async () => {
    await change("UPDATE deltas SET sealed = '\\x00' WHERE ledger = 1 AND sequence = 2");
    expect((await run()).code).to.equal(10);
    const texts = [
      "INSERT INTO facts (name, value) VALUES ('x', 'y')",
      "UPDATE ledger_heads SET recorded_at = 0",
      "UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL, erased_at = 1",
      "DELETE FROM moving_out",
    ];
    for (const text of texts) expect(await writing(text), text).to.equal("42501");
    await client.query(GRANTS);
    for (const text of texts) expect(await writing(text), text).to.equal("42501");
    expect((await run("--abandon")).code).to.equal(0);
    expect(await writing(texts[0]!)).to.equal(undefined);
    expect(await writing(texts[3]!)).to.equal("42501");
  });

  it("names a row that is not as it was written, makes nothing of it, and can be given up", async () => {
    await change("UPDATE deltas SET sealed = '\\x00' WHERE ledger = 1 AND sequence = 2");
    const { code, errors } = await run();
    expect(code).to.equal(10);
    expect(errors)
      .to.contain("the row of deltas with ledger 1, sequence 2 does not match its digest")
      .and.to.contain("tallyroot audit of the database");
    expect(await left()).to.deep.equal({ place: dir, ended_at: null });
    expect(await refusal()).to.contain(`is being moved into the data directory ${dir}`);
    expect(() => sqliteStoreIn(dir)).to.throw("is being moved into this data directory");
    for (const words of [
      ["backup", "--data-dir", dir, "--out", join(dir, "out")],
      ["export", "--data-dir", dir, "--out", join(dir, "out")],
      ["migrate", "--data-dir", dir, "--to", database.url],
    ]) {
      const refused = await runHere(words);
      expect(refused.code, words[0]).to.be.oneOf([2, 10]);
      expect(refused.errors, words[0]).to.contain(`is being moved into ${dir}`);
    }
    for (const env of [{}, { TALLYROOT_DATABASE_URL: database.url }]) {
      const doctor = await runHere(["doctor", "--data-dir", dir], env);
      expect(doctor.code).to.equal(10);
      expect(doctor.output).to.match(/FAIL database [^\n]*is being moved (?:here|into the data directory)/);
    }
    const abandoned = await run("--abandon");
    expect(abandoned, abandoned.errors).to.include({ code: 0 });
    expect(readdirSync(dir).filter((name) => name.startsWith("tallyroot.db"))).to.deep.equal([]);
    expect(await refusal()).to.equal(undefined);
    const none = await run("--abandon");
    expect(none.code).to.equal(10);
    expect(none.errors).to.contain("there is nothing to abandon");
  });

  it("does not let go on what the audit finds wrong, though each row is as it was written", async () => {
    const { rows } = await client.query({
      text: "SELECT * FROM deltas WHERE ledger = 1 AND sequence = 2",
      rowMode: "array",
    });
    const cells = (rows[0] as (string | Buffer | null)[]).map((cell, i) =>
      [0, 1, 4, 8].includes(i) ? Number(cell) : cell,
    );
    const digest = rowDigest("deltas", cells.slice(0, -1).with(2, "77").with(3, "2"));
    await change("UPDATE deltas SET amount = 77, digest = $1 WHERE ledger = 1 AND sequence = 2", [digest]);
    const { code, output, errors } = await run();
    expect(code, output + errors).to.equal(10);
    expect(output).to.contain("BALANCE_WRONG");
    expect(errors).to.contain("no server starts on it like this");
    expect((await left()).ended_at).to.equal(null);
    expect(() => sqliteStoreIn(dir)).to.throw("is being moved into this data directory");
  });

  it("sees deltas that no ledger leads to", async () => {
    await change("DELETE FROM ledgers WHERE id = 2");
    const { code, errors } = await run();
    expect(code).to.equal(10);
    expect(errors).to.contain("3 rows of deltas are there, and their ledgers and anchors lead to 2 of them");
  });

  it("refuses a directory with another record, and both go on as they were", async () => {
    const store = sqliteStoreIn(dir);
    await store.addTenant("default", 1_700_000_000_000);
    await store.close();
    const own = await run();
    expect(own.code).to.equal(10);
    expect(own.errors).to.contain("has a record of its own");
    const elsewhere = await postgres.database();
    expect((await runHere(["migrate", "--data-dir", dir, "--to", elsewhere.url])).code).to.equal(4);
    const moved = await run();
    expect(moved.code).to.equal(10);
    expect(moved.errors).to.contain("was moved to postgresql:").and.to.contain("which is another one");
    expect(await refusal()).to.equal(undefined);
    await elsewhere.drop();
  });

  it("is begun anew in another directory where the one that it was meant for is gone, which then is refused", async () => {
    await change("UPDATE deltas SET sealed = sealed || '\\x00' WHERE ledger = 1 AND sequence = 2");
    expect((await run()).code).to.equal(10);
    await change("UPDATE deltas SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE ledger = 1 AND sequence = 2");
    const other = temporaryDirectory();
    const there = await runHere(["migrate", "--data-dir", other, "--from", database.url]);
    expect(there.code, there.output + there.errors).to.equal(4);
    expect((await left()).place).to.equal(other);
    for (const words of [[], ["--abandon"]]) {
      const refused = await run(...words);
      expect(refused.code).to.equal(10);
      expect(refused.errors).to.contain(`was moved into the data directory ${other}`);
    }
    expect(() => sqliteStoreIn(dir)).to.throw("is being moved into this data directory");
    removeDirectory(other);
  });

  it("refuses a directory that another database's record is on its way into", async () => {
    noteReturning(dir, { state: "returning", id: "1", from: "postgresql://elsewhere/record", at: 1 });
    for (const words of [[], ["--abandon"]]) {
      const { code, errors } = await run(...words);
      expect(code).to.equal(10);
      expect(errors).to.contain(`the record in postgresql://elsewhere/record is being moved into ${dir}`);
    }
    expect(await refusal()).to.equal(undefined);
  });

  it("says while a node is there that it has to stop, and takes no right from it", async () => {
    const node = await openNode(database.url);
    const { code, errors } = await run();
    expect(code).to.equal(10);
    expect(errors).to.contain("stop all servers over it");
    await recordIn(node);
    await node.close();
    expect(existsSync(databaseFile(dir))).to.equal(false);
  });

  it("says where there is no record, no database, and two ways at once", async () => {
    const empty = await postgres.database();
    const none = await runHere(["migrate", "--data-dir", dir, "--from", empty.url]);
    expect(none.code).to.equal(10);
    expect(none.errors).to.contain("there is no record in this database");
    const other = await empty.client();
    const { rows } = await other.query("SELECT to_regnamespace('tallyroot') IS NULL AS untouched");
    expect(rows[0]).to.deep.equal({ untouched: true });
    await empty.drop();
    const away = await runHere(["migrate", "--data-dir", dir, "--from", "postgresql://postgres@127.0.0.1:1/none"]);
    expect(away.code).to.equal(3);
    expect(away.errors).to.match(/^tallyroot migrate: the database does not answer[^\n]*\n$/);
    expect((await run("--to", database.url)).code).to.equal(2);
  });
});
