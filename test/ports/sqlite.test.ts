import { openRecordFile, temporaryFolder } from "#test/storage/record-folder.ts";
import { ledgerStoreSuite, type OpenStore } from "./ledger-store.suite.ts";

async function open(thread: boolean, folder = temporaryFolder(), clock?: { now: number }): Promise<OpenStore> {
  const record = await openRecordFile(folder.dir, clock, { thread });
  return {
    ...record,
    async reopen() {
      await record.close();
      return open(thread, folder, record.clock);
    },
    async close() {
      await record.close();
      folder.remove();
    },
  };
}

ledgerStoreSuite("SQLite", () => open(false));
ledgerStoreSuite("SQLite with a recording thread", () => open(true));
