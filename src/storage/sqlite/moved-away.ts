import { existsSync } from "node:fs";
import { StorageRefusedError } from "../refused.ts";
import { databaseFile, foldWalAtOnce, type Sqlite } from "./database.ts";
import { factsIn } from "./snapshot.ts";

/**
 * What a record notes of its move into PostgreSQL. From the first row that is moved it takes no more of its own: two records that both go
 * on under one log are a fork, and what came in between would be in the one and not in the other.
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

const FACT = { moving: "moving.to", moved: "moved.to" } as const;

/** @returns undefined for a record that is where it always was. */
export function moveNoted(facts: Pick<ReadonlyMap<string, string>, "get">): Move | undefined {
  for (const state of ["moved", "moving"] as const) {
    const note = facts.get(FACT[state]);
    if (note !== undefined) return { ...(JSON.parse(note) as Omit<Move, "state">), state };
  }
  return undefined;
}

export function readMove(db: Sqlite): Move | undefined {
  const value = db.prepare<[string], string>("SELECT value FROM facts WHERE name = ?").pluck();
  return moveNoted({ get: (name) => value.get(name) });
}

/** Notes how far a move is, or, with undefined, that there is none any more. It is on disk when this returns. */
export function noteMove(db: Sqlite, move: Move | undefined): void {
  const clear = db.prepare(`DELETE FROM facts WHERE name IN ('${FACT.moving}', '${FACT.moved}')`);
  const add = db.prepare("INSERT INTO facts (name, value) VALUES (?, ?)");
  const note = db.transaction(() => {
    clear.run();
    if (!move) return;
    const { state, ...rest } = move;
    add.run(FACT[state], JSON.stringify(rest));
  });
  note.immediate();
  // Into the database at once: without its end the WAL would be that of a record that was never moved.
  foldWalAtOnce(db, "RESTART");
}

/**
 * Makes sure that nothing is recorded into a record that has moved, or is on its way.
 *
 * @throws StorageRefusedError
 */
export function expectNotMoved(db: Sqlite): void {
  const move = readMove(db);
  if (!move) return;
  throw new StorageRefusedError(
    move.state === "moved"
      ? `this record was moved to ${move.to} on ${new Date(move.at).toISOString()}, and goes on there: set TALLYROOT_DATABASE_URL to that database, and start again over the same data directory`
      : `this record is being moved to ${move.to}: run tallyroot migrate again until it says that all is there, or with --abandon to stay with SQLite; nothing was recorded`,
  );
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
  const move = moveNoted(factsIn(file));
  if (move?.state === "moved") return;
  throw new StorageRefusedError(
    move === undefined
      ? `the data directory ${dir} has a record of its own, which is not in the database: move it there with tallyroot migrate, or choose another directory with TALLYROOT_DATA_DIR`
      : `the record in ${dir} is being moved to ${move.to}: run tallyroot migrate again until it says that all is there`,
  );
}
