import {
  type ClientBase,
  DatabaseError,
  Pool,
  type PoolClient,
  type PoolConfig,
  type QueryConfig,
  type QueryResult,
  types,
} from "pg";
import { hostsOf, placeOf } from "./hosts.ts";

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

/** Connections to a database: to the one of its servers that writes, where its URL names several. */
export type Connections = {
  connect(): Promise<PoolClient>;
  query<Row extends object>(query: string | QueryConfig): Promise<QueryResult<Row>>;
  /** Makes sure that a connection still is one, to a server that will do. */
  look(client: ClientBase): Promise<void>;
  /** Told of connections that broke while nobody used them. */
  on(event: "error", listener: (error: Error) => void): void;
  end(): Promise<void>;
};

/** Seconds after which a connection is made anew: one to a server that was demoted and goes on is not read from for longer. */
const KNOWN_S = 30;
/** Classes of SQLSTATEs by which a server does not let in who connects: another one would not either, or should not. */
const NOT_LET_IN = /^(?:28|3D)/;

/**
 * Opens a pool of connections. Each sends what it is given without waiting for the answer before, so that a transaction takes as many
 * round trips as its next step depends on answers.
 *
 * Of several servers one is chosen whenever a connection is made: the one that was right last, else the next that writes.
 *
 * @param as `server`: works as `SERVER_ROLE`, within limits of time. `owner`: as who connects, for migrations.
 * @throws StorageRefusedError for a URL that is none.
 */
export function openPool(url: string, as: "server" | "owner", max: number): Connections {
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
  const { urls, primary } = hostsOf(url);
  const pools = urls.map((one) => {
    const place = new URL(one);
    const given = place.searchParams.get("options");
    place.searchParams.delete("options");
    const pool = new Pool({
      connectionString: place.href,
      options: [given, optionsOf(own)].filter((part) => part !== null).join(" "),
      application_name: "tallyroot",
      max,
      types: TYPES,
      pipeline: true,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
      ...(as === "server" && { query_timeout: ANSWER_MS }),
      ...(primary && { onConnect: expectPrimary, maxLifetimeSeconds: KNOWN_S }),
    });
    pool.on("error", ignore);
    // Whoever uses it is told by the answers that do not come.
    pool.on("connect", (client) => client.on("error", ignore));
    return pool;
  });

  let at = 0;
  async function connect(): Promise<PoolClient> {
    const failures: string[] = [];
    for (let n = 0, from = at; ; n++) {
      const place = (from + n) % pools.length;
      try {
        const client = await pools[place]!.connect();
        at = place;
        return client;
      } catch (error) {
        const final = error instanceof DatabaseError && NOT_LET_IN.test(error.code ?? "");
        if (pools.length === 1 || final) throw error;
        failures.push(`${placeOf(urls[place]!)}: ${error instanceof Error ? error.message : String(error)}`);
        if (failures.length === pools.length)
          throw new Error(`none of the database's servers takes writes (${failures.join("; ")})`, { cause: error });
      }
    }
  }

  return {
    connect,
    async query<Row extends object>(query: string | QueryConfig) {
      const client = await connect();
      let answered = false;
      try {
        const result = await client.query<Row>(query);
        answered = true;
        return result;
      } finally {
        client.release(!answered);
      }
    },
    async look(client) {
      await (primary ? expectPrimary(client) : client.query("SELECT 1"));
    },
    on(event, listener) {
      for (const pool of pools) pool.on(event, listener);
    },
    async end() {
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}

/** @throws Error for a server that replays another's writes, or was set to take none. */
async function expectPrimary(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ transaction_read_only: string }>("SHOW transaction_read_only");
  if (rows[0]!.transaction_read_only !== "off") throw new Error("it is a standby, or set to read only");
}

function ignore(): void {}
