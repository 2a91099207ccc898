import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { startPostgres } from "../../scripts/postgres.ts";

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
  const dir = mkdtempSync(join(tmpdir(), "tallyroot-postgres-"));
  // What is committed need not outlive this machine.
  const { folder, urlOf, halt, resume, stop } = await startPostgres(dir, { fsync: "off" });
  const asOwner = async (name: string, text: string) => {
    const client = new Client({ connectionString: urlOf(name) });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  return {
    halt,
    resume,
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
        folder,
        flush: () => asOwner(name, "CHECKPOINT"),
        async drop() {
          await Promise.all(open.map((client) => client.end()));
          await asOwner("postgres", `DROP DATABASE ${name} WITH (FORCE)`);
        },
      };
    },
    async stop() {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
