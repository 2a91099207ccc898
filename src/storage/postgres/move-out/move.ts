import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { StorageRefusedError } from "../../refused.ts";
import { databaseFile } from "../../sqlite/database.ts";
import {
  forgetReturning,
  type Move,
  makeRoom,
  moveNoted,
  noteReturning,
  type Return,
  returnFact,
  returnNoted,
  takePlace,
} from "../../sqlite/moved-away.ts";
import { factsIn } from "../../sqlite/snapshot.ts";
import { placeOf } from "../hosts.ts";
import { copyOut, type OnProgress } from "./copy.ts";
import { type Departure, departureText } from "./departure.ts";
import { expectRecordIn } from "./expect-record.ts";
import { type Origin, openOrigin } from "./origin.ts";

export type MoveOutParts = {
  /** The data directory, whose lock the caller holds. */
  dir: string;
  url: string;
  /** Unix milliseconds. */
  clock: () => number;
};

export type MovedOut = {
  /** Rows of all tables; 0 where an earlier run has moved them. */
  rows: number;
  before: "nothing" | "ended";
  /** The database, without user and password. */
  from: string;
};

/**
 * Moves a record out of a PostgreSQL database into a data directory, as it is: rows with what is sealed in them, hashes and times. It is
 * copied beside its place and comes there by a rename, whole or not at all; ended at any moment, it is begun anew by another run.
 *
 * From before the first row is read nothing is recorded in the database any more, and no server starts over it; none starts over the
 * directory until `judge` is content.
 *
 * @param judge looks at the whole record in a database file. @returns whether it may go on in the directory.
 * @throws StorageRefusedError for a directory or a database that this cannot be done with.
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer: begin again.
 */
export async function moveOut(
  parts: MoveOutParts,
  judge: (file: string) => Promise<boolean>,
  onProgress: OnProgress,
): Promise<MovedOut> {
  const { url, clock } = parts;
  const dir = resolve(parts.dir);
  const from = placeOf(url);
  await expectRecordIn(url);
  const origin = await openOrigin(url);
  try {
    const left = await origin.departure();
    const here = notesIn(dir);
    if (here.came?.state === "returned" && here.came.id === left?.move) return { rows: 0, before: "ended", from };
    expectRoom(dir, from, here, await origin.cameInBy());
    if (left?.ended && left.move !== here.came?.id) throw new StorageRefusedError(departureText(left));
    const { id } = await begin(origin, dir, left, here.came ?? freshReturn(from, clock()));
    const [draft, file] = [`${databaseFile(dir)}.${DRAFT}`, databaseFile(dir)];
    dropFile(draft);
    const arrived = returnFact({ state: "returned", id, from, at: clock() });
    const { rows } = await copyOut(url, draft, { facts: [arrived], onProgress });
    if (await judge(draft)) {
      makeRoom(file);
      // Before the directory can start: from here on the record does not go on in the database any more, whatever happens.
      await origin.end(id);
      takePlace(draft, file);
    }
    return { rows, before: "nothing", from };
  } finally {
    await origin.close();
  }
}

/**
 * Gives up a move that has not come to its end: the record goes on in the database, and what the directory had before stands there again.
 *
 * @throws StorageRefusedError when there is none, or when it has ended: a server may have recorded in the directory since.
 * @throws TallyrootError SERVICE_UNAVAILABLE
 */
export async function abandonMoveOut({ url, ...parts }: Omit<MoveOutParts, "clock">): Promise<void> {
  const dir = resolve(parts.dir);
  await expectRecordIn(url);
  const origin = await openOrigin(url);
  try {
    const left = await origin.departure();
    const { came } = notesIn(dir);
    const coming = came?.state === "returning" ? came : undefined;
    if (!left && !coming)
      throw new StorageRefusedError(
        "the record in this database is not being moved out of it: there is nothing to abandon",
      );
    if (coming) expectSameDatabase(dir, placeOf(url), coming);
    // Where it has ended, its own directory may still be without it.
    if (left?.ended && left.move !== coming?.id) throw new StorageRefusedError(departureText(left));
    if (left) await origin.stay();
    dropFile(`${databaseFile(dir)}.${DRAFT}`);
    if (coming) forgetReturning(dir);
  } finally {
    await origin.close();
  }
}

/** What a copy that is under way is called, beside the database that it is to be. */
const DRAFT = "coming";

type Notes = { file: boolean; move?: Move | undefined; came?: Return | undefined };

/** What a data directory says of its record. */
function notesIn(dir: string): Notes {
  if (!existsSync(databaseFile(dir))) return { file: false };
  const facts = factsIn(databaseFile(dir));
  // A first start begins with a fact.
  return { file: facts.size > 0, move: moveNoted(facts), came: returnNoted(facts) };
}

function freshReturn(from: string, at: number): Return {
  return { state: "returning", id: randomBytes(16).toString("hex"), from, at };
}

/** @throws StorageRefusedError where a directory has another record than the one that comes */
function expectRoom(dir: string, from: string, { file, move, came }: Notes, cameInBy: string | undefined): void {
  if (!file) return;
  if (came?.state === "returning") expectSameDatabase(dir, from, came);
  else if (move?.state === "moving")
    throw new StorageRefusedError(
      `the record in ${dir} is being moved to ${move.to}: give that up with --abandon and --to`,
    );
  else if (move && move.id !== cameInBy)
    throw new StorageRefusedError(
      `the record in ${dir} was moved to ${move.to}, which is another one: give an empty directory`,
    );
  else if (!move)
    throw new StorageRefusedError(
      `${dir} has a record of its own, and two records cannot become one: give an empty directory, or the one that this record came from`,
    );
}

function expectSameDatabase(dir: string, from: string, coming: Return): void {
  if (coming.from === from) return;
  throw new StorageRefusedError(
    `the record in ${coming.from} is being moved into ${dir}: end that, or give it up with --abandon`,
  );
}

/** Marks both sides, before the first row is read. */
async function begin(origin: Origin, dir: string, left: Departure | undefined, coming: Return): Promise<Return> {
  const noted = notesIn(dir).came?.id === coming.id;
  if (!noted) noteReturning(dir, coming);
  if (left?.move === coming.id) return coming;
  try {
    await origin.leave(coming.id, dir);
  } catch (error) {
    if (!noted && error instanceof StorageRefusedError) forgetReturning(dir);
    throw error;
  }
  return coming;
}

function dropFile(file: string): void {
  for (const side of ["", "-journal", "-wal", "-shm"]) rmSync(`${file}${side}`, { force: true });
}
