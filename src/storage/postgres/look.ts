import { type Connections, openPool, SCHEMA, SERVER_ROLE } from "./connections.ts";
import { MIGRATIONS, refused } from "./migrate.ts";
import { MOVING_IN } from "./migrations/4-moving-in.ts";
import { MOVING_OUT } from "./migrations/6-moving-out.ts";
import { DEPARTURE, type Departure } from "./move-out/departure.ts";
import { toldApart, unavailable } from "./trouble.ts";

/** A database as who connects to it finds it, before a server does; nothing of it is changed. */
export type DatabaseLook = {
  /** Of PostgreSQL, as it says it. */
  version: string;
  user: string;
  /** Of the record's schema; 0 where there is none yet, or who connects may not read it. */
  schema: number;
  newestSchema: number;
  /** What the user may not do that a server needs; empty where nothing is missing. */
  missing: readonly string[];
  /** Whether a commit waits for the disk. */
  durable: boolean;
  /** Connections that the server takes at most. */
  connections: number;
  /** Undefined in the same case. */
  record:
    | { facts: ReadonlyMap<string, string>; anchors: number; movingIn: boolean; left: Departure | undefined }
    | undefined;
};

type Found = {
  version: string;
  user: string;
  there: boolean;
  durable: boolean;
  connections: number;
  may_make: boolean;
  may_make_role: boolean;
  has_role: boolean;
};

const FOUND = `SELECT current_setting('server_version') AS version, current_user AS "user",
  EXISTS (SELECT FROM pg_tables WHERE schemaname = '${SCHEMA}' AND tablename = 'schema_versions') AS there,
  current_setting('synchronous_commit') <> 'off' AS durable,
  current_setting('max_connections')::int AS connections,
  has_database_privilege(current_database(), 'CREATE') AS may_make,
  (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) AS may_make_role,
  coalesce((SELECT pg_has_role(current_user, oid, 'USAGE') FROM pg_roles WHERE rolname = '${SERVER_ROLE}'), false) AS has_role`;

/**
 * Looks at a database as a server's start would find it.
 *
 * @throws StorageRefusedError for a URL that is none, and where it does not let in who connects.
 * @throws TallyrootError SERVICE_UNAVAILABLE when it does not answer; its cause says why.
 */
export async function lookAt(url: string): Promise<DatabaseLook> {
  const pool = openPool(url, "owner", 1);
  pool.on("error", () => undefined);
  try {
    const [found] = (await pool.query<Found>(FOUND)).rows;
    const { version, user, there, durable, connections, may_make, may_make_role, has_role } = found!;
    // Who may not work as the role may not read either.
    const readable = there && has_role;
    const schema = readable ? await schemaIn(pool) : 0;
    const current = schema >= MIGRATIONS.length;
    const missing = [
      ...(current || may_make ? [] : [`make the schema ${SCHEMA} (CREATE on the database)`]),
      ...(has_role || (!current && may_make_role) ? [] : [`work as the role ${SERVER_ROLE}, or make it (CREATEROLE)`]),
    ];
    const record = readable ? await recordIn(pool, schema) : undefined;
    const newestSchema = MIGRATIONS.length;
    return { version, user, schema, newestSchema, missing, durable, connections, record };
  } catch (error) {
    throw refused(unavailable(toldApart(error), "the database does not answer"));
  } finally {
    await pool.end();
  }
}

async function schemaIn(pool: Connections): Promise<number> {
  const { rows } = await pool.query<{ n: number }>("SELECT coalesce(max(version), 0)::int AS n FROM schema_versions");
  return rows[0]!.n;
}

/** The first version of the schema with what a migration makes. */
function versionWith(migration: string): number {
  return 1 + MIGRATIONS.indexOf(migration);
}

async function recordIn(pool: Connections, schema: number): Promise<DatabaseLook["record"]> {
  const facts = await pool.query<{ name: string; value: string }>("SELECT name, value FROM facts");
  const anchors = await pool.query<{ n: number }>("SELECT coalesce(max(id), 0) AS n FROM anchors");
  // The tables came with later schemas.
  const moving =
    schema < versionWith(MOVING_IN) ? [] : (await pool.query("SELECT 1 FROM moving_in WHERE ended_at IS NULL")).rows;
  const left = schema < versionWith(MOVING_OUT) ? [] : (await pool.query<Departure>(DEPARTURE)).rows;
  return {
    facts: new Map(facts.rows.map(({ name, value }) => [name, value])),
    anchors: anchors.rows[0]!.n,
    movingIn: moving.length > 0,
    left: left[0],
  };
}
