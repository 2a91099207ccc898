import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { TallyrootError } from "#src/core/errors.ts";
import { checkpointLedger } from "#src/ledger/checkpoint.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { behind } from "#test/run/record-of.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";
import {
  deltasOf,
  type OpenRecord,
  type OpenRecordFile,
  openRecord,
  openRecordFile,
  request,
  sqlClient,
  temporaryFolder,
} from "./record-folder.ts";

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

  /** Does it while nothing can be written, and again when something can. */
  async function whileRefused(work: () => Promise<unknown>): Promise<unknown> {
    const error = await behind(folder.dir, async (sql) => {
      await sql.hold();
      const refusal = await work().catch((thrown: unknown) => thrown);
      await sql.letGo();
      return refusal;
    });
    expect(error).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
    expect((error as TallyrootError).facts).to.include({ retryAfterSeconds: 1 });
    return work();
  }

  it("is refused as something that may pass while nothing can be written: a statement", async () => {
    const { store, tenant, clock } = record;
    const [delta] = deltasOf(await store.record([request(tenant, "c")], false));
    const window = { from: 0, to: clock.now + 1 };
    const made = () => checkpointLedger(store, delta!.ledger, window, { now: clock.now });
    expect(await whileRefused(made)).to.include({ replayed: false });
  }).timeout(30_000);

  it("and each change of a webhook endpoint", async () => {
    const { store, tenant, clock } = record;
    const endpoint = { url: "https://example.com/hook", description: null, events: [], secret: "whsec_AAAA" };
    const fresh = { id: "whk_1", tenantId: tenant.id, createdAt: clock.now, ...endpoint };
    expect(await whileRefused(() => store.addEndpoint(fresh, 9))).to.equal("added");
    const change = () => store.changeEndpoint(tenant.id, fresh.id, { enabled: false }, clock.now);
    expect(await whileRefused(change)).to.include({ enabled: false });
    const rotate = () => store.rotateSecret(tenant.id, fresh.id, "whsec_BBBB", clock.now);
    await whileRefused(rotate);
    const remove = () => store.removeEndpoint(tenant.id, fresh.id, clock.now);
    expect(await whileRefused(remove)).to.equal(true);
  }).timeout(60_000);

  it("but not where the schema does not take it, which is a mistake of ours that no waiting mends", async () => {
    const { store, tenant, clock } = record;
    const [delta] = deltasOf(await store.record([request(tenant, "d")], false));
    await behind(folder.dir, (sql) => sql.refuse("checkpoints", "no"));
    const made = checkpointLedger(store, delta!.ledger, { from: 0, to: clock.now + 1 }, { now: clock.now });
    const error = await made.catch((refusal: unknown) => refusal);
    await behind(folder.dir, (sql) => sql.accept("checkpoints"));
    expect(error).not.to.be.instanceOf(TallyrootError);
    expect(error).to.have.property("message", "no");
  });

  it("nor where it does not take a delta", async () => {
    const { store, tenant } = record;
    await behind(folder.dir, (sql) => sql.refuse("deltas", "no"));
    const error = await store.record([request(tenant, "e")], false).catch((refusal: unknown) => refusal);
    await behind(folder.dir, (sql) => sql.accept("deltas"));
    expect(error).not.to.be.instanceOf(TallyrootError);
    expect(error).to.have.property("message", "no");
    expect(deltasOf(await store.record([request(tenant, "e")], false))[0]).to.include({ sequence: 1 });
  });
});

overSqlite("facts-of-file", () =>
  describe("the facts in a file", () => {
    const folder = temporaryFolder();
    let file: OpenRecordFile;

    before(async () => {
      file = await openRecordFile(folder.dir);
    });
    after(async () => {
      await file.close();
      folder.remove();
    });

    it("stand once and for all, and of notes the last counts", async () => {
      const { facts } = file.store;
      facts.set("chain.id", "1");
      expect(() => facts.set("chain.id", "2")).to.throw("UNIQUE");
      for (const code of ["OTHER_ROOT", "LOG_GONE"]) await facts.note("anchoring.halt", code);
      expect([facts.get("chain.id"), facts.get("anchoring.halt")]).to.deep.equal(["1", "LOG_GONE"]);
    });

    it("are in the database itself at once: a WAL that is lost does not take along where the anchors are", async () => {
      file.store.facts.set("chain.contract", "somewhere");
      const copy = join(folder.dir, "copy");
      mkdirSync(copy);
      copyFileSync(databaseFile(folder.dir), databaseFile(copy));
      const alone = sqlClient(copy);
      const fact = alone.prepare("SELECT value FROM facts WHERE name = 'chain.contract'").pluck();
      expect(fact.get()).to.equal("somewhere");
      alone.close();
    });
  }),
);
