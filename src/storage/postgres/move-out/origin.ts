import { setTimeout as sleep } from "node:timers/promises";
import type { PoolClient } from "pg";
import { StorageRefusedError } from "../../refused.ts";
import { SCHEMA } from "../connections.ts";
import { holdDatabase } from "../held-database.ts";
import { GRANTS, WITHDRAW } from "../migrate.ts";
import { hasState, STATE } from "../trouble.ts";
import { DEPARTURE, type Departure } from "./departure.ts";

/** Milliseconds that connections may take to be gone whose programs have just ended, and between two looks. */
const GONE_MS = 5_000;
const LOOK_MS = 100;

/** A database that a record is moved out of, held by this process. */
export type Origin = {
  /** @returns undefined for a record that goes on here. */
  departure(): Promise<Departure | undefined>;
  /** The move by which the record came in; undefined for one that began here, and for none at all. */
  cameInBy(): Promise<string | undefined>;
  /** From here on no server starts here, and one that still runs writes nothing. @throws StorageRefusedError while servers run */
  leave(move: string, place: string): Promise<void>;
  /** From here on the record may go on in its new place. @throws StorageRefusedError where another move has begun meanwhile */
  end(move: string): Promise<void>;
  /** The record goes on here after all. */
  stay(): Promise<void>;
  close(): Promise<void>;
};

/** @throws StorageRefusedError, TallyrootError as `holdDatabase`; the latter from each of the methods too. */
export async function openOrigin(url: string): Promise<Origin> {
  const { client, answered, transaction, close } = await holdDatabase(url);
  return {
    async departure() {
      return (await answered(client.query<Departure>(DEPARTURE))).rows[0];
    },
    async cameInBy() {
      const { rows } = await answered(client.query<{ move: string }>("SELECT move FROM moving_in"));
      return rows[0]?.move;
    },
    async leave(move, place) {
      await answered(expectNobody(client));
      await transaction(async () => {
        await holdWriters(client);
        await client.query(WITHDRAW);
        await client.query(
          `INSERT INTO moving_out (id, move, place) VALUES (1, $1, $2)
          ON CONFLICT (id) DO UPDATE SET move = excluded.move, place = excluded.place, started_at = now()`,
          [move, place],
        );
      });
    },
    async end(move) {
      const { rowCount } = await answered(
        client.query("UPDATE moving_out SET ended_at = coalesce(ended_at, now()) WHERE move = $1", [move]),
      );
      if (rowCount === 1) return;
      throw new StorageRefusedError("the move was given up or begun anew by another process: nothing was made");
    },
    stay: () =>
      transaction(async () => {
        await client.query("DELETE FROM moving_out");
        await client.query(GRANTS);
      }),
    close,
  };
}

/** Waits for programs that have just ended. @throws StorageRefusedError while some go on */
async function expectNobody(client: PoolClient): Promise<void> {
  for (const end = performance.now() + GONE_MS; ; await sleep(LOOK_MS)) {
    const { rows } = await client.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tallyroot' AND pid <> pg_backend_pid()",
    );
    const { n } = rows[0]!;
    if (n === 0) return;
    if (performance.now() > end)
      throw new StorageRefusedError(
        `${n} connections of servers, or of audits, are open to the database: stop all servers over it, and run it again`,
      );
  }
}

/** Waits for whoever is writing, and keeps everybody from it until the end of the transaction. */
async function holdWriters(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ all: string }>(
    `SELECT string_agg(format('%I', tablename), ', ' ORDER BY tablename) AS all FROM pg_tables WHERE schemaname = '${SCHEMA}'`,
  );
  try {
    await client.query(`LOCK TABLE ${rows[0]!.all} IN SHARE ROW EXCLUSIVE MODE`);
  } catch (error) {
    if (!hasState(error, STATE.lockNotAvailable) && !hasState(error, STATE.deadlock)) throw error;
    throw new StorageRefusedError(
      "somebody is still writing in the database: stop all servers over it, and run it again",
    );
  }
}
