import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { StorageRefusedError } from "../refused.ts";
import { nodeRefusal } from "./needed-node.ts";
import { MIGRATIONS } from "./schema.ts";

export type Sqlite = Database.Database;

/** Milliseconds that one connection waits for the other's short transaction. */
const BUSY_TIMEOUT_MS = 5_000;
/** Pages of 4 KB that the WAL grows to before it is folded back: 16 MB. */
const WAL_PAGES = 4_000;
/** Page cache of one connection, in KiB: a server has three. The operating system keeps the file's pages anyway. */
const CACHE_KIB = 16 * 1024;

/**
 * Opens SQLite on a file, as it is.
 *
 * @throws StorageRefusedError on a Node that is too old.
 */
export function openSqlite(file: string, options: Database.Options = {}): Sqlite {
  const refusal = nodeRefusal();
  if (refusal !== undefined) throw new StorageRefusedError(refusal);
  return new Database(file, options);
}

/** Whether a failure is the disk's or the lock's: nothing was written, and trying again later is right. */
export function isStorageTrouble(error: unknown): error is Error {
  return error instanceof Database.SqliteError;
}

export function databaseFile(dir: string): string {
  return join(dir, "tallyroot.db");
}

/**
 * Opens a connection to the record. Every commit is on disk when it returns: WAL with `synchronous=FULL`.
 *
 * @throws StorageRefusedError for a database that a newer version has written, for a file that is none, and on a Node that is too old.
 */
export function openDatabase(file: string): Sqlite {
  // Created with its mode before SQLite opens it: the WAL takes the same mode.
  if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
  const db = openSqlite(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    db.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    db.pragma("secure_delete = ON");
    // Nothing of the record goes into temporary files, which no erasure would find.
    db.pragma("temp_store = MEMORY");
    db.pragma("trusted_schema = OFF");
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    if (!(error instanceof Database.SqliteError && error.code === "SQLITE_NOTADB")) throw error;
    throw new StorageRefusedError(
      `${file} is not a SQLite database: restore it, or choose another directory with TALLYROOT_DATA_DIR`,
    );
  }
}

/**
 * Folds the WAL back into the database and cuts it to nothing, so that no earlier image of a page is left in it.
 *
 * @returns false, at once, while another connection reads or writes.
 */
export function emptyWal(db: Sqlite): boolean {
  return foldWalAtOnce(db, "TRUNCATE");
}

/**
 * Folds the WAL back and lets the next commit begin it anew (RESTART), or cuts it to nothing as well (TRUNCATE).
 *
 * Nobody is waited for: SQLite would keep everybody from writing for as long as somebody reads.
 *
 * @returns false while another connection reads or writes; then at most a part is folded back.
 */
export function foldWalAtOnce(db: Sqlite, mode: "RESTART" | "TRUNCATE"): boolean {
  const timeout = db.pragma("busy_timeout", { simple: true }) as number;
  db.pragma("busy_timeout = 0");
  try {
    const [result] = db.pragma(`wal_checkpoint(${mode})`) as [{ busy: number }];
    return result.busy === 0;
  } finally {
    db.pragma(`busy_timeout = ${timeout}`);
  }
}

/**
 * Brings the schema to this version, in one transaction: after a crash, or a step that does not go, the database is as it was, and the
 * program that wrote it still runs on it.
 */
function migrate(db: Sqlite): void {
  const applied = db.pragma("user_version", { simple: true }) as number;
  if (applied > MIGRATIONS.length) {
    throw new StorageRefusedError(
      `the database has schema ${applied}, this version knows ${MIGRATIONS.length}: run a newer version`,
    );
  }
  if (applied === MIGRATIONS.length) return;
  const migrateAll = db.transaction(() => {
    for (const [version, migration] of MIGRATIONS.entries()) {
      if (version < applied) continue;
      try {
        db.exec(migration);
      } catch (error) {
        // A full or failing disk is told as such, and passes.
        if (!(error instanceof Database.SqliteError && error.code === "SQLITE_ERROR")) throw error;
        throw new StorageRefusedError(
          `the database says that it has schema ${applied}, but cannot be brought to schema ${version + 1} (${error.message}): nothing was changed; run the version that wrote it`,
          { cause: error },
        );
      }
      db.pragma(`user_version = ${version + 1}`);
    }
  });
  migrateAll.immediate();
}

/** Locks that are held: a connection that nothing refers to is closed when memory is collected, and its lock is gone. */
const held = new Set<Sqlite>();

/**
 * Makes this process the only one on a data directory until it ends, however it ends: the lock is the operating system's, held
 * through an exclusive SQLite transaction, so a killed process leaves nothing behind.
 *
 * @throws StorageRefusedError when another process has it.
 */
export function lockDirectory(dir: string): { release(): void } {
  const file = join(dir, "lock.db");
  const db = openSqlite(file, { timeout: 0 });
  chmodSync(file, 0o600);
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (!(error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY"))) throw error;
    throw new StorageRefusedError(
      `another process is running on the data directory ${dir}: stop it, or choose another with TALLYROOT_DATA_DIR`,
    );
  }
  held.add(db);
  return {
    release() {
      held.delete(db);
      db.close();
    },
  };
}
