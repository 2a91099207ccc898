import Database from "better-sqlite3";
import { TallyrootError } from "../../core/errors.ts";

/**
 * Runs a transaction that a request waits for.
 *
 * @throws TallyrootError SERVICE_UNAVAILABLE when SQLite refuses it: a full or failing disk is the world's failure and may pass.
 */
export function writing<T>(transaction: () => T): T {
  try {
    return transaction();
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    throw new TallyrootError(
      "SERVICE_UNAVAILABLE",
      "this cannot be written now; nothing of it was done",
      { retryAfterSeconds: 1 },
      { cause: error },
    );
  }
}
