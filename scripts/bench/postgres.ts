import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PostgresServer, startPostgres } from "../postgres.ts";
import type { Bench } from "./context.ts";
import type { PostgresReport, PostgresTask } from "./programs/postgres-entries.ts";
import { runProgram } from "./programs.ts";
import { type Server, startServer, withServer } from "./server.ts";

/** A PostgreSQL of this run as it comes: each commit is on disk before its answer. */
export async function withPostgres<T>(
  bench: Bench,
  name: string,
  work: (postgres: PostgresServer) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(bench.dir, `${name}-`));
  // PostgreSQL runs as a user of its own, and must get to its part of it.
  chmodSync(dir, 0o711);
  const postgres = await startPostgres(dir);
  try {
    return await work(postgres);
  } finally {
    await postgres.stop();
  }
}

/** Runs a server whose record is in a database of that PostgreSQL; the chain is its own, as without one. */
export async function overPostgres<T>(
  { bench, postgres, dir }: { bench: Bench; postgres: PostgresServer; dir: string },
  work: (server: Server, settings: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const settings = { TALLYROOT_DATABASE_URL: await postgres.create("record") };
  return withServer({ dir, signal: bench.signal, settings }, (server) => work(server, settings));
}

/** Starts a further server over the record and in the chain of a first one. */
export async function besideIt(
  { signal }: Bench,
  dir: string,
  { first, firstDir, settings }: { first: Server; firstDir: string; settings: Readonly<Record<string, string>> },
): Promise<Server> {
  const secret = (name: string) => readFileSync(join(firstDir, name), "utf8").trim();
  mkdirSync(dir, { mode: 0o700 });
  writeFileSync(join(dir, "api-key"), `${first.apiKey}\n`, { mode: 0o600 });
  return startServer({
    dir,
    signal,
    settings: {
      ...settings,
      TALLYROOT_CHAIN: "rpc",
      TALLYROOT_RPC_URL: first.rpcUrl,
      TALLYROOT_CONFIRMATIONS: "1",
      TALLYROOT_PUBLISHER_KEY: secret("publisher-key"),
      TALLYROOT_MASTER_KEY: secret("master-key"),
    },
  });
}

let made = 0;

/** A plain double entry in a database of its own. */
export async function plainEntries(
  { signal }: Bench,
  postgres: PostgresServer,
  task: Omit<PostgresTask, "url">,
): Promise<PostgresReport> {
  made += 1;
  const url = await postgres.create(`entries_${made}`);
  return runProgram<PostgresReport>("postgres-entries", { ...task, url } satisfies PostgresTask, signal);
}
