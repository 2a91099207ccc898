import { DatabaseError } from "pg";
import { TallyrootError } from "../../core/errors.ts";

/** The database cannot be reached, or a connection to it broke: what it had been asked last may have happened. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
}

/** SQLSTATEs (PostgreSQL, appendix A) that this store acts on. */
export const STATE = {
  serializationFailure: "40001",
  deadlock: "40P01",
  uniqueViolation: "23505",
  lockNotAvailable: "55P03",
  readOnly: "25006",
} as const;

/** Classes of SQLSTATEs that are the world's: connection, resources, operator, system. A class is the first two characters. */
const WORLDLY_CLASSES = ["08", "53", "57", "58"];
/** The same of single states: conflicts that lasted, and a server that has become a standby. */
const WORLDLY_STATES: readonly string[] = [
  STATE.serializationFailure,
  STATE.deadlock,
  STATE.lockNotAvailable,
  STATE.readOnly,
];

/** Whether a failure is of the database's own saying, with this SQLSTATE. */
export function hasState(error: unknown, state: string, constraint?: string): error is DatabaseError {
  return (
    error instanceof DatabaseError &&
    error.code === state &&
    (constraint === undefined || error.constraint === constraint)
  );
}

/** Whether a transaction that failed so may be tried again as it was: nothing of it is there. */
export function isPassing(error: unknown): boolean {
  return hasState(error, STATE.serializationFailure) || hasState(error, STATE.deadlock);
}

/**
 * States after which a connection is of no use: the server was shut down, crashed, is not ready, was left alone for too long, takes no writes
 * any more; or what the connection has prepared is from before a migration that a newer node has made.
 */
const ENDS_CONNECTION = /^(?:08|57P|25P0[34]|25006|0A000)/;

/** What the driver throws, told apart: what the database said is left as it is, our mistakes too; all else is the connection's. */
export function toldApart(error: unknown): unknown {
  if (error instanceof TypeError || error instanceof RangeError) return error;
  if (error instanceof DatabaseError && !ENDS_CONNECTION.test(error.code ?? "")) return error;
  return new ConnectionLostError(error instanceof Error ? error.message : String(error), { cause: error });
}

/**
 * The world's failure as callers meet it: 503.
 *
 * @param what what of the request was not done, as a sentence.
 */
export function unavailable(error: unknown, what: string): unknown {
  const { code = "" } = error instanceof DatabaseError ? error : {};
  const worldly =
    error instanceof ConnectionLostError || WORLDLY_CLASSES.includes(code.slice(0, 2)) || WORLDLY_STATES.includes(code);
  if (!worldly) return error;
  return new TallyrootError("SERVICE_UNAVAILABLE", what, { retryAfterSeconds: 1 }, { cause: error });
}
