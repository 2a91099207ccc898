import Database from "better-sqlite3";
import { TallyrootError } from "../../core/errors.ts";

/** What SQLite says of rows that the schema does not take: a mistake of ours, which no waiting mends. */
const OURS = /^SQLITE_(?:CONSTRAINT|MISMATCH|RANGE|TOOBIG|MISUSE)/;

/**
 * Runs a transaction that a request waits for.
 *
 * @throws TallyrootError SERVICE_UNAVAILABLE when SQLite cannot write: a full or failing disk is the world's failure and may pass.
 */
export function writing<T>(transaction: () => T): T {
  try {
    return transaction();
  } catch (error) {
    if (!(error instanceof Database.SqliteError) || OURS.test(error.code)) throw error;
    throw new TallyrootError(
      "SERVICE_UNAVAILABLE",
      "this cannot be written now; nothing of it was done",
      { retryAfterSeconds: 1 },
      { cause: error },
    );
  }
}
