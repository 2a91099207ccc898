import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { EVENT_NAMES } from "#src/ledger/ports/webhooks.ts";
import { openRecordFile, temporaryFolder } from "#test/storage/record-folder.ts";
import { type OpenWebhookStore, webhookStoreSuite } from "./webhook-store.suite.ts";

async function open(folder = temporaryFolder(), clock = { now: 1_700_000_000_000 }): Promise<OpenWebhookStore> {
  const record = await openRecordFile(folder.dir, clock);
  return {
    ...record,
    bytes: async () => Buffer.concat(readdirSync(folder.dir).map((name) => readFileSync(join(folder.dir, name)))),
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

describe("a webhook that was deleted", () => {
  it("leaves a row without anything that was sealed", async () => {
    const folder = temporaryFolder();
    const { store, db, tenant, close } = await openRecordFile(folder.dir);
    const given = { url: "https://example.com/", description: "books", events: EVENT_NAMES, secret: "whsec_AAAA" };
    await store.addEndpoint({ id: "whk_1", tenantId: tenant.id, createdAt: 1, ...given }, 1);
    await store.rotateSecret(tenant.id, "whk_1", "whsec_BBBB", 9);
    const sealed = () =>
      db
        .prepare("SELECT sealed_url, sealed_description, sealed_secret, sealed_previous_secret FROM webhook_endpoints")
        .raw()
        .get() as (Buffer | null)[];
    expect(sealed()).not.to.include(null);
    await store.removeEndpoint(tenant.id, "whk_1", 5);
    expect(sealed()).to.deep.equal([null, null, null, null]);
    close();
    folder.remove();
  });
});
