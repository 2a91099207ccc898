import { startServer, type TestServer } from "#test/ports/postgres-server.ts";
import { BESIDE, databasesAreDropped, ENGINE } from "./engine.ts";

/** One PostgreSQL beside all tests of a run over it. Mocha calls this in its own process, before it starts those of the tests. */

let server: TestServer | undefined;

export async function mochaGlobalSetup(): Promise<void> {
  if (ENGINE !== "postgres") return;
  server = await startServer();
  process.env[BESIDE] = (await server.database()).url;
}

export async function mochaGlobalTeardown(): Promise<void> {
  await server?.stop();
}

/** After each file. */
export const mochaHooks = { afterAll: databasesAreDropped };
