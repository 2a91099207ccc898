import type { PoolClient } from "pg";
import { StorageRefusedError } from "../../refused.ts";
import type { Cell } from "../../row-digest.ts";
import { openPool } from "../connections.ts";
import { toldApart, unavailable } from "../trouble.ts";

/** Rows that are asked for at once: some hundred kilobytes. */
const PAGE = 500;
/** Tries to meet a moment at which nothing is being written beside the database. */
const MOST_TRIES = 1_000;

/** The record as it was at one moment, whatever servers go on to record. Nothing is locked. */
export type RecordMoment = {
  /** How much of something outside of the database there was at that moment. */
  readonly beside: number;
  /** The rows of a query, page by page. One query at a time. */
  pages(text: string): AsyncIterable<Cell[][]>;
  /** A query's one number. */
  number(text: string): Promise<number>;
  close(): Promise<void>;
};

/**
 * Fixes one moment of a record in PostgreSQL.
 *
 * @param beside a number that says how much of something outside of the database there is; the moment is one at which it stood still.
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer, here and from each of the methods.
 * @throws StorageRefusedError where what is beside it does not stand still.
 */
export async function openMoment(url: string, beside: () => number = () => 0): Promise<RecordMoment> {
  const pool = openPool(url, "owner", 1);
  // What uses the connection is told.
  pool.on("error", () => undefined);
  const answered = <T>(promise: Promise<T>) =>
    promise.catch((error: unknown) => {
      throw unavailable(toldApart(error), "the database does not answer: run it again");
    });
  let client: PoolClient | undefined;
  const close = async () => {
    client?.release(true);
    await pool.end();
  };
  try {
    const opened = await answered(pool.connect());
    client = opened;
    opened.on("error", () => undefined);
    const rowsOf = async (text: string) => (await answered(opened.query<Cell[]>({ text, rowMode: "array" }))).rows;
    return {
      beside: await stillMoment(rowsOf, beside),
      async *pages(text) {
        await rowsOf(`DECLARE leaving NO SCROLL CURSOR FOR ${text}`);
        for (let rows: Cell[][] = []; ; ) {
          rows = await rowsOf(`FETCH ${PAGE} FROM leaving`);
          if (rows.length > 0) yield rows;
          if (rows.length < PAGE) break;
        }
        await rowsOf("CLOSE leaving");
      },
      number: async (text) => (await rowsOf(text))[0]![0] as number,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function stillMoment(rowsOf: (text: string) => Promise<Cell[][]>, beside: () => number): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const before = beside();
    await rowsOf("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    // A transaction begins to see with its first question.
    await rowsOf("SELECT count(*) FROM tenants");
    if (beside() === before) return before;
    await rowsOf("ROLLBACK");
  }
  throw new StorageRefusedError("the record and its chain do not stand still long enough to be copied: try again");
}
