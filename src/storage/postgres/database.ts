import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { TallyrootError } from "../../core/errors.ts";
import { openPool } from "./connections.ts";
import { ConnectionLostError, isPassing, toldApart, unavailable } from "./trouble.ts";

/** Connections of one node: for reading, and for transactions. */
const READING = 8;
const WRITING = 8;
/** How often a transaction is tried that met another one, or lost its connection before its end. */
const MOST_TRIES = 6;
/** How often of these because the connection was lost: a server that was started again leaves several dead ones in a pool. */
const MOST_LOST = 3;
/** Milliseconds before the second try, twice as many before each next one, and as many again by chance. */
const TRY_AGAIN_MS = 10;
/** Milliseconds for which the outcome of a commit is asked for whose answer was lost, and between two questions. */
const RESOLVE_MS = 30_000;
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
   * was lost is asked for by the transaction's number.
   *
   * @param again whether a failure is of a kind that another try, which looks anew, would not meet.
   * @throws TallyrootError SERVICE_UNAVAILABLE when nothing of it was done; with the fact `outcome: "unknown"` when that could not be found
   *   out.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, again?: (error: unknown) => boolean): Promise<T>;
  /** Removes old versions of rows from pages, where the server's role may. */
  clean(tables: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

const NOT_WRITTEN = "this cannot be written now; nothing of it was done";

/** The server ended the connection, or it broke: what was sent last may have been done. */
class OutcomeUnknownError extends Error {
  override readonly name = "OutcomeUnknownError";
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

  /** Whether a transaction was committed, once that is certain. @throws OutcomeUnknownError */
  async function wasCommitted(xid: string): Promise<boolean> {
    for (const end = performance.now() + RESOLVE_MS; performance.now() < end; await sleep(RESOLVE_EVERY_MS)) {
      const [row] = await readOnce<{ status: string | null }>("SELECT pg_xact_status($1::xid8) AS status", [xid]).catch(
        (error: unknown) => {
          if (error instanceof ConnectionLostError) return [];
          throw error;
        },
      );
      if (row?.status === "committed") return true;
      if (row?.status === "aborted") return false;
    }
    throw new OutcomeUnknownError(`transaction ${xid} was sent, and its answer was lost`);
  }

  async function transaction<T>(
    work: (tx: Transaction) => Promise<T>,
    again: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(writing, work, wasCommitted);
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
    async clean(tables) {
      // The right to it comes with PostgreSQL 17.
      const [{ allowed }] = (await read<{ allowed: boolean }>(
        `SELECT current_setting('server_version_num')::int >= 170000 AS allowed`,
      )) as [{ allowed: boolean }];
      if (!allowed) return;
      try {
        for (const table of tables) await writing.query(`VACUUM (INDEX_CLEANUP ON, TRUNCATE OFF) ${table}`);
      } catch (error) {
        throw unavailable(
          toldApart(error),
          "what was erased is gone, but old pages could not be cleaned now: erase again",
        );
      }
    },
    async close() {
      await Promise.all([reading.end(), writing.end()]);
    },
  };
}

/** One try. @throws ConnectionLostError, DatabaseError when nothing of it is there. */
async function attempt<T>(
  pool: Pool,
  work: (tx: Transaction) => Promise<T>,
  wasCommitted: (xid: string) => Promise<boolean>,
): Promise<T> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw toldApart(error);
  }
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
  try {
    waited(send("BEGIN"));
    const numbered = waited(send<{ xid: string }>("SELECT pg_current_xact_id()::text AS xid"));
    let value: T;
    let xid: string;
    try {
      value = await work({
        query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
          waited(send<Row>(text, values).then(({ rows }) => rows)),
      });
      xid = (await numbered).rows[0]!.xid;
    } catch (error) {
      await waited(send("ROLLBACK")).catch(() => undefined);
      // A statement that failed is why the later ones did.
      throw (await firstFailure(sent)) ?? error;
    }
    const commit = waited(send("COMMIT"));
    const failure = await firstFailure(sent);
    if (!failure) {
      if ((await commit).command !== "COMMIT") throw new Error("a transaction without a failure was not committed");
      return value;
    }
    // What the database refused, it has rolled back; what it did not answer, it may have committed.
    if (!(failure instanceof ConnectionLostError)) throw failure;
    if (await wasCommitted(xid)) return value;
    throw failure;
  } finally {
    client.removeListener("error", onError);
    client.release(broken);
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
