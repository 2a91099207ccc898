import { openPostgresRecord } from "#test/storage/postgres/record.ts";
import { ledgerStoreSuite, type OpenStore } from "./ledger-store.suite.ts";
import { postgresOfThisFile, type TestDatabase } from "./postgres-server.ts";

const postgres = postgresOfThisFile();

async function open(database: TestDatabase, clock?: { now: number }): Promise<OpenStore> {
  const record = await openPostgresRecord(database.url, clock);
  return {
    ...record,
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

ledgerStoreSuite("PostgreSQL", async () => open(await postgres.database()));
