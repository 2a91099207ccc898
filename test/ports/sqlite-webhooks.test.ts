import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openRecord, temporaryFolder } from "#test/storage/record-folder.ts";
import { type OpenWebhookStore, webhookStoreSuite } from "./webhook-store.suite.ts";

async function open(folder = temporaryFolder(), clock = { now: 1_700_000_000_000 }): Promise<OpenWebhookStore> {
  const record = await openRecord(folder.dir, clock);
  return {
    ...record,
    bytes: () => Buffer.concat(readdirSync(folder.dir).map((name) => readFileSync(join(folder.dir, name)))),
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

webhookStoreSuite("SQLite", () => open());
