import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { PoolClient } from "pg";
import { TallyrootError } from "../../core/errors.ts";
import { isMarked, type Lanes, leaveMark, type Mark, openLanes } from "./commit-marks.ts";
import { type Connections, openPool } from "./connections.ts";
import { ConnectionLostError, hasState, isPassing, STATE, toldApart, unavailable } from "./trouble.ts";

/** Connections of one node: for reading, and for transactions. */
const READING = 8;
const WRITING = 8;
/** How often a transaction is tried that met another one, or lost its connection before its end. */
const MOST_TRIES = 6;
/** How often of these because the connection was lost: a server that was started again leaves several dead ones in a pool. */
const MOST_LOST = 3;
/** Milliseconds before the second try, twice as many before each next one, and as many again by chance. */
const TRY_AGAIN_MS = 10;
/** Milliseconds for which the outcome of a commit is asked for whose answer was lost: a standby may be promoted meanwhile. */
const RESOLVE_MS = 30_000;
/** Between two questions. */
const RESOLVE_EVERY_MS = 150;

/** Statements of one transaction. They are sent at once, in their order; each answer can be waited for or not. */
export type Transaction = {
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
};

export type Postgres = {
  /** One statement that changes nothing. @throws TallyrootError SERVICE_UNAVAILABLE */
  read<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * Runs a transaction. When it resolves, it is on disk; what `work` did not wait for is waited for, and counts.
   *
   * It is tried again where it met another one or lost its connection, so `work` MUST change nothing but the database. A commit whose answer
   * was lost is asked for by the mark that the transaction left.
   *
   * @param again whether a failure is of a kind that another try, which looks anew, would not meet.
   * @throws TallyrootError SERVICE_UNAVAILABLE when nothing of it was done; with the fact `outcome: "unknown"` when that could not be found
   *   out.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, again?: (error: unknown) => boolean): Promise<T>;
  /**
   * Writes tables anew without the versions of rows that a transaction has replaced, where the server's role may.
   *
   * @param replacedBy the transaction's number, an xid8.
   * @throws TallyrootError SERVICE_UNAVAILABLE when an older view of a table has kept them.
   */
  clean(tables: readonly string[], replacedBy: string): Promise<void>;
  close(): Promise<void>;
};

/** Milliseconds for which transactions are waited for that may still see what was replaced, and between two tries. */
const CLEANING_MS = 3_000;
const CLEAN_AGAIN_MS = 250;
/**
 * Of tables that were just written anew those in which a transaction's old versions may have been kept: all that is older than the table's
 * oldest transaction was settled for everybody by then, and all else was copied as it was.
 */
const VIEWED = `SELECT 1 FROM pg_class
  WHERE oid = ANY ($1::text[]::regclass[]) AND age(relfrozenxid) >= age($2::xid8::xid)`;
const NOT_CLEANED = "what was erased is gone, but old pages could not be cleaned now: erase again";

const NOT_WRITTEN = "this cannot be written now; nothing of it was done";

/** The server ended the connection, or it broke: what was sent last may have been done. */
class OutcomeUnknownError extends Error {
  override readonly name = "OutcomeUnknownError";
}

/** A transaction has left no mark: none of it is there. */
class NotMarkedError extends Error {
  override readonly name = "NotMarkedError";
}

/** The names of prepared statements: one for each text, in every connection of this process. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = `tallyroot_${names.size + 1}`;
  names.set(text, name);
  return name;
}

/**
 * No text in the database has the character U+0000, and PostgreSQL refuses one that has. It is asked for something else instead that
 * is equal to nothing. What is written never has it: names and codes have a form, and all else is sealed.
 */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  return typeof value === "string" && value.includes("\0") ? null : value;
}

