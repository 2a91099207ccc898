import Database from "better-sqlite3";
import { StorageRefusedError } from "../refused.ts";
import {
  COUNTERS,
  type Counter,
  type Counts,
  columnsAt,
  ENDS,
  RECORD_TABLES,
  type RecordTable,
  type SchemaColumns,
  STATE_TABLES,
  type StateTable,
} from "./bundle-tables.ts";
import { openSqlite, type Sqlite } from "./database.ts";
import { MIGRATIONS } from "./schema.ts";

/** Rows that one read takes: the read transaction is over before the next, so that the WAL can be cut meanwhile. */
const PAGE = 2_000;
/** Milliseconds to wait for a moment's lock, such as that of a server that is just stopping. */
const BUSY_TIMEOUT_MS = 5_000;
/** Tries to meet a moment at which nothing is being written beside the database. */
const MOST_TRIES = 1_000;

export type Cell = number | string | Buffer | null;
export type Row = readonly Cell[];

export type Dump = {
  /** The version of the schema that the database has. */
  readonly schema: number;
  /**
   * Fixes one moment of the record: what is read afterwards is as it was then, whatever is written meanwhile.
   *
   * @param beside a number that says how much of something outside of the database there is; the moment is one at which it stood still.
   */
  snapshot(beside: () => number): { through: Counts; beside: number };
  /** Rows of the record after one count, up to another. They never change, so they are read in short transactions. */
  record(table: RecordTable, columns: readonly string[], from: Counts, through: Counts): Iterable<Row>;
  /** Rows of the state at the moment of the snapshot. */
  state(table: StateTable, columns: readonly string[]): Iterable<Row>;
  /** The rows at these counts: two records that have all of them are the same one, as far as they go. A row that is missing is `[]`. */
  ends(counts: Counts): Row[];
  /** A fact at the moment of the snapshot. */
  fact(name: string): string | undefined;
  close(): void;
};

/**
 * Opens a record for copying, while a server writes it or when none runs. Nothing is written to it.
 *
 * A long read transaction would keep the server from cutting the WAL after an erasure. So what changes is copied by SQLite into
 * temporary tables within one transaction, and only what never changes is read afterwards.
 *
 * @throws StorageRefusedError for what is no record of this version or an earlier one.
 */
export function openDump(file: string): Dump {
  const db = open(file);
  const schema = db.pragma("user_version", { simple: true }) as number;
  if (schema < 1 || schema > MIGRATIONS.length) {
    db.close();
    throw new StorageRefusedError(`${file} has schema ${schema}, this version knows 1 to ${MIGRATIONS.length}`);
  }
  const columnsOf = columnsAt(schema);
  const names = (table: RecordTable | StateTable) => columnsOf(table).map(({ name }) => name);

  const copyState = (anchor: number) => {
    for (const table of STATE_TABLES) {
      const columns = names(table).join();
      if (columns === "") continue;
      db.exec(`DROP TABLE IF EXISTS temp.state_${table.name};
        CREATE TEMP TABLE state_${table.name} AS SELECT ${columns} FROM main.${table.name} WHERE 0;`);
      const copy = `INSERT INTO temp.state_${table.name} SELECT ${columns} FROM main.${table.name} WHERE ${table.where ?? "1"} ORDER BY ${table.key.join()}`;
      db.prepare(copy).run(table.where?.includes("@anchor") ? { anchor } : {});
    }
  };

  return {
    schema,
    snapshot(beside) {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const before = beside();
        db.exec("BEGIN");
        try {
          // A transaction begins to see with its first read.
          const through = countsOf(db, columnsOf);
          if (beside() === before) {
            copyState(through.anchor);
            return { through, beside: before };
          }
        } finally {
          if (db.inTransaction) db.exec("COMMIT");
        }
      }
      throw new StorageRefusedError("the record and its chain do not stand still long enough to be copied: try again");
    },
    *record(table, columns, from, through) {
      const { name, counter, key, source = `${name} t`, where = "1" } = table;
      const select = [...key, ...columns.map((column) => `t.${column}`)].join();
      const page = db
        .prepare<(number | Cell)[], Cell[]>(
          `SELECT ${select} FROM ${source} WHERE ${key[0]} BETWEEN ? AND ? AND (${key.join()}) > (${key.map(() => "?").join()}) AND ${where} ORDER BY ${key.join()} LIMIT ${PAGE}`,
        )
        .raw();
      // After everything that has the last count of before.
      let last: Cell[] = [from[counter], ...key.slice(1).map(() => Number.MAX_SAFE_INTEGER)];
      for (;;) {
        const rows = page.all(last[0]!, through[counter], ...last);
        for (const row of rows) yield row.slice(key.length);
        if (rows.length < PAGE) return;
        last = rows.at(-1)!.slice(0, key.length);
      }
    },
    *state({ name }, columns) {
      const page = db
        .prepare<[number], Cell[]>(
          `SELECT rowid, ${columns.join()} FROM temp.state_${name} WHERE rowid > ? ORDER BY rowid LIMIT ${PAGE}`,
        )
        .raw();
      for (let last = 0; ; ) {
        const rows = page.all(last);
        for (const row of rows) yield row.slice(1);
        if (rows.length < PAGE) return;
        last = rows.at(-1)![0] as number;
      }
    },
    ends: (counts) => endsOf(db, counts),
    fact(name) {
      return db.prepare<[string], string>("SELECT value FROM temp.state_facts WHERE name = ?").pluck().get(name);
    },
    close: () => db.close(),
  };
}

function open(file: string): Sqlite {
  try {
    const db = openSqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    db.pragma("trusted_schema = OFF");
    db.prepare("SELECT count(*) FROM sqlite_master").get();
    return db;
  } catch (error) {
    if (!(error instanceof Database.SqliteError || error instanceof TypeError)) throw error;
    throw new StorageRefusedError(`${file} cannot be read as a record: ${error.message}`);
  }
}

/** Up to where the record goes. */
export function countsOf(db: Sqlite, columnsOf: SchemaColumns): Counts {
  const last = (sql: string) => db.prepare<[], number | null>(sql).pluck().get() ?? 0;
  const there = new Set(RECORD_TABLES.filter((table) => columnsOf(table).length > 0).map(({ name }) => name));
  const newest = (table: string) => (there.has(table) ? last(`SELECT max(id) FROM ${table}`) : 0);
  return {
    tenant: newest("tenants"),
    ledger: newest("ledgers"),
    delta: newest("deltas"),
    checkpoint: newest("checkpoints"),
    batch: newest("checkpoint_batches"),
    // Before its first transaction is stored an anchor cannot have reached anybody: a copy makes one of its own.
    anchor: last("SELECT anchor FROM anchor_transactions WHERE attempt = 1 ORDER BY anchor DESC LIMIT 1"),
  };
}

export function endsOf(db: Sqlite, counts: Counts): Row[] {
  return COUNTERS.map((counter: Counter) =>
    counts[counter] === 0 ? [] : (db.prepare<[number], Cell[]>(ENDS[counter]).raw().get(counts[counter]) ?? []),
  );
}
