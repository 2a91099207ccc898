import type { PoolClient } from "pg";
import { StorageRefusedError } from "../refused.ts";
import { LOCKS, openPool } from "./connections.ts";
import { migrate } from "./migrate.ts";
import { hasState, STATE, toldApart, unavailable } from "./trouble.ts";

/** Milliseconds that a move which was killed may still hold the lock of the one at a time that there may be. */
const LOCK_MS = 10_000;

/** A database as its owner, for the one process that moves a record into it, or out of it. */
export type HeldDatabase = {
  readonly client: PoolClient;
  /** What the database does not answer, as callers meet it. */
  answered<T>(promise: Promise<T>): Promise<T>;
  /** @param durable false for what is repeated after a crash: it is not waited for to be on disk. */
  transaction(work: () => Promise<void>, options?: { durable?: boolean }): Promise<void>;
  close(): Promise<void>;
};

/**
 * Opens a database as its owner, with its schema brought to this version.
 *
 * @throws StorageRefusedError when another process is moving a record into it or out of it, or who connects may not make the schema.
 * @throws TallyrootError SERVICE_UNAVAILABLE when it does not answer, here and later; what was done before stays.
 */
export async function holdDatabase(url: string): Promise<HeldDatabase> {
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
  return {
    client,
    answered,
    transaction: (work, { durable = true } = {}) =>
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
      ),
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
    throw new StorageRefusedError(
      "another process is moving a record into this database, or out of it: let it end, or end it",
    );
  }
}
