import { expect } from "chai";
import { openContents } from "#src/ledger/contents.ts";
import {
  deltasOf,
  MASTER,
  type OpenRecord,
  openRecord,
  request,
  temporaryFolder,
} from "#test/storage/record-folder.ts";

describe("open contents", () => {
  const folder = temporaryFolder();
  let record: OpenRecord;

  before(async () => {
    record = await openRecord(folder.dir);
  });

  after(async () => {
    await record.close();
    folder.remove();
  });

  it("are not kept when they were being read while their ledger was erased", async () => {
    const { store, tenant } = record;
    const [delta] = deltasOf(await store.record([request(tenant, "c")], false));
    // The store's answer is on its way while the ledger is erased.
    let arrive = () => {};
    const erased = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const slow = { keysOf: (id: number) => store.keysOf(id).then((keys) => erased.then(() => keys)) };
    const contents = openContents(slow, MASTER);
    const reading = contents.contentOf(delta!);
    await store.eraseKeys(tenant, delta!.ledger, "c", Date.now());
    contents.forget(delta!.ledger.id);
    arrive();
    expect((await reading)?.customerId).to.equal("c");
    expect(await contents.contentOf(delta!)).to.equal(undefined);
  });

  it("are gone once they are forgotten", async () => {
    const { store, tenant } = record;
    const [delta] = deltasOf(await store.record([request(tenant, "d")], false));
    const contents = openContents(store, MASTER);
    expect((await contents.contentOf(delta!))?.customerId).to.equal("d");
    await store.eraseKeys(tenant, delta!.ledger, "d", Date.now());
    contents.forget(delta!.ledger.id);
    expect(await contents.contentOf(delta!)).to.equal(undefined);
    expect(await contents.customerIdOf(delta!.ledger)).to.equal(undefined);
  });
});
