import { Pool, type PoolConfig, types } from "pg";
import { StorageRefusedError } from "../refused.ts";

/** Advisory locks of the database, by what is done under them: each has a number of its own, since a lock is nothing else. */
export const LOCKS = {
  /** The schema is brought up to date. */
  migrating: 7_218_344_951,
  /** Checkpoints are stored: so they are numbered in the order in which others can see them. */
  storing: 7_218_344_952,
  /** A record is moved in. */
  moving: 7_218_344_953,
} as const;

/** The schema that everything stands in, and the role that the server works as: it may add to the record and not change it. */
export const SCHEMA = "tallyroot";
export const SERVER_ROLE = "tallyroot_server";

/** Milliseconds that a statement may take, that a transaction may be left alone, and that a lock is waited for. */
const STATEMENT_MS = 15_000;
const LEFT_ALONE_MS = 10_000;
export const LOCK_MS = 3_000;
/** Milliseconds until a server that does not answer counts as lost: later than it would have ended the statement itself. */
const ANSWER_MS = 20_000;
const CONNECT_MS = 3_000;
/** The OID of bigint. */
const BIGINT = 20;

/** Whole numbers of the record are below 2^53, and come as numbers. */
function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is more than a whole number of the record`);
  return number;
}

const TYPES: NonNullable<PoolConfig["types"]> = {
  getTypeParser: (oid, format) =>
    oid === BIGINT && format !== "binary" ? wholeNumber : types.getTypeParser(oid, format),
};

/** Settings as the start of a connection takes them. */
function optionsOf(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, "\\$&")}`)
    .join(" ");
}

/**
 * Opens a pool of connections. Each sends what it is given without waiting for the answer before, so that a transaction takes as many
 * round trips as its next step depends on answers.
 *
 * @param as `server`: works as `SERVER_ROLE`, within limits of time. `owner`: as who connects, for migrations.
 * @throws StorageRefusedError for a URL that is none.
 */
export function openPool(url: string, as: "server" | "owner", max: number): Pool {
  const own: Record<string, string | number> = {
    search_path: SCHEMA,
    default_transaction_isolation: "read committed",
    ...(as === "server" && {
      role: SERVER_ROLE,
      statement_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: LEFT_ALONE_MS,
      lock_timeout: LOCK_MS,
    }),
  };
  const place = parseUrl(url);
  const given = place.searchParams.get("options");
  place.searchParams.delete("options");
  return new Pool({
    connectionString: place.href,
    options: [given, optionsOf(own)].filter((part) => part !== null).join(" "),
    application_name: "tallyroot",
    max,
    types: TYPES,
    pipeline: true,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    ...(as === "server" && { query_timeout: ANSWER_MS }),
  });
}

function parseUrl(url: string): URL {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    throw new StorageRefusedError("the database's URL must be like postgresql://user:password@host:5432/database");
  return new URL(url);
}