/** @param report told of connections that broke while nobody used them. */
export function openPostgres(url: string, report: (message: string, error: Error) => void): Postgres {
  const reading = openPool(url, "server", READING);
  const writing = openPool(url, "server", WRITING);
  const lanes = openLanes();
  for (const pool of [reading, writing])
    pool.on("error", (error) => report("a connection to the database was lost", error));

  async function readOnce<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    try {
      return (await reading.query<Row>({ name: nameOf(text), text, values: values.map(comparable) })).rows;
    } catch (error) {
      throw toldApart(error);
    }
  }

  async function read<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      for (let tries = 1; ; tries++) {
        try {
          return await readOnce<Row>(text, values);
        } catch (error) {
          if (!(error instanceof ConnectionLostError) || tries === MOST_LOST) throw error;
          await sleep(TRY_AGAIN_MS);
        }
      }
    } catch (error) {
      throw unavailable(error, "the record cannot be read now");
    }
  }

  /**
   * Whether a transaction was committed, once that is certain. Where standbys have to confirm commits, one has it by then: otherwise what
   * is told here could be lost with the server that has it.
   *
   * @throws OutcomeUnknownError
   */
  async function wasCommitted(mark: Mark): Promise<boolean> {
    for (const end = performance.now() + RESOLVE_MS; performance.now() < end; await sleep(RESOLVE_EVERY_MS)) {
      try {
        const { doubt } = await attempt(writing, lanes, async (tx) => {
          if (!(await isMarked(tx, mark))) throw new NotMarkedError();
        });
        if (!doubt) return true;
      } catch (error) {
        if (error instanceof NotMarkedError) return false;
        // Its end is waited for elsewhere, or there is no server to ask.
        const passing =
          error instanceof ConnectionLostError || isPassing(error) || hasState(error, STATE.lockNotAvailable);
        if (!passing) throw error;
      }
    }
    throw new OutcomeUnknownError(`turn ${mark.turn} of ${mark.lane} was sent, and its answer was lost`);
  }

  async function transaction<T>(
    work: (tx: Transaction) => Promise<T>,
    again: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        const { value, doubt } = await attempt(writing, lanes, work);
        if (!doubt || (await wasCommitted(doubt.mark))) return value;
        throw doubt.failure;
      } catch (error) {
        if (error instanceof OutcomeUnknownError) throw unknownOutcome(error);
        const repeatable = error instanceof ConnectionLostError ? tries < MOST_LOST : isPassing(error) || again(error);
        if (!repeatable || tries === MOST_TRIES) throw unavailable(error, NOT_WRITTEN);
        await sleep(TRY_AGAIN_MS * 2 ** (tries - 1) * (1 + randomInt(1_000) / 1_000));
      }
    }
  }

  return {
    read,
    transaction,
    async clean(tables, replacedBy) {
      // The right to it comes with PostgreSQL 17.
      const [{ allowed }] = (await read<{ allowed: boolean }>(
        `SELECT current_setting('server_version_num')::int >= 170000 AS allowed`,
      )) as [{ allowed: boolean }];
      if (!allowed) return;
      for (const end = performance.now() + CLEANING_MS; ; await sleep(CLEAN_AGAIN_MS)) {
        try {
          for (const table of tables) await writing.query(`VACUUM (FULL) ${table}`);
        } catch (error) {
          throw unavailable(toldApart(error), NOT_CLEANED);
        }
        if ((await read(VIEWED, [tables, replacedBy])).length === 0) return;
        if (performance.now() > end)
          throw new TallyrootError(
            "SERVICE_UNAVAILABLE",
            `${NOT_CLEANED}, once nobody reads an older view of the database`,
            {
              retryAfterSeconds: 1,
            },
          );
      }
    },
    async close() {
      await Promise.all([reading.end(), writing.end()]);
    },
  };
}

/**
 * One try.
 *
 * @returns what came of it, and, where the answer to its commit was lost, its mark and why.
 * @throws ConnectionLostError, DatabaseError when nothing of it is there.
 */
async function attempt<T>(
  pool: Connections,
  lanes: Lanes,
  work: (tx: Transaction) => Promise<T>,
): Promise<{ value: T; doubt?: { mark: Mark; failure: ConnectionLostError } }> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw toldApart(error);
  }
  const mark = lanes.next();
  const sent: Promise<unknown>[] = [];
  let broken = false;
  const send = <Row extends object>(text: string, values?: readonly unknown[]) => {
    const config = values ? { name: nameOf(text), text, values: values.map(comparable) } : { text };
    const answer = client.query<Row>(config).catch((error: unknown) => {
      const told = toldApart(error);
      broken ||= told instanceof ConnectionLostError;
      throw told;
    });
    sent.push(answer);
    return answer;
  };
  const onError = () => {
    broken = true;
  };
  client.on("error", onError);
  const waited = <P>(promise: Promise<P>): Promise<P> => {
    // What nobody waits for is looked at in the end.
    promise.catch(() => undefined);
    return promise;
  };
  const tx: Transaction = {
    query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
      waited(send<Row>(text, values).then(({ rows }) => rows)),
  };
  try {
    waited(send("BEGIN"));
    const marked = waited(leaveMark(tx, mark));
    let value: T;
    try {
      value = await work(tx);
      // A commit that is sent before could come to a server that has not begun when it is asked for the mark.
      await marked;
    } catch (error) {
      await waited(send("ROLLBACK")).catch(() => undefined);
      // A statement that failed is why the later ones did.
      throw (await firstFailure(sent)) ?? error;
    }
    const commit = waited(send("COMMIT"));
    const failure = await firstFailure(sent);
    if (!failure) {
      if ((await commit).command !== "COMMIT") throw new Error("a transaction without a failure was not committed");
      return { value };
    }
    // What the database refused, it has rolled back; what it did not answer, it may have committed.
    if (!(failure instanceof ConnectionLostError)) throw failure;
    return { value, doubt: { mark, failure } };
  } finally {
    client.removeListener("error", onError);
    client.release(broken);
    if (!broken) lanes.free(mark);
  }
}

async function firstFailure(sent: readonly Promise<unknown>[]): Promise<unknown> {
  const settled = await Promise.allSettled(sent);
  return settled.find((outcome) => outcome.status === "rejected")?.reason;
}

function unknownOutcome(cause: Error): TallyrootError {
  return new TallyrootError(
    "SERVICE_UNAVAILABLE",
    "the database was lost while this was being written, and whether it was cannot be found out now: ask again with the same idempotency key",
    { retryAfterSeconds: 5, outcome: "unknown" },
    { cause },
  );
}
