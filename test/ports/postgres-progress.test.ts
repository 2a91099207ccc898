import { openPostgresRecord } from "#test/storage/postgres/record.ts";
import { postgresOfThisFile } from "./postgres-server.ts";
import { progressStoreSuite } from "./progress-store.suite.ts";

const postgres = postgresOfThisFile();

progressStoreSuite("PostgreSQL", async () => {
  const database = await postgres.database();
  const opened = await openPostgresRecord(database.url);
  return {
    ...opened,
    async close() {
      await opened.close();
      await database.drop();
    },
  };
});
