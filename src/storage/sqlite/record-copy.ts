import { closeSync, fsyncSync, openSync } from "node:fs";
import Database from "better-sqlite3";
import { toHex } from "../../core/bytes.ts";
import { StorageRefusedError } from "../refused.ts";
import { openSqlite, type Sqlite } from "./database.ts";

/** A copy of a record, as one file that no server has open: looked at, and made to stand alone. */

const LOG_FACTS = "('chain.log', 'chain.logSalt')";

export type CopiedRecord = {
  schema: number;
  fact(name: string): string | undefined;
  /** The logs that it has left after losses; null for one that had none yet. */
  leftLogs(): (string | null)[];
  /** The signed transactions that it knows, as 0x hex. */
  transactions(): Set<string>;
  state(): {
    deltas: number;
    ledgers: number;
    checkpoints: number;
    anchors: number;
    confirmedAnchors: number;
    lastDelta: string | null;
    lastCheckpoint: string | null;
    lastAnchor: string | null;
  };
};

/**
 * Folds a copy's WAL into it and makes it one file that is read without files beside it, on disk when this returns.
 *
 * @throws StorageRefusedError when SQLite finds the copy damaged; the message has what it said first.
 */
export function settleRecord(file: string): void {
  const db = openSqlite(file, { fileMustExist: true });
  try {
    db.pragma("journal_mode = DELETE");
    db.pragma("trusted_schema = OFF");
    const found = db.pragma("integrity_check(1)", { simple: true });
    if (found !== "ok") throw new StorageRefusedError(`SQLite says of the copy: ${String(found)}`);
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    throw new StorageRefusedError(`SQLite cannot read the copy: ${error.message}`, { cause: error });
  } finally {
    db.close();
  }
  const opened = openSync(file, "r+");
  fsyncSync(opened);
  closeSync(opened);
}

/** Reads a settled copy; nothing is written to it. */
export function readCopy<T>(file: string, work: (copy: CopiedRecord) => T): T {
  const db = openSqlite(file, { readonly: true, fileMustExist: true });
  try {
    const schema = db.pragma("user_version", { simple: true }) as number;
    const has = (table: string) =>
      db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined;
    const count = (table: string, where = "1") =>
      has(table) ? db.prepare<[], number>(`SELECT count(*) FROM ${table} WHERE ${where}`).pluck().get()! : 0;
    const last = (table: string, column: string) => {
      const bytes = has(table)
        ? db.prepare<[], Buffer>(`SELECT ${column} FROM ${table} ORDER BY id DESC LIMIT 1`).pluck().get()
        : undefined;
      return bytes ? toHex(bytes) : null;
    };
    return work({
      schema,
      fact: (name) => factOf(db, name),
      leftLogs: () =>
        db
          .prepare<[], string>("SELECT value FROM facts WHERE name LIKE 'log.left.%'")
          .pluck()
          .all()
          .map((note) => (JSON.parse(note) as { log: string | null }).log),
      transactions: () =>
        new Set(db.prepare<[], Buffer>("SELECT raw FROM anchor_transactions").pluck().all().map(toHex)),
      state: () => ({
        deltas: count("deltas"),
        ledgers: count("ledgers"),
        checkpoints: count("checkpoints"),
        anchors: count("anchors"),
        confirmedAnchors: count("anchor_progress", "state = 'confirmed'"),
        lastDelta: last("deltas", "fingerprint"),
        lastCheckpoint: last("checkpoints", "fingerprint"),
        lastAnchor: last("anchors", "root"),
      }),
    });
  } finally {
    db.close();
  }
}

function factOf(db: Sqlite, name: string): string | undefined {
  return db.prepare<[string], string>("SELECT value FROM facts WHERE name = ?").pluck().get(name);
}

/**
 * Takes a record out of its log: the next server on it opens a new log and anchors every ledger and checkpoint in it anew.
 *
 * For a record that is older than what its log may have taken. What it records from here on never stands under the same log as what
 * was lost, so that nobody can show two deltas at one sequence of one log. Anchors, their leaves and transactions are dropped, with
 * the deliveries that tell of them; which log was left, and where it stood, stays on record as a fact.
 *
 * @param db of the newest schema, on which no server runs.
 * @param at Unix milliseconds.
 */
export function leaveLog(db: Sqlite, at: number): void {
  const run = db.transaction(() => {
    const triggers = db
      .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
      .all();
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
    const [left] = db
      .prepare<[], { n: number; root: Buffer | null }>(
        "SELECT count(*) AS n, (SELECT root FROM anchors ORDER BY id DESC LIMIT 1) AS root FROM anchors",
      )
      .all();
    const earlier = db.prepare<[], number>("SELECT count(*) FROM facts WHERE name LIKE 'log.left.%'").pluck().get()!;
    const note = {
      log: factOf(db, "chain.log") ?? null,
      logSalt: factOf(db, "chain.logSalt") ?? null,
      anchors: left!.n,
      lastRoot: left!.root && toHex(left!.root),
      at,
    };
    db.prepare("INSERT INTO facts (name, value) VALUES (?, ?)").run(`log.left.${earlier + 1}`, JSON.stringify(note));
    db.exec(`
      DELETE FROM facts WHERE name IN ${LOG_FACTS} OR name = 'digests.anchors.after';
      DELETE FROM anchor_progress;
      DELETE FROM anchor_transactions;
      DELETE FROM anchor_leaves;
      DELETE FROM anchors;
      DELETE FROM webhook_deliveries WHERE event IN (SELECT id FROM webhook_events WHERE anchor IS NOT NULL);
      DELETE FROM webhook_events WHERE anchor IS NOT NULL;
      UPDATE webhook_progress SET anchor = 1, position = 0, sequence = 0;
      UPDATE webhook_endpoints SET
        pending = (SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint = webhook_endpoints.id AND d.state = 'pending'),
        delivered = (SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint = webhook_endpoints.id AND d.state = 'delivered'),
        parked = (SELECT count(*) FROM webhook_deliveries d WHERE d.endpoint = webhook_endpoints.id AND d.state = 'parked');`);
    for (const { sql } of triggers) db.exec(sql);
  });
  run.immediate();
}
