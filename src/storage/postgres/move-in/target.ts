import type { PoolClient } from "pg";
import { fromHex, toHex } from "../../../core/bytes.ts";
import { StorageRefusedError } from "../../refused.ts";
import type { Cell } from "../../row-digest.ts";
import { SCHEMA } from "../connections.ts";
import { holdDatabase } from "../held-database.ts";
import type { Filling, Key, Page } from "./source.ts";

/** Numbers that PostgreSQL goes on counting after a move. */
const COUNTERS: readonly string[] = [
  ...["tenants", "checkpoint_batches", "webhook_events"].map(
    (table) =>
      `SELECT setval(pg_get_serial_sequence('${table}', 'id'), max(id)) FROM ${table} HAVING max(id) IS NOT NULL`,
  ),
  "SELECT setval('ledger_numbers', max(id)) FROM ledgers HAVING max(id) IS NOT NULL",
];

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
 * Opens a database for a record that is moved into it.
 *
 * @throws StorageRefusedError, TallyrootError as `holdDatabase`; the latter from each of the methods too.
 */
export async function openDestination(url: string): Promise<Destination> {
  const { client, answered, transaction, close } = await holdDatabase(url);
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
