import { expect } from "chai";
import type { Client } from "pg";
import { LOCKS } from "#src/storage/postgres/connections.ts";
import { MIGRATIONS, migrate } from "#src/storage/postgres/migrate.ts";
import { HEADS, NOT_FILLED, STEPS, TABLES_LEFT } from "#src/storage/postgres/move-in/tables.ts";
import { openDestination } from "#src/storage/postgres/move-in/target.ts";
import { DERIVED_TABLES, RECORD_TABLES, STATE_TABLES } from "#src/storage/sqlite/bundle-tables.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";

const postgres = postgresOfThisFile();

describe("what is moved into PostgreSQL", () => {
  let database: TestDatabase;
  let client: Client;
  before(async () => {
    database = await postgres.database();
    await migrate(database.url);
    client = await database.client();
  });
  after(() => database.drop());

  it("is every table of SQLite with every column, but for those that are left for a reason", () => {
    const columnsOf = new Map<string, Set<string>>();
    for (const { name, columns } of [...RECORD_TABLES, ...STATE_TABLES])
      columnsOf.set(name, new Set([...(columnsOf.get(name) ?? []), ...columns]));
    const moved = new Map(STEPS.map((step) => [step.name, step]));
    const tables = [...columnsOf.keys(), ...DERIVED_TABLES];
    expect(new Set([...moved.keys(), ...Object.keys(TABLES_LEFT)])).to.deep.equal(new Set(tables));
    for (const [name, { columns }] of moved) {
      const selected = columns.flatMap((column) => [...column.matchAll(/\bt\.(\w+)/g)].map(([, own]) => own!));
      expect(new Set(selected), name).to.deep.equal(columnsOf.get(name));
    }
    expect(moved.get("api_keys")?.columns).to.include("l.sealed_label");
  });

  it("fills every table of PostgreSQL with every column, but for those that are left for a reason", async () => {
    const { rows } = await client.query<{ table: string; column: string; type: string }>(
      `SELECT table_name AS "table", column_name AS "column", data_type AS type FROM information_schema.columns WHERE table_schema = 'tallyroot'`,
    );
    const filled = new Map<string, string>();
    for (const { table, columns } of [...STEPS.flatMap(({ into }) => into), HEADS])
      for (const [column, type] of Object.entries(columns)) filled.set(`${table}.${column}`, type);
    // Sent as a number.
    filled.set("ledger_heads.moved", "boolean");
    const expected = rows
      .map(({ table, column, type }) => [`${table}.${column}`, table, type] as const)
      .filter(([name, table]) => NOT_FILLED[table] === undefined && NOT_FILLED[name] === undefined);
    expect(Object.fromEntries(filled)).to.deep.equal(
      Object.fromEntries(expected.map(([name, , type]) => [name, type])),
    );
  });

  it("is known to the server's role, which cannot make it look ended", async () => {
    expect(MIGRATIONS).to.have.length.of.at.least(4);
    await client.query("SET ROLE tallyroot_server");
    for (const text of [
      "INSERT INTO moving_in (id, move, step, rows) VALUES (1, '', '', 0)",
      "DELETE FROM moving_in",
    ]) {
      const refused = await client.query(text).then(
        () => undefined,
        (error: Error & { code: string }) => error.code,
      );
      expect(refused, text).to.equal("42501");
    }
    await client.query("RESET ROLE");
  });

  it("is moved in beside whoever stores checkpoints at that moment, since that is another lock", async () => {
    await client.query("SELECT pg_advisory_lock($1)", [LOCKS.storing]);
    const destination = await openDestination(database.url);
    await destination.close();
    await client.query("SELECT pg_advisory_unlock($1)", [LOCKS.storing]);
    expect(new Set(Object.values(LOCKS)).size).to.equal(Object.keys(LOCKS).length);
  });
});
