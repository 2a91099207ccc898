import { expect } from "chai";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import { collect } from "#src/ledger/collect.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { MIGRATIONS, migrate } from "#src/storage/postgres/migrate.ts";
import { openPostgresStore } from "#src/storage/postgres/store.ts";
import { StorageRefusedError } from "#src/storage/refused.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { deltasOf, MASTER, request } from "#test/storage/record-folder.ts";
import { openPostgresRecord } from "./record.ts";

/** Tables that are the record, each with a row after `fill`. */
const RECORD = [
  "tenants",
  "ledgers",
  "deltas",
  "request_ids",
  "requests",
  "anchors",
  "anchor_leaves",
  "anchor_transactions",
  "checkpoints",
  "checkpoint_batches",
];
const INSUFFICIENT_PRIVILEGE = "42501";
const HASH = Buffer.alloc(32, 1);

describe("the schema in PostgreSQL", () => {
  const postgres = postgresOfThisFile();
  let database: TestDatabase;
  beforeEach(async () => {
    database = await postgres.database();
  });
  afterEach(() => database.drop());

  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => undefined,
      (error: unknown) => error as Error & { code?: string },
    );
  const open = (master = MASTER) => openPostgresStore({ url: database.url, master, report: () => undefined });

  /** Leaves a row in each table of the record. */
  async function fill(): Promise<void> {
    const record = await openPostgresRecord(database.url);
    const { store, anchors, contents, tenant, clock } = record;
    const effect = { tenantId: tenant.id, route: "POST batch", effect: "", members: "{}", createdAt: 1 };
    const keyed = request(tenant, "c", { requestId: Buffer.alloc(16, 1) });
    const [delta] = deltasOf(
      await store.record([keyed], true, { request: { ...effect, requestId: Buffer.alloc(16, 2) } }),
    );
    await checkpointLedger(store, delta!.ledger, { from: 0, to: clock.now + 1 }, { now: clock.now });
    const { signal } = new AbortController();
    const anchor = await collect({ store: anchors, contents, clock: () => clock.now, signal });
    await anchors.addTransaction(anchor!.index, { attempt: 1, nonce: 0, hash: HASH, raw: HASH, createdAt: 1 });
    await record.close();
  }

  it("refuses UPDATE, DELETE and TRUNCATE on every table that is the record, also by its owner", async () => {
    await fill();
    const client = await database.client();
    for (const table of RECORD) {
      const before = (await client.query(`SELECT * FROM ${table}`)).rows;
      expect(before, table).to.have.length.of.at.least(1);
      for (const column of Object.keys(before[0]!)) {
        const refused = await failureOf(client.query(`UPDATE ${table} SET ${column} = ${column}`));
        expect(refused?.message, `${table}.${column}`).to.contain("append-only");
      }
      for (const text of [`DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`])
        expect((await failureOf(client.query(text)))?.message, text).to.contain("append-only");
      expect((await client.query(`SELECT * FROM ${table}`)).rows, table).to.deep.equal(before);
    }
  });

  it("gives the server's role no right to change the record, nor to change the schema", async () => {
    await fill();
    const client = await database.client();
    const updateOf = async (table: string) => {
      const { fields } = await client.query(`SELECT * FROM ${table} LIMIT 0`);
      return `UPDATE ${table} SET ${fields[0]!.name} = ${fields[0]!.name}`;
    };
    const texts = [
      ...RECORD.filter((table) => table !== "anchor_leaves").map((table) => `DELETE FROM ${table}`),
      ...(await Promise.all(RECORD.map(updateOf))),
      ...RECORD.map((table) => `TRUNCATE ${table}`),
      "DELETE FROM ledger_keys",
      "DELETE FROM ledger_heads",
      "DELETE FROM api_keys",
      "ALTER TABLE deltas DISABLE TRIGGER ALL",
      "DROP TRIGGER deltas_keep ON deltas",
      "CREATE TABLE mine (id int)",
      "INSERT INTO schema_versions (version) VALUES (99)",
    ];
    await client.query("SET ROLE tallyroot_server");
    for (const text of texts) {
      const refused = await failureOf(client.query(text));
      expect(refused?.code, `${text}: ${refused?.message}`).to.equal(INSUFFICIENT_PRIVILEGE);
    }
  });

  it("lets a ledger's key be destroyed, and neither changed nor put back", async () => {
    await fill();
    const client = await database.client();
    const refused = await failureOf(client.query("UPDATE ledger_keys SET wrapped = '\\x00'"));
    expect(refused?.message).to.contain("erased and never changed");
    const { rows } = await client.query("SELECT wrapped FROM ledger_keys");
    await client.query("UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL, erased_at = 5");
    const back = await failureOf(client.query("UPDATE ledger_keys SET wrapped = $1", [rows[0].wrapped]));
    expect(back?.message).to.contain("erased and never changed");
  });

  it("is made once by nodes that start together, and left alone by those that find it", async () => {
    await Promise.all([1, 2, 3, 4].map(() => migrate(database.url)));
    const client = await database.client();
    const { rows } = await client.query("SELECT version FROM schema_versions ORDER BY version");
    expect(rows).to.deep.equal(MIGRATIONS.map((_, i) => ({ version: i + 1 })));
    await client.query("REVOKE ALL ON SCHEMA tallyroot FROM PUBLIC");
    await migrate(database.url);
  });

  it("of a newer version is refused, and stays as it is", async () => {
    await migrate(database.url);
    const client = await database.client();
    await client.query("INSERT INTO schema_versions (version) VALUES ($1)", [MIGRATIONS.length + 1]);
    const refused = await failureOf(open());
    expect(refused).to.be.instanceOf(StorageRefusedError);
    expect(refused?.message).to.contain("run a newer version");
  });

  it("is not opened with another master key, and with the right one afterwards", async () => {
    await (await open()).close();
    const refused = await failureOf(open(sealingKey(Buffer.alloc(32, 8))));
    expect(refused).to.be.instanceOf(StorageRefusedError);
    expect(refused?.message).to.contain("the master key is not the one");
    await (await open()).close();
  });

  it("is not opened where a commit does not wait for the disk", async () => {
    await (await open()).close();
    const client = await database.client();
    await client.query(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET synchronous_commit = off`);
    const refused = await failureOf(open());
    expect(refused).to.be.instanceOf(StorageRefusedError);
    expect(refused?.message).to.contain("synchronous_commit");
  });

  it("is asked for with a URL that is one, of a database that answers", async () => {
    const opening = (url: string) => openPostgresStore({ url, master: MASTER, report: () => undefined });
    expect(await failureOf(opening("mysql://a/b"))).to.be.instanceOf(StorageRefusedError);
    const away = await failureOf(opening("postgresql://postgres@127.0.0.1:1/none"));
    expect(away).to.include({ code: "SERVICE_UNAVAILABLE" });
  });

  it("takes its time from the database where no other clock is given, in step with the world", async () => {
    const store = await open();
    const tenant = await store.addTenant("default", 1);
    const before = Date.now() - 5_000;
    const [delta] = deltasOf(await store.record([request(tenant, "c")], false));
    expect(delta!.recordedAt).to.be.within(before, Date.now() + 5_000);
    await store.close();
  });

  it("keeps amounts exactly, to the last digit of the largest balance", async () => {
    const store = await open();
    const tenant = await store.addTenant("default", 1);
    const amounts = [2n ** 255n - 1n, -(2n ** 255n - 1n), -1n, 10n ** 27n + 1n, -(10n ** 18n)];
    const recorded = deltasOf(
      await store.record(
        amounts.map((amount) => request(tenant, "c", { amount })),
        false,
      ),
    );
    const stored = await store.deltas(recorded[0]!.ledger, 1, 10);
    expect(stored.map(({ amount }) => amount)).to.deep.equal(amounts);
    expect(stored.map(({ balance }) => balance)).to.deep.equal(recorded.map(({ balance }) => balance));
    // -1 + (10^27 + 1) - 10^18 units of 10^-18.
    const client = await database.client();
    const { rows } = await client.query("SELECT sum(amount)::text AS sum FROM deltas");
    expect(rows[0].sum).to.equal("999999999.000000000000000000");
    await store.close();
  });
});
