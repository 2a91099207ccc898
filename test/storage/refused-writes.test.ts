import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { TallyrootError } from "#src/core/errors.ts";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { deltasOf, type OpenRecord, openRecord, request, sqlClient, temporaryFolder } from "./record-folder.ts";

describe("what a request writes beside deltas", () => {
  const folder = temporaryFolder();
  let record: OpenRecord;

  before(async () => {
    record = await openRecord(folder.dir);
  });
  after(async () => {
    await record.close();
    folder.remove();
  });

  /** Does it while the disk refuses such rows, and again when it does not. */
  async function onFullDisk(trouble: string, work: () => Promise<unknown>): Promise<unknown> {
    const blocker = sqlClient(folder.dir);
    blocker.exec(`CREATE TRIGGER full BEFORE ${trouble} BEGIN SELECT RAISE(ABORT, 'as if the disk were full'); END`);
    const error = await work().catch((refusal: unknown) => refusal);
    blocker.exec("DROP TRIGGER full");
    blocker.close();
    expect(error).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
    expect((error as TallyrootError).facts).to.include({ retryAfterSeconds: 1 });
    return work();
  }

  it("is refused as something that may pass where the disk is full: a statement", async () => {
    const { store, tenant, clock } = record;
    const [delta] = deltasOf(await store.record([request(tenant, "c")], false));
    const window = { from: 0, to: clock.now + 1 };
    const made = () => checkpointLedger(store, delta!.ledger, window, { now: clock.now });
    expect(await onFullDisk("INSERT ON checkpoints", made)).to.include({ replayed: false });
  });

  it("and each change of a webhook endpoint", async () => {
    const { store, tenant, clock } = record;
    const endpoint = { url: "https://example.com/hook", description: null, events: [], secret: "whsec_AAAA" };
    const fresh = { id: "whk_1", tenantId: tenant.id, createdAt: clock.now, ...endpoint };
    expect(await onFullDisk("INSERT ON webhook_endpoints", () => store.addEndpoint(fresh, 9))).to.equal("added");
    const change = () => store.changeEndpoint(tenant.id, fresh.id, { enabled: false }, clock.now);
    expect(await onFullDisk("UPDATE ON webhook_endpoints", change)).to.include({ enabled: false });
    const rotate = () => store.rotateSecret(tenant.id, fresh.id, "whsec_BBBB", clock.now);
    await onFullDisk("UPDATE ON webhook_endpoints", rotate);
    const remove = () => store.removeEndpoint(tenant.id, fresh.id, clock.now);
    expect(await onFullDisk("UPDATE ON webhook_endpoints", remove)).to.equal(true);
  });

  it("and where the anchors are, which is in the database itself at once: a WAL that is lost does not take it along", async () => {
    record.store.facts.set("chain.contract", "somewhere");
    const copy = join(folder.dir, "copy");
    mkdirSync(copy);
    copyFileSync(databaseFile(folder.dir), databaseFile(copy));
    const alone = sqlClient(copy);
    const fact = alone.prepare("SELECT value FROM facts WHERE name = 'chain.contract'").pluck();
    expect(fact.get()).to.equal("somewhere");
    alone.close();
  });
});
