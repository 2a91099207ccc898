import { randomBytes } from "node:crypto";
import { StorageRefusedError } from "../../refused.ts";
import type { Move } from "../../sqlite/moved-away.ts";
import { placeOf } from "../hosts.ts";
import { openSource, type Source } from "./source.ts";
import { type Destination, openDestination, type Standing } from "./target.ts";

/** All rows are there. */
const DONE = "done";

export type MoveParts = {
  /** The data directory, whose lock the caller holds. */
  dir: string;
  url: string;
  /** Unix milliseconds. */
  clock: () => number;
};

export type Moved = {
  /** Rows of all tables, this time and before. */
  rows: number;
  /** What of it was there when this began; `ended`: all of it, and it was looked at. */
  before: "nothing" | "a part" | "ended";
  /** The database, without user and password. */
  to: string;
};

/**
 * Moves the record of a data directory into a PostgreSQL database, as it is: rows with what is sealed in them, hashes and times. Ended at
 * any moment, it goes on where it was when it is begun again.
 *
 * From its first row until `judge` is content, neither a server over the directory nor one over the database starts: the one would
 * record what is not moved any more, the other upon what is not all there.
 *
 * @param judge looks at the whole record in the database. @returns whether it may go on there.
 * @throws StorageRefusedError for a directory or a database that this cannot be done with, which then is as it was.
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer: begin again.
 */
export async function moveRecord(
  { dir, url, clock }: MoveParts,
  judge: () => Promise<boolean>,
  onProgress: (table: string, done: number, total: number) => Promise<void> | void,
): Promise<Moved> {
  return withBoth(dir, url, async (source, destination) => {
    const noted = source.move();
    const standing = await destination.standing();
    expectOneMove(noted, standing, url);
    const before = standing === undefined ? "nothing" : standing.ended ? "ended" : "a part";
    const move = noted ?? { state: "moving", id: randomBytes(16).toString("hex"), to: placeOf(url), at: clock() };
    if (!standing?.ended) {
      if (!noted) source.note(move);
      if (!standing) await begin(source, destination, move, noted === undefined);
      await moveRows(source, destination, onProgress);
      await destination.settle();
      if (!(await judge())) return { rows: (await destination.standing())!.rows, before, to: move.to };
      await destination.end();
    }
    if (move.state === "moving") source.note({ ...move, state: "moved", at: clock() });
    return { rows: (await destination.standing())!.rows, before, to: move.to };
  });
}

/**
 * Gives up a move that has not come to its end: what was moved is taken out of the database, and the record goes on in its directory.
 *
 * @throws StorageRefusedError when there is none, or when it has ended: servers may have recorded in the database since.
 * @throws TallyrootError SERVICE_UNAVAILABLE
 */
export async function abandonMove({ dir, url }: Omit<MoveParts, "clock">): Promise<void> {
  await withBoth(dir, url, async (source, destination) => {
    const noted = source.move();
    if (!noted) throw new StorageRefusedError(`the record in ${dir} is not being moved: there is nothing to abandon`);
    const standing = await destination.standing();
    expectOneMove(noted, standing, url);
    if (noted.state === "moved" || standing?.ended)
      throw new StorageRefusedError(
        `all of the record is in ${noted.to}, and servers may have recorded there since: it goes on there`,
      );
    if (standing) await destination.clear();
    source.note(undefined);
  });
}

async function withBoth<T>(
  dir: string,
  url: string,
  work: (source: Source, destination: Destination) => Promise<T>,
): Promise<T> {
  const source = openSource(dir);
  try {
    const destination = await openDestination(url);
    try {
      return await work(source, destination);
    } finally {
      await destination.close();
    }
  } finally {
    source.close();
  }
}

/** @param fresh whether the directory has noted the move just now: where the database refuses it, there is none. */
async function begin(source: Source, destination: Destination, move: Move, fresh: boolean): Promise<void> {
  try {
    await destination.begin(move.id, source.steps[0]!);
  } catch (error) {
    if (fresh && error instanceof StorageRefusedError) source.note(undefined);
    throw error;
  }
}

/** @throws StorageRefusedError unless directory and database know of the same move, or neither of any. */
function expectOneMove(noted: Move | undefined, standing: Standing | undefined, url: string): void {
  if (standing && standing.move !== noted?.id)
    throw new StorageRefusedError(
      standing.ended
        ? "the database has a record of its own, and two records cannot become one: give an empty database"
        : "another data directory's record is being moved into this database: end that one, or give an empty database",
    );
  if (!noted || standing) return;
  if (noted.state === "moved")
    throw new StorageRefusedError(`this record was moved to ${noted.to} before, and goes on there`);
  if (noted.to !== placeOf(url))
    throw new StorageRefusedError(
      `this record is being moved to ${noted.to}: end that with the same command, or give it up with --abandon`,
    );
}

async function moveRows(
  source: Source,
  destination: Destination,
  onProgress: (table: string, done: number, total: number) => Promise<void> | void,
): Promise<void> {
  const { step, after } = (await destination.standing())!;
  if (step === DONE) return;
  let from = after;
  for (let at = source.steps.indexOf(step); at < source.steps.length; at++) {
    const name = source.steps[at]!;
    const total = source.count(name);
    let done = 0;
    for (const page of source.pages(name, from)) {
      await destination.add(name, page);
      done += page.rows;
      await onProgress(name, done, total);
    }
    await destination.goOn(source.steps[at + 1] ?? DONE);
    from = undefined;
  }
}
