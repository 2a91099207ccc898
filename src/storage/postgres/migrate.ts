import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseError, type PoolClient } from "pg";
import { StorageRefusedError } from "../refused.ts";
import { LOCKS, openPool, SCHEMA, SERVER_ROLE } from "./connections.ts";
import { RECORD } from "./migrations/1-record.ts";
import { ANCHORS } from "./migrations/2-anchors.ts";
import { WEBHOOKS } from "./migrations/3-webhooks.ts";
import { MOVING_IN } from "./migrations/4-moving-in.ts";
import { COMMIT_MARKS } from "./migrations/5-commit-marks.ts";
import { MOVING_OUT } from "./migrations/6-moving-out.ts";
import { UNSAMPLED } from "./migrations/7-unsampled.ts";
import { hasState, toldApart, unavailable } from "./trouble.ts";

/**
 * The schema as migrations; the table `schema_versions` says which have been applied. A migration that has landed is never edited.
 *
 * Amounts are numeric with 18 decimals, exact. Times are Unix milliseconds by the database's clock. Hashes, addresses and sealed bytes are bytea.
 * Tables that are the record refuse UPDATE, DELETE and TRUNCATE by triggers, and the role that the server works as has no right to them.
 */
export const MIGRATIONS: readonly string[] = [
  RECORD,
  ANCHORS,
  WEBHOOKS,
  MOVING_IN,
  COMMIT_MARKS,
  MOVING_OUT,
  UNSAMPLED,
];

/** What the server's role may do besides reading and adding, by table. */
const CHANGES: Readonly<Record<string, string>> = {
  api_keys: "UPDATE",
  ledger_keys: "UPDATE",
  ledger_heads: "UPDATE",
  usage: "UPDATE",
  recorded: "UPDATE",
  anchor_leaves: "DELETE",
  anchor_progress: "UPDATE",
  leases: "UPDATE",
  webhook_endpoints: "UPDATE",
  webhook_events: "DELETE",
  webhook_deliveries: "UPDATE, DELETE",
  webhook_progress: "UPDATE",
  commit_marks: "UPDATE, DELETE",
};

/** Roles belong to all databases of a server: another one may be making the same at this moment. */
const MOST_TRIES = 10;
const TRY_AGAIN_MS = 50;
const [DUPLICATE_OBJECT, INTERNAL_ERROR] = ["42710", "XX000"];

/** What a record that was moved out leaves the servers' role: one that still runs somewhere writes nothing any more. */
export const WITHDRAW = `REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} FROM ${SERVER_ROLE};`;

/** What the role may do. Given anew with each migration, and to a record that stays after all. */
export const GRANTS = `
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${SERVER_ROLE}') THEN CREATE ROLE ${SERVER_ROLE} NOLOGIN; END IF;
  IF NOT pg_has_role(current_user, '${SERVER_ROLE}', 'USAGE') THEN EXECUTE format('GRANT ${SERVER_ROLE} TO %I', current_user); END IF;
END $$;
GRANT USAGE ON SCHEMA ${SCHEMA} TO ${SERVER_ROLE};
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA ${SCHEMA} TO ${SERVER_ROLE};
REVOKE INSERT ON schema_versions, moving_in, moving_out FROM ${SERVER_ROLE};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${SCHEMA} TO ${SERVER_ROLE};
${Object.entries(CHANGES)
  .map(([table, rights]) => `GRANT ${rights} ON ${table} TO ${SERVER_ROLE};`)
  .join("\n")}
-- Cleaning pages of what was erased is a right of its own since PostgreSQL 17.
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 170000 THEN
    EXECUTE 'GRANT MAINTAIN ON ledger_keys, api_keys TO ${SERVER_ROLE}';
  END IF;
  IF EXISTS (SELECT FROM moving_out) THEN ${WITHDRAW} END IF;
END $$;
`;

/**
 * Brings a database to the schema of this version. Nodes that start together wait for the one that does it.
 *
 * @throws StorageRefusedError for a database that a newer version has written, and for one in which who connects may not make what is missing.
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer.
 */
export async function migrate(url: string): Promise<void> {
  const pool = openPool(url, "owner", 1);
  try {
    const client = await pool.connect();
    try {
      if ((await versionOf(client)) === MIGRATIONS.length) return;
      for (let tries = 1; !(await applyRest(client, tries === MOST_TRIES)); tries++) await sleep(TRY_AGAIN_MS * tries);
    } finally {
      client.release(true);
    }
  } catch (error) {
    if (error instanceof StorageRefusedError) throw error;
    throw refused(unavailable(toldApart(error), "the database does not answer: check TALLYROOT_DATABASE_URL"));
  } finally {
    await pool.end();
  }
}

/** @throws StorageRefusedError */
async function versionOf(client: PoolClient): Promise<number> {
  const { rows: found } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('${SCHEMA}.schema_versions') IS NOT NULL AS there`,
  );
  if (!found[0]!.there) return 0;
  const { rows } = await client.query<{ version: number }>(
    "SELECT coalesce(max(version), 0)::int AS version FROM schema_versions",
  );
  const { version } = rows[0]!;
  if (version > MIGRATIONS.length)
    throw new StorageRefusedError(
      `the database has schema ${version}, this version knows ${MIGRATIONS.length}: run a newer version`,
    );
  return version;
}

/** @returns false when something of all databases was being made by another at the same moment. */
async function applyRest(client: PoolClient, last: boolean): Promise<boolean> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [LOCKS.migrating]);
    await client.query(
      `CREATE SCHEMA IF NOT EXISTS ${SCHEMA}; CREATE TABLE IF NOT EXISTS schema_versions (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    for (let version = await versionOf(client); version < MIGRATIONS.length; version++) {
      await client.query(MIGRATIONS[version]!);
      await client.query("INSERT INTO schema_versions (version) VALUES ($1)", [version + 1]);
    }
    await client.query(GRANTS);
    await client.query("COMMIT");
    return true;
  } catch (error) {
    await client.query("ROLLBACK");
    const another = ["23505", DUPLICATE_OBJECT!, INTERNAL_ERROR!].some((state) => hasState(error, state));
    if (!another || last) throw error;
    return false;
  }
}

/** Rights that are missing, and a name or password that is wrong, are for the operator to mend. */
export function refused(error: unknown): unknown {
  // Invalid authorization, and a database that is not there.
  if (error instanceof DatabaseError && /^(?:28|3D)/.test(error.code ?? ""))
    return new StorageRefusedError(`the database does not let this server in: ${error.message}`, { cause: error });
  if (!hasState(error, "42501")) return error;
  return new StorageRefusedError(
    `the database's user may not make schema ${SCHEMA} or role ${SERVER_ROLE} (${(error as Error).message}): start once as its owner, or create the role first`,
  );
}
