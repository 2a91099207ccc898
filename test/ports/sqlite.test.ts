import { openRecord, temporaryFolder } from "#test/storage/record-folder.ts";
import { ledgerStoreSuite, type OpenStore } from "./ledger-store.suite.ts";

async function open(folder = temporaryFolder(), clock = { now: 1_700_000_000_000 }): Promise<OpenStore> {
  const record = await openRecord(folder.dir, clock);
  return {
    ...record,
    async reopen() {
      record.close();
      return open(folder, record.clock);
    },
    async close() {
      record.close();
      folder.remove();
    },
  };
}

ledgerStoreSuite("SQLite", () => open());
