import type { KeyObject } from "node:crypto";
import { closeSync, fsyncSync, openSync } from "node:fs";
import Database from "better-sqlite3";
import {
  type Column,
  type Counts,
  columnsAt,
  migrateTo,
  type RecordTable,
  type SchemaColumns,
  STATE_TABLES,
  type StateTable,
} from "./bundle-tables.ts";
import { openSqlite, type Sqlite } from "./database.ts";
import { type Cell, countsOf, endsOf, type Row } from "./dump.ts";
import { expectMasterKey } from "./master-key.ts";
import { MIGRATIONS } from "./schema.ts";
import { openTailIndex } from "./tail-index.ts";

/** Deltas after which the indexes behind the record are filled up. */
const INDEX_EVERY = 10_000;
/** Page cache while loading, in KiB. */
const CACHE_KIB = 64 * 1024;
const BUSY_TIMEOUT_MS = 5_000;

/** A row that the schema does not take; the message says why. */
export class RowRefusedError extends Error {
  override readonly name = "RowRefusedError";
}

export type Load = {
  /** Brings the schema to the version that the next segment was written with; one that is newer stays. */
  migrateTo(version: number): void;
  columnsOf: SchemaColumns;
  /** Opens a table of the record for more rows. Each MUST come after the one before in the order of its key. */
  record(table: RecordTable): (row: Row) => void;
  /** Empties a table of the state, as far as it is state, and opens it. Called in the order of `STATE_TABLES`. */
  state(table: StateTable): (row: Row) => void;
  /** Takes away what is state now. */
  dropState(): void;
  counts(): Counts;
  ends(counts: Counts): Row[];
  fact(name: string): string | undefined;
  /** @throws StorageRefusedError when the record was sealed with another master key. */
  expectMasterKey(master: KeyObject): void;
};

/** The newest schema that can be loaded. */
export const NEWEST_SCHEMA = MIGRATIONS.length;

/**
 * Loads a record in one transaction: all of it, or nothing.
 *
 * @param draft a database that nobody has seen yet, and that is thrown away when this fails; it is written without waiting for the
 *   disk, and synced at the end.
 */
export function loadRecord<T>(file: string, { draft }: { draft: boolean }, work: (load: Load) => T): T {
  const db = openForLoading(file, draft);
  try {
    const result = db.transaction(() => work(openLoad(db))).immediate();
    // What was state before may have held keys that are destroyed now.
    if (!draft) db.pragma("wal_checkpoint(TRUNCATE)");
    return result;
  } finally {
    db.close();
    if (draft) sync(file);
  }
}

/** The same into a draft, of rows that have to be waited for. */
export async function loadDraft<T>(file: string, work: (load: Load) => Promise<T>): Promise<T> {
  const db = openForLoading(file, true);
  try {
    db.exec("BEGIN IMMEDIATE");
    const result = await work(openLoad(db));
    db.exec("COMMIT");
    return result;
  } finally {
    // Closed within its transaction, the database is as empty as it was.
    db.close();
    sync(file);
  }
}

function openForLoading(file: string, draft: boolean): Sqlite {
  if (draft) closeSync(openSync(file, "wx", 0o600));
  const db = openSqlite(file, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma(draft ? "journal_mode = MEMORY" : "journal_mode = WAL");
    db.pragma(draft ? "synchronous = OFF" : "synchronous = FULL");
    db.pragma("foreign_keys = ON");
    db.pragma(`cache_size = -${CACHE_KIB}`);
    db.pragma("secure_delete = ON");
    db.pragma("trusted_schema = OFF");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function sync(file: string): void {
  const opened = openSync(file, "r+");
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

function openLoad(db: Sqlite): Load {
  let columnsOf: SchemaColumns | undefined;
  const atPresent: SchemaColumns = (table) => {
    columnsOf ??= columnsAt(db.pragma("user_version", { simple: true }) as number);
    return columnsOf(table);
  };
  const inserting = ({ name }: { name: string }, columns: readonly Column[]) => {
    const insert = db.prepare<Cell[]>(
      `INSERT INTO ${name} (${columns.map((column) => column.name).join()}) VALUES (${columns.map(() => "?").join()})`,
    );
    return (row: Row) => {
      try {
        insert.run(...row);
      } catch (error) {
        if (!(error instanceof Database.SqliteError) || !error.code.startsWith("SQLITE_CONSTRAINT")) throw error;
        throw new RowRefusedError(error.message, { cause: error });
      }
    };
  };

  return {
    migrateTo(version) {
      migrateTo(db, version);
      columnsOf = undefined;
    },
    columnsOf: atPresent,
    record(table) {
      const columns = atPresent(table);
      const insert = inserting(table, columns);
      return table.name === "deltas" ? alsoIndexing(db, columns, insert) : insert;
    },
    dropState() {
      // The record refuses to lose rows, also those of it that come in no order; here they make room for the same and more.
      const triggers = db
        .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        .all();
      for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
      for (const table of STATE_TABLES.toReversed()) {
        if (atPresent(table).length === 0) continue;
        // Without a condition SQLite empties whole pages: rows that are taken out one by one would leave bytes of their neighbours.
        if (table.where === undefined) db.exec(`DELETE FROM ${table.name}`);
        else {
          const statement = db.prepare(`DELETE FROM ${table.name} WHERE ${table.where}`);
          statement.run(table.where.includes("@anchor") ? { anchor: Number.MAX_SAFE_INTEGER } : {});
        }
      }
      for (const { sql } of triggers) db.exec(sql);
    },
    state: (table) => inserting(table, atPresent(table)),
    counts: () => countsOf(db, atPresent),
    ends: (counts) => endsOf(db, counts),
    fact: (name) => db.prepare<[string], string>("SELECT value FROM facts WHERE name = ?").pluck().get(name),
    expectMasterKey: (master) => expectMasterKey(db, master),
  };
}

/** The indexes behind the record are filled along the way, so that the first start has not the whole record to read. */
function alsoIndexing(db: Sqlite, columns: readonly Column[], insert: (row: Row) => void): (row: Row) => void {
  const fingerprints = openTailIndex(db, "fingerprint_index", "fingerprint");
  const requestIds = openTailIndex(db, "request_index", "request_id");
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  const [id, fingerprint, requestId] = [at("id"), at("fingerprint"), at("request_id")];
  let rows = 0;
  return (row) => {
    insert(row);
    fingerprints.add(row[fingerprint] as Buffer, row[id] as number);
    requestIds.add(row[requestId] as Buffer | null, row[id] as number);
    if (++rows % INDEX_EVERY !== 0) return;
    for (const index of [fingerprints, requestIds]) {
      index.write(2 * INDEX_EVERY);
      index.written(true);
    }
  };
}
