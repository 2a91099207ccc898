import { readdirSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Client } from "pg";
import { fromHex } from "#src/core/bytes.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { openDataDirectory } from "#src/storage/data-directory.ts";
import { openPostgresStore, type PostgresStore } from "#src/storage/postgres/store.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { openSqliteStore, type SqliteStore } from "#src/storage/sqlite/store.ts";
import { databaseOf, ENGINE } from "./engine.ts";

/** The record of a data directory, wherever it is kept, without its server. */

/** The store of a data directory whose server is not running. @param clock Unix milliseconds. */
export async function openStoreOf(dir: string, clock: () => number = Date.now): Promise<SqliteStore | PostgresStore> {
  const master = sealingKey(fromHex(openDataDirectory(dir).key("master-key"), 32));
  const report = (message: string, cause: Error) => {
    throw new Error(message, { cause });
  };
  const url = await databaseOf(dir);
  if (url === undefined) return openSqliteStore({ dir, master, clock, report });
  return openPostgresStore({ url, master, clock, report });
}

/** A plain SQL client, with `?` for the values. */
export type Sql = {
  all<Row>(text: string, ...values: unknown[]): Promise<Row[]>;
  /** Changes rows, whatever would refuse that. @returns how many. */
  change(text: string, ...values: unknown[]): Promise<number>;
  /** Has the engine refuse new rows of a table in these words, until it accepts them again. */
  refuse(table: string, words: string): Promise<void>;
  accept(table: string): Promise<void>;
  /** Lets nobody else write anything, until it is let go. */
  hold(): Promise<void>;
  letGo(): Promise<void>;
  close(): Promise<void>;
};

/** As somebody has it who has the disk, or owns the database. */
export async function sqlOn(dir: string): Promise<Sql> {
  const url = await databaseOf(dir);
  return url === undefined ? onFile(dir) : onDatabase(url);
}

/** Does something behind the server's back. */
export async function behind<T>(dir: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await sqlOn(dir);
  try {
    return await work(sql);
  } finally {
    await sql.close();
  }
}

/** One statement behind the server's back. @returns how many rows it changed. */
export function changeBehind(dir: string, text: string, ...values: unknown[]): Promise<number> {
  return behind(dir, (sql) => sql.change(text, ...values));
}

export function rowsBehind<Row>(dir: string, text: string, ...values: unknown[]): Promise<Row[]> {
  return behind(dir, (sql) => sql.all<Row>(text, ...values));
}

/** The files that the record is in, as they are on disk now; without a database's write-ahead log, which has everything for a while. */
export async function filesOfRecord(dir: string): Promise<string[]> {
  let folder = dir;
  if (ENGINE === "postgres") {
    const sql = await sqlOn(dir);
    await sql.all("CHECKPOINT");
    const [row] = await sql.all<{ folder: string; oid: number }>(
      "SELECT current_setting('data_directory') AS folder, oid::int FROM pg_database WHERE datname = current_database()",
    );
    await sql.close();
    folder = join(row!.folder, "base", String(row!.oid));
  }
  return readdirSync(folder).map((name) => join(folder, name));
}

function onFile(dir: string): Sql {
  const db = new Database(databaseFile(dir));
  db.pragma("foreign_keys = OFF");
  return {
    all: async <Row>(text: string, ...values: unknown[]) => db.prepare<unknown[], Row>(text).all(...values),
    async change(text, ...values) {
      const triggers = db
        .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        .all();
      return db.transaction(() => {
        for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
        const { changes } = db.prepare(text).run(...values);
        for (const { sql } of triggers) db.exec(sql);
        return changes;
      })();
    },
    async refuse(table, words) {
      db.exec(`CREATE TRIGGER refused BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, '${words}'); END`);
    },
    accept: async () => void db.exec("DROP TRIGGER refused"),
    hold: async () => void db.exec("BEGIN IMMEDIATE"),
    letGo: async () => void db.exec("ROLLBACK"),
    close: async () => void db.close(),
  };
}

async function onDatabase(connectionString: string): Promise<Sql> {
  // Constraints and triggers stand aside.
  const client = new Client({
    connectionString,
    options: "-c search_path=tallyroot -c session_replication_role=replica",
  });
  // Numbers as SQLite gives them.
  client.setTypeParser(20, Number);
  await client.connect();
  const ask = (text: string, values: unknown[]) => {
    let n = 0;
    return client.query(
      text.replace(/\?/g, () => `$${++n}`),
      values,
    );
  };
  return {
    all: async <Row>(text: string, ...values: unknown[]) => (await ask(text, values)).rows as Row[],
    change: async (text, ...values) => (await ask(text, values)).rowCount ?? 0,
    async refuse(table, words) {
      await client.query(
        `CREATE FUNCTION refuse_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '${words}'; END $$`,
      );
      await client.query(
        `CREATE TRIGGER refused BEFORE INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_rows()`,
      );
    },
    async accept(table) {
      await client.query(`DROP TRIGGER refused ON ${table}`);
      await client.query("DROP FUNCTION refuse_rows");
    },
    async hold() {
      const { rows } = await client.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'tallyroot'");
      await client.query("BEGIN");
      await client.query(`LOCK TABLE ${rows.map(({ name }) => name).join(", ")} IN EXCLUSIVE MODE`);
    },
    letGo: async () => void (await client.query("ROLLBACK")),
    close: () => client.end(),
  };
}
