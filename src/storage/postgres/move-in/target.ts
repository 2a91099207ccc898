import type { PoolClient } from "pg";
import { fromHex, toHex } from "../../../core/bytes.ts";
import { StorageRefusedError } from "../../refused.ts";
import type { Cell } from "../../row-digest.ts";
import { LOCKS, openPool, SCHEMA } from "../connections.ts";
import { migrate } from "../migrate.ts";
import { hasState, STATE, toldApart, unavailable } from "../trouble.ts";
import type { Filling, Key, Page } from "./source.ts";
import { COUNTERS } from "./tables.ts";

/** Milliseconds that a move which was killed may still hold the lock of the one at a time that there may be. */
const LOCK_MS = 10_000;

/** How far a move is. */
export type Standing = {
  move: string;
  /** The table that is being moved; `done` once all rows are there. */
  step: string;
  after: Key | undefined;
  rows: number;
  ended: boolean;
};

/** A database that a record is moved into, held by this process. */
export type Destination = {
  /** @returns undefined for a database without a record. @throws StorageRefusedError for one that has another */
  standing(): Promise<Standing | undefined>;
  /** Begins a move. From here on no server starts over the database. */
  begin(move: string, step: string): Promise<void>;
  /** Adds rows and how far they go, together. */
  add(step: string, page: Page): Promise<void>;
  goOn(step: string): Promise<void>;
  /** Brings up to date what follows from the rows: numbers that are counted on, and what the database knows of its tables. */
  settle(): Promise<void>;
  /** From here on servers may start. */
  end(): Promise<void>;
  /** Takes everything out again. */
  clear(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Opens a database as its owner, with its schema brought to this version.
 *
 * @throws StorageRefusedError when another process is moving a record into it, or who connects may not make the schema.
 * @throws TallyrootError SERVICE_UNAVAILABLE when it does not answer, here and from each of the methods; what was added stays.
 */
export async function openDestination(url: string): Promise<Destination> {
  await migrate(url);
  const pool = openPool(url, "owner", 1);
  // What uses the connection is told.
  pool.on("error", () => undefined);
  const answered = <T>(promise: Promise<T>) =>
    promise.catch((error: unknown) => {
      if (error instanceof StorageRefusedError) throw error;
      throw unavailable(toldApart(error), "the database does not answer; what was moved stays: run it again");
    });
  const client = await answered(pool.connect()).catch(async (error: unknown) => {
    await pool.end();
    throw error;
  });
  client.on("error", () => undefined);
  const close = async () => {
    client.release(true);
    await pool.end();
  };
  try {
    await answered(hold(client));
  } catch (error) {
    await close();
    throw error;
  }

  /** What is not waited for to be on disk is repeated after a crash: the rows and how far they go are lost together. */
  const transaction = (work: () => Promise<void>, { durable = true } = {}) =>
    answered(
      (async () => {
        await client.query("BEGIN");
        try {
          if (!durable) await client.query("SET LOCAL synchronous_commit = off");
          await work();
          await client.query("COMMIT");
        } catch (error) {
          await client.query("ROLLBACK").catch(() => undefined);
          throw error;
        }
      })(),
    );

  return {
    async standing() {
      const { rows } = await answered(client.query("SELECT move, step, after, rows, ended_at FROM moving_in"));
      const [row] = rows as { move: string; step: string; after: string | null; rows: number; ended_at: Date | null }[];
      if (row) {
        const { move, step, after, rows: moved, ended_at } = row;
        return { move, step, after: after === null ? undefined : keyIn(after), rows: moved, ended: ended_at !== null };
      }
      await answered(expectEmpty(client));
      return undefined;
    },
    begin: (move, step) =>
      transaction(async () => {
        // A server that starts for the first time leaves a fact: it comes before this, and is seen, or after it, and is refused.
        await client.query("LOCK TABLE facts IN SHARE ROW EXCLUSIVE MODE");
        await expectEmpty(client);
        await client.query("INSERT INTO moving_in (id, move, step, rows) VALUES (1, $1, $2, 0)", [move, step]);
      }),
    add: (step, { last, rows, fillings }) =>
      transaction(
        async () => {
          for (const filling of fillings) await fill(client, step, filling);
          await client.query("UPDATE moving_in SET step = $1, after = $2, rows = rows + $3", [
            step,
            keyText(last),
            rows,
          ]);
        },
        { durable: false },
      ),
    async goOn(step) {
      await answered(client.query("UPDATE moving_in SET step = $1, after = NULL", [step]));
    },
    async settle() {
      for (const text of COUNTERS) await answered(client.query(text));
      await answered(client.query("ANALYZE"));
    },
    async end() {
      await answered(client.query("UPDATE moving_in SET ended_at = now()"));
    },
    async clear() {
      await answered(client.query(`DROP SCHEMA ${SCHEMA} CASCADE`));
    },
    close,
  };
}

async function hold(client: PoolClient): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${LOCK_MS}`);
    await client.query("SELECT pg_advisory_lock($1)", [LOCKS.moving]);
    // The end of a move counts once it is on disk, whatever else the database is set to.
    await client.query(
      "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
    );
  } catch (error) {
    if (!hasState(error, STATE.lockNotAvailable)) throw error;
    throw new StorageRefusedError("another process is moving a record into this database: let it end, or end it");
  }
}

/** @throws StorageRefusedError */
async function expectEmpty(client: PoolClient): Promise<void> {
  const { rows } = await client.query("SELECT 1 FROM facts UNION ALL SELECT 1 FROM tenants LIMIT 1");
  if (rows.length === 0) return;
  throw new StorageRefusedError(
    "the database has a record of its own, and two records cannot become one: give an empty database",
  );
}

async function fill(client: PoolClient, step: string, { target, rows }: Filling): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(target.columns);
  const types = Object.values(target.columns).map((type, i) => `$${i + 1}::${type}[]`);
  const t = `unnest(${types.join()}) AS t (${names.join()})`;
  const insert = `INSERT INTO ${target.table} (${names.join()}) SELECT * FROM ${t}`;
  try {
    await client.query(
      target.statement?.(t) ?? insert,
      names.map((_, column) => rows.map((row) => row[column])),
    );
  } catch (error) {
    // Values that the column does not take, and rows that contradict each other: only a damaged record has them.
    if (!/^2[23]/.test((error as { code?: string }).code ?? "")) throw error;
    throw new StorageRefusedError(
      `the database does not take rows of ${step} (${(error as Error).message}): tallyroot audit of the data directory says what is wrong with them`,
      { cause: error },
    );
  }
}

function keyText(key: Key): string {
  return JSON.stringify(key.map((cell) => (cell instanceof Uint8Array ? { hex: toHex(cell) } : cell)));
}

function keyIn(text: string): Key {
  const cells = JSON.parse(text) as (Exclude<Cell, Uint8Array> | { hex: string })[];
  return cells.map((cell) => (typeof cell === "object" && cell !== null ? fromHex(cell.hex) : cell));
}
