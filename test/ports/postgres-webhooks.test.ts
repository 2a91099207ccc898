import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openPostgresRecord } from "#test/storage/postgres/record.ts";
import { postgresOfThisFile, type TestDatabase } from "./postgres-server.ts";
import { type OpenWebhookStore, webhookStoreSuite } from "./webhook-store.suite.ts";

const postgres = postgresOfThisFile();

async function open(database: TestDatabase, clock?: { now: number }): Promise<OpenWebhookStore> {
  const record = await openPostgresRecord(database.url, clock);
  return {
    ...record,
    async bytes() {
      await database.flush();
      const files = readdirSync(database.folder, { recursive: true, withFileTypes: true });
      return Buffer.concat(
        files.filter((file) => file.isFile()).map((file) => readFileSync(join(file.parentPath, file.name))),
      );
    },
    async reopen() {
      await record.close();
      return open(database, record.clock);
    },
    async close() {
      await record.close();
      await database.drop();
    },
  };
}

webhookStoreSuite("PostgreSQL", async () => open(await postgres.database()));
