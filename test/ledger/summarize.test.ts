import { expect } from "chai";
import { ACTIVE_MS, openSummaries } from "#src/ledger/summarize.ts";
import { type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

/** More than two steps of a summary. */
const CUSTOMERS = 620;

describe("the summary of a tenant", () => {
  const folder = temporaryFolder();
  let record: OpenRecord;

  before(async () => {
    record = await openRecord(folder.dir);
    const { store, tenant, clock } = record;
    await store.record(
      Array.from({ length: CUSTOMERS }, (_, n) => request(tenant, `c${n}`, { amount: BigInt(n) - 300n })),
      false,
    );
    clock.now += ACTIVE_MS + 1;
    const again = Array.from({ length: 100 }, (_, n) => request(tenant, `c${n}`, { amount: 1n }));
    await store.record(again, false);
    const other = await store.addTenant("other", clock.now);
    await store.record([request(other, "theirs", { amount: 10n ** 30n })], false);
  });

  after(async () => {
    await record.close();
    folder.remove();
  });

  it("adds up every ledger of the tenant once, over any number of steps, and no other tenant's", async () => {
    const summaries = openSummaries(record.store, () => record.clock.now);
    expect(await summaries(record.tenant)).to.deep.equal({
      customers: CUSTOMERS,
      activeCustomers: 100,
      totalDeltas: CUSTOMERS + 100,
      verifiedDeltas: 0,
      netBalance: BigInt((CUSTOMERS * (CUSTOMERS - 1)) / 2 - 300 * CUSTOMERS + 100),
    });
  });

  it("is made once for requests at the same time, and for each tenant", async () => {
    const summaries = openSummaries(record.store, () => record.clock.now);
    const other = (await record.store.tenantByName("other"))!;
    const [one, two, theirs] = await Promise.all([
      summaries(record.tenant),
      summaries(record.tenant),
      summaries(other),
    ]);
    expect(one).to.equal(two);
    expect(theirs).to.include({ customers: 1, netBalance: 10n ** 30n });
  });

  it("of few customers is made anew each time", async () => {
    const summaries = openSummaries(record.store, () => record.clock.now);
    const other = (await record.store.tenantByName("other"))!;
    await summaries(other);
    await record.store.record([request(other, "theirs", { amount: 1n })], false);
    expect(await summaries(other)).to.include({ totalDeltas: 2 });
  });
});
