import { expect } from "chai";
import { TallyrootError } from "#src/core/errors.ts";
import { deltasOf, type OpenRecordFile, openRecordFile, request, sqlClient, temporaryFolder } from "./record-folder.ts";

describe("the recording thread", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecordFile;
  beforeEach(async () => {
    folder = temporaryFolder();
    record = await openRecordFile(folder.dir, undefined, { thread: true });
  });
  afterEach(async () => {
    await record.close();
    folder.remove();
  });

  const failureOf = async (work: Promise<unknown>): Promise<unknown> => {
    const [outcome] = await Promise.allSettled([work]);
    return outcome.status === "rejected" ? outcome.reason : undefined;
  };

  it("says that nothing was recorded while the database cannot be written, and heals", async () => {
    const { store, tenant } = record;
    const [first] = deltasOf(await store.record([request(tenant, "c")], false));
    const intruder = sqlClient(folder.dir);
    intruder.exec("BEGIN IMMEDIATE");
    const error = await failureOf(store.record([request(tenant, "c"), request(tenant, "d")], false));
    expect(error).to.be.instanceOf(TallyrootError).with.property("code", "SERVICE_UNAVAILABLE");
    expect((error as TallyrootError).facts).to.deep.equal({ retryAfterSeconds: 1 });
    expect(String((error as TallyrootError).cause), "for the operator's log").to.contain("database is locked");
    intruder.exec("ROLLBACK");
    intruder.close();
    const after = deltasOf(await store.record([request(tenant, "c"), request(tenant, "d")], false));
    expect(after.map(({ sequence }) => sequence)).to.deep.equal([first!.sequence + 1, 1]);
    expect(await store.ledgerCount(tenant.id)).to.equal(2);
  }).timeout(30_000);

  it("records everything that was asked for before it is closed, and nothing after", async () => {
    const { store, tenant } = record;
    const asked = Array.from({ length: 500 }, (_, i) => store.record([request(tenant, `c${i % 7}`)], false));
    const closed = store.close();
    const late = await failureOf(store.record([request(tenant, "late")], false));
    expect(late).to.be.instanceOf(TallyrootError).with.property("message", "the server is stopping");
    expect((await Promise.all(asked)).flat().every(({ kind }) => kind === "recorded")).to.equal(true);
    await closed;
    const again = await openRecordFile(folder.dir);
    expect((await again.store.progress()).recorded).to.equal(500);
    await again.close();
  });

  it("refuses a unit under a request id that was used for a delta, and answers what came with it", async () => {
    const { store, tenant } = record;
    const requestId = Buffer.alloc(16, 9);
    const note = { requestId, tenantId: tenant.id, route: "POST /x", effect: "deltas", members: "{}", createdAt: 1 };
    const [delta, unit, other] = await Promise.all([
      store.record([request(tenant, "c", { requestId })], false),
      failureOf(store.record([request(tenant, "c")], false, { request: note })),
      store.record([request(tenant, "c")], false),
    ]);
    expect(unit).to.be.instanceOf(TallyrootError).with.property("code", "IDEMPOTENCY_CONFLICT");
    expect(deltasOf([...delta, ...other]).map(({ sequence }) => sequence)).to.deep.equal([1, 2]);
    expect((await store.deltaByRequestId(requestId))?.sequence).to.equal(1);
  });

  it("counts what was asked for before a time, also where that is still on its way to the disk", async () => {
    const { store, tenant, clock } = record;
    const [first] = deltasOf(await store.record([request(tenant, "c")], false));
    for (let round = 1; round <= 20; round++) {
      const asked = store.record([request(tenant, "c")], false);
      clock.now += 1;
      expect(await store.countBefore(first!.ledger, clock.now)).to.equal(1 + round);
      await asked;
    }
    // What is asked for at that time or later is not waited for, and does not count.
    const late = store.record([request(tenant, "c")], false);
    expect(await store.countBefore(first!.ledger, clock.now)).to.equal(21);
    await late;
    expect(await store.countBefore(first!.ledger, clock.now)).to.equal(21);
  });

  it("seals what is recorded after an erasure with a new key, and what waited before it with the old one", async () => {
    const { store, tenant } = record;
    const [first] = deltasOf(await store.record([request(tenant, "c")], false));
    const before = store.record([request(tenant, "c")], false);
    const erased = store.eraseKeys(tenant, first!.ledger, "c", 5);
    const after = store.record([request(tenant, "c")], false);
    expect(await erased).to.deep.equal({ erasedDeltas: 2, erasedAt: 5 });
    await Promise.all([before, after]);
    const generations = (await store.deltas(first!.ledger, 1, 10)).map(({ generation }) => generation);
    expect(generations).to.deep.equal([1, 1, 2]);
  });
});
