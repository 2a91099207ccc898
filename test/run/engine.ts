import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { Client } from "pg";

/**
 * Which engine the servers under test keep their record in. With `TEST_ENGINE=postgres` each data directory has a database of
 * its own, always the same one, in the PostgreSQL server that runs beside the tests (see `postgres-beside.ts`).
 */

export type Engine = "sqlite" | "postgres";

/** A database in which others are made: set for the processes of a run by the one that starts PostgreSQL. */
export const BESIDE = "TEST_POSTGRES";

export const ENGINE: Engine = engineOf(process.env.TEST_ENGINE);

/** Runs of a property whose every case asks a database: each is a way there and back, and the arithmetic was tried over SQLite as often as it should be. */
const MOST_RUNS_OF_DATABASE = 500;

/** How often a property is tried whose cases ask the record. */
export function runsOfRecord(runs: number): number {
  return ENGINE === "sqlite" ? runs : Math.min(runs, MOST_RUNS_OF_DATABASE);
}

const DUPLICATE_DATABASE = "42P04";

function engineOf(name: string | undefined): Engine {
  if (name === undefined || name === "sqlite" || name === "postgres") return name ?? "sqlite";
  throw new Error(`TEST_ENGINE is sqlite or postgres, not ${name}`);
}

/** What is under way for a directory's database: made, or dropped. */
const underWay = new Map<string, Promise<string | undefined>>();

/** The URL of a data directory's database, which is made when it is first asked for; undefined where the record is in the directory. */
export async function databaseOf(dir: string): Promise<string | undefined> {
  if (ENGINE === "sqlite") return undefined;
  const name = nameOf(dir);
  const before = await underWay.get(name);
  if (before !== undefined) return before;
  const made = make(name);
  underWay.set(name, made);
  return made;
}

/** Gives a data directory that was copied a copy of the other's database. Nobody may have that open. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  if ((await databaseOf(from)) === undefined) return;
  const name = nameOf(to);
  if (underWay.has(name)) throw new Error(`${to} has a database already`);
  const copied = asAdmin(`CREATE DATABASE ${name} TEMPLATE ${nameOf(from)}`).then(() => urlOf(name));
  underWay.set(name, copied);
  await copied;
}

/** Begins to drop a data directory's database, where one was made in this process; `databasesAreDropped` waits for it. */
export function dropDatabaseOf(dir: string): void {
  const name = nameOf(dir);
  const before = underWay.get(name);
  if (before === undefined) return;
  underWay.set(
    name,
    before.then(async () => {
      await asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      return undefined;
    }),
  );
}

export async function databasesAreDropped(): Promise<void> {
  await Promise.all(underWay.values());
}

function nameOf(dir: string): string {
  return `of_${createHash("sha256").update(resolve(dir)).digest("hex").slice(0, 24)}`;
}

async function make(name: string): Promise<string> {
  try {
    await asAdmin(`CREATE DATABASE ${name}`);
  } catch (error) {
    // Another process of this run has used the directory.
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error;
  }
  return urlOf(name);
}

function urlOf(name: string): string {
  const url = new URL(beside());
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdmin(text: string): Promise<void> {
  const client = new Client({ connectionString: beside() });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

function beside(): string {
  const url = process.env[BESIDE];
  if (url === undefined) throw new Error(`${BESIDE} is not set: no PostgreSQL was started beside these tests`);
  return url;
}
