import Database from "better-sqlite3";
import { TallyrootError } from "../../core/errors.ts";

/** What SQLite says of rows that the schema does not take: a mistake of ours, which no waiting mends. */
const OURS = /^SQLITE_(?:CONSTRAINT|MISMATCH|RANGE|TOOBIG|MISUSE)/;

/** A failing or full disk is the world's failure, and may pass: SERVICE_UNAVAILABLE with this message. Anything else goes on as it is. */
export function unavailable(error: unknown, message: string): unknown {
  if (!(error instanceof Database.SqliteError) || OURS.test(error.code)) return error;
  return new TallyrootError("SERVICE_UNAVAILABLE", message, { retryAfterSeconds: 1 }, { cause: error });
}

/**
 * Runs a transaction that a request waits for.
 *
 * @throws TallyrootError SERVICE_UNAVAILABLE when SQLite cannot write now.
 */
export function writing<T>(transaction: () => T): T {
  try {
    return transaction();
  } catch (error) {
    throw unavailable(error, "this cannot be written now; nothing of it was done");
  }
}
