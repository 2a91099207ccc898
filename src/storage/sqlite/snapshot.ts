import { chmodSync, closeSync, copyFileSync, existsSync, openSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { StorageRefusedError } from "../refused.ts";
import { databaseFile, openSqlite } from "./database.ts";

/** Pages that one step of a copy takes: a moment each, so that a server can cut its WAL in between. */
const STEP_PAGES = 16_384;
/** Times that a copy begins anew because something was written meanwhile, before it is taken in one step. */
const MOST_RESTARTS = 2;
/** Tries to find files that nothing changes while they are copied. */
const MOST_TRIES = 5;
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Copies a record as it is at one moment, and changes nothing about it.
 *
 * While a server runs on it, SQLite copies it page by page, each step a short read; where so much is written that the steps never come to
 * an end, the rest is copied at once, which keeps the server from cutting its WAL for as long as that takes. When none runs, the files
 * are copied as they are, since opening them would already fold the WAL back.
 *
 * @param to a file that is not there yet.
 * @returns whether a server runs on the record.
 * @throws StorageRefusedError for files that something else than a server changes all the time.
 */
export async function copyRecord(file: string, to: string): Promise<{ live: boolean }> {
  closeSync(openSync(to, "wx", 0o600));
  const live = serverRuns(dirname(file));
  if (live) await copyLive(file, to);
  else copySettled(file, to);
  return { live };
}

/** The database of a data directory or a file itself; undefined when there is neither. */
export function recordFile(path: string): string | undefined {
  const file = existsSync(path) && statSync(path).isDirectory() ? databaseFile(path) : path;
  return existsSync(file) ? file : undefined;
}

/** How many anchors a record has by now: one short read. */
export function anchorsIn(file: string): number {
  const db = openSqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    return db.prepare<[], { n: number }>("SELECT coalesce(max(id), 0) AS n FROM anchors").get()!.n;
  } finally {
    db.close();
  }
}

/** What a record remembers about itself, by name: one short read. */
export function factsIn(file: string): ReadonlyMap<string, string> {
  const db = openSqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    const rows = db.prepare<[], { name: string; value: string }>("SELECT name, value FROM facts").all();
    return new Map(rows.map(({ name, value }) => [name, value]));
  } finally {
    db.close();
  }
}

/** Whether a process holds the lock of a directory (see `lockDirectory`). */
function serverRuns(dir: string): boolean {
  const file = join(dir, "lock.db");
  if (!existsSync(file)) return false;
  const db = openSqlite(file, { readonly: true, timeout: 0 });
  try {
    db.prepare("SELECT count(*) FROM sqlite_master").get();
    return false;
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY")) return true;
    throw error;
  } finally {
    db.close();
  }
}

async function copyLive(file: string, to: string): Promise<void> {
  const db = openSqlite(file, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  let restarts = 0;
  let before = Number.POSITIVE_INFINITY;
  try {
    await db.backup(to, {
      progress({ totalPages, remainingPages }) {
        if (remainingPages > before) restarts += 1;
        before = remainingPages;
        return restarts > MOST_RESTARTS ? totalPages + STEP_PAGES : STEP_PAGES;
      },
    });
  } finally {
    db.close();
  }
}

function copySettled(file: string, to: string): void {
  const wal = `${file}-wal`;
  const stamp = () => JSON.stringify([file, wal].map(stampOf));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const before = stamp();
    copyFileSync(file, to);
    if (existsSync(wal)) copyFileSync(wal, `${to}-wal`);
    else rmSync(`${to}-wal`, { force: true });
    // A copy takes the mode of what it is of.
    for (const copy of [to, `${to}-wal`]) if (existsSync(copy)) chmodSync(copy, 0o600);
    if (stamp() === before) return;
  }
  throw new StorageRefusedError(`${file} is being written by another program: stop it, or audit a copy`);
}

function stampOf(file: string): unknown {
  if (!existsSync(file)) return null;
  const { ino, size, mtimeMs } = statSync(file);
  return [ino, size, mtimeMs];
}
