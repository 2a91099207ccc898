import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { StorageRefusedError } from "../refused.ts";
import { databaseFile, foldWalAtOnce, openDatabase, openSqlite, type Sqlite } from "./database.ts";
import { factsIn } from "./snapshot.ts";

/**
 * What a record notes of its move into PostgreSQL, and of the way back. From the first row that is moved it takes no more of its own: two
 * records that both go on under one log are a fork, and what came in between would be in the one and not in the other.
 */
export type Move = {
  /** `moving` until all of it is in the database. */
  state: "moving" | "moved";
  /** Which move: the database has the same. */
  id: string;
  /** The database, without user and password. */
  to: string;
  /** Unix milliseconds. */
  at: number;
};

/** The same of a record that comes out of PostgreSQL. */
export type Return = {
  /** `returning` until all of it is here: what notes that is no record, or what the record was before it moved away. */
  state: "returning" | "returned";
  id: string;
  from: string;
  at: number;
};

type Facts = Pick<ReadonlyMap<string, string>, "get">;

const MOVE = { moving: "moving.to", moved: "moved.to" } as const;
const RETURN = { returning: "moving.from", returned: "moved.from" } as const;

/** @returns undefined for a record that is where it always was. */
export function moveNoted(facts: Facts): Move | undefined {
  for (const state of ["moved", "moving"] as const) {
    const note = facts.get(MOVE[state]);
    if (note !== undefined) return { ...(JSON.parse(note) as Omit<Move, "state">), state };
  }
  return undefined;
}

/** @returns undefined for a record that never came out of a database. */
export function returnNoted(facts: Facts): Return | undefined {
  for (const state of ["returning", "returned"] as const) {
    const note = facts.get(RETURN[state]);
    if (note !== undefined) return { ...(JSON.parse(note) as Omit<Return, "state">), state };
  }
  return undefined;
}

/** The fact by which a record says where it came from. */
export function returnFact({ state, ...rest }: Return): readonly [name: string, value: string] {
  return [RETURN[state], JSON.stringify(rest)];
}

function factsOf(db: Sqlite): Facts {
  const value = db.prepare<[string], string>("SELECT value FROM facts WHERE name = ?").pluck();
  return { get: (name) => value.get(name) };
}

export function readMove(db: Sqlite): Move | undefined {
  return moveNoted(factsOf(db));
}

/** Notes how far a move is, or, with undefined, that there is none any more. It is on disk when this returns. */
export function noteMove(db: Sqlite, move: Move | undefined): void {
  const { state = "moving", ...rest } = move ?? {};
  noteOne(db, Object.values(MOVE), move && [MOVE[state], JSON.stringify(rest)]);
}

function noteOne(db: Sqlite, names: readonly string[], fact: readonly [name: string, value: string] | undefined): void {
  const clear = db.prepare<[string]>("DELETE FROM facts WHERE name = ?");
  const add = db.prepare("INSERT INTO facts (name, value) VALUES (?, ?)");
  const note = db.transaction(() => {
    for (const name of names) clear.run(name);
    if (fact) add.run(...fact);
  });
  note.immediate();
  // Into the database at once: without its end the WAL would be that of a record that was never moved.
  foldWalAtOnce(db, "RESTART");
}

/**
 * Notes in a data directory that a record is on its way into it, so that no server begins another one there; where there is none yet, in
 * an empty one that makes room for it. It is on disk when this returns.
 */
export function noteReturning(dir: string, coming: Return): void {
  const db = openDatabase(databaseFile(dir));
  try {
    noteOne(db, Object.values(RETURN), returnFact(coming));
  } finally {
    db.close();
  }
}

/** Takes that note back. What stood there before stands there again, or nothing. */
export function forgetReturning(dir: string): void {
  const file = databaseFile(dir);
  const db = openDatabase(file);
  let before: Move | undefined;
  try {
    before = readMove(db);
    if (before) noteOne(db, Object.values(RETURN), undefined);
  } finally {
    db.close();
  }
  if (!before) for (const side of ["", "-wal", "-shm"]) rmSync(`${file}${side}`, { force: true });
}

/**
 * Folds a record's WAL away, so that another file may take its place: SQLite would take the pages of the one for those of the other.
 *
 * @throws StorageRefusedError while another process reads it.
 */
export function makeRoom(file: string): void {
  const db = openSqlite(file, { fileMustExist: true, timeout: 0 });
  try {
    db.pragma("journal_mode = DELETE");
  } catch (error) {
    if (!(error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY"))) throw error;
    throw new StorageRefusedError(`another process reads ${file}: let it end, and run tallyroot migrate again`);
  } finally {
    db.close();
  }
}

/** Puts a database that is whole, and on disk, in its place. It is there when this returns. */
export function takePlace(draft: string, file: string): void {
  renameSync(draft, file);
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Makes sure that nothing is recorded into a record that has moved, or is on its way.
 *
 * @throws StorageRefusedError
 */
export function expectNotMoved(db: Sqlite): void {
  const facts = factsOf(db);
  const coming = returnNoted(facts);
  if (coming?.state === "returning") throw new StorageRefusedError(comingText("this data directory", coming));
  const move = moveNoted(facts);
  if (!move) return;
  throw new StorageRefusedError(
    move.state === "moved"
      ? `this record was moved to ${move.to} on ${new Date(move.at).toISOString()}, and goes on there: set TALLYROOT_DATABASE_URL to that database, and start again over the same data directory`
      : `this record is being moved to ${move.to}: run tallyroot migrate again until it says that all is there, or with --abandon to stay with SQLite; nothing was recorded`,
  );
}

function comingText(where: string, { from }: Return): string {
  return `the record in ${from} is being moved into ${where}, and is not all there: run tallyroot migrate --from again until it says that it is, or with --abandon to stay with the database; nothing was recorded`;
}

/**
 * Makes sure that a server over PostgreSQL does not leave a record behind in its own data directory: customers would begin again at their
 * first sequences.
 *
 * @throws StorageRefusedError
 */
export function expectNoRecordHere(dir: string): void {
  const file = databaseFile(dir);
  if (!existsSync(file)) return;
  const facts = factsIn(file);
  const coming = returnNoted(facts);
  if (coming?.state === "returning") throw new StorageRefusedError(comingText(`the data directory ${dir}`, coming));
  const move = moveNoted(facts);
  if (move?.state === "moved") return;
  if (move)
    throw new StorageRefusedError(
      `the record in ${dir} is being moved to ${move.to}: run tallyroot migrate again until it says that all is there`,
    );
  throw new StorageRefusedError(
    coming
      ? `the record in the data directory ${dir} was moved out of ${coming.from} on ${new Date(coming.at).toISOString()}, and goes on there: start over it without TALLYROOT_DATABASE_URL, or move it into an empty database with tallyroot migrate`
      : `the data directory ${dir} has a record of its own, which is not in the database: move it there with tallyroot migrate, or choose another directory with TALLYROOT_DATA_DIR`,
  );
}
