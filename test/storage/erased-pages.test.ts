import { cpSync } from "node:fs";
import { expect } from "chai";
import { ledgerAddress } from "#src/core/address.ts";
import { freshApiKey } from "#src/ledger/api-keys.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { openSqliteStore } from "#src/storage/sqlite/store.ts";
import { isLeftIn, rawBytes } from "./readable.ts";
import { MASTER, type OpenRecordFile, openRecordFile, request, temporaryFolder } from "./record-folder.ts";

/** Customers: some ten pages of keys. */
const CUSTOMERS = 200;
/** API keys of one customer: some three pages of labels. */
const KEYS = 100;

for (const thread of [false, true]) {
  describe(`the pages of what was erased${thread ? ", with a recording thread" : ""}`, () => erasedPages(thread));
}

function erasedPages(thread: boolean): void {
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecordFile;
  beforeEach(async () => {
    folder = temporaryFolder();
    record = await openRecordFile(folder.dir, undefined, { thread });
  });
  afterEach(async () => {
    await record.close();
    folder.remove();
  });

  const name = (n: number) => `customer-${n}-${"x".repeat(n % 40)}`;
  const addressOf = (n: number) => ledgerAddress(record.tenant.namespace, name(n));

  async function recordFor(numbers: readonly number[]): Promise<void> {
    const requests = numbers.map((n) => request(record.tenant, name(n)));
    await record.store.record(requests, false);
  }

  async function erase(numbers: readonly number[]): Promise<void> {
    const { store, tenant } = record;
    for (const n of numbers) await store.eraseKeys(tenant, (await store.ledger(tenant.id, addressOf(n)))!, name(n), 5);
  }

  /** All that SQL finds in a column now. */
  function sealedNow(sql: string): Buffer[] {
    return record.db.prepare<[], Buffer>(sql).pluck().all();
  }

  const WRAPPED = "SELECT wrapped FROM ledger_keys WHERE wrapped IS NOT NULL";

  it("have no copy of a key, however the table has grown and in whatever order customers were erased", async () => {
    const all = Array.from({ length: CUSTOMERS }, (_, n) => n);
    const even = all.filter((n) => n % 2 === 0);
    await recordFor(all);
    const keys = sealedNow(WRAPPED);
    await erase(even);
    // Keys of a second generation in between make pages overflow.
    await recordFor(even.filter((n) => n % 3 === 0));
    keys.push(...sealedNow(WRAPPED));
    const before = rawBytes(folder.dir);
    expect(keys.filter((key) => isLeftIn(before, key))).to.have.length.above(CUSTOMERS / 2);
    await erase(all.toReversed());
    const raw = rawBytes(folder.dir);
    expect(keys.filter((key) => isLeftIn(raw, key))).to.have.length(0);
    expect(sealedNow(WRAPPED)).to.deep.equal([]);
  }).timeout(20_000);

  it("have no copy of an API key's label for that customer, and keep the others", async () => {
    const { store, tenant } = record;
    await recordFor([1]);
    const add = async (ledger: Uint8Array | null) => {
      const key = freshApiKey({ scope: "read", label: "for somebody", mode: "test", now: 1, ledgerAddress: ledger });
      await store.addApiKey({ ...key.record, tenantId: tenant.id });
      return key.record.publicId;
    };
    const limited: string[] = [];
    for (let n = 0; n < KEYS; n++) limited.push(await add(addressOf(1)));
    const others = [await add(null), await add(addressOf(2))];
    const labels = sealedNow("SELECT sealed_label FROM api_key_labels ORDER BY id");
    await erase([1]);
    const raw = rawBytes(folder.dir);
    expect(labels.map((label) => isLeftIn(raw, label))).to.deep.equal([...limited.map(() => false), true, true]);
    for (const id of limited) expect((await store.apiKey(id))!.label).to.equal(null);
    for (const id of others) expect((await store.apiKey(id))!.label).to.equal("for somebody");
  });

  it("are overwritten by the next start where an erasure was cut off before that", async () => {
    await recordFor([1, 2]);
    const [key, other] = sealedNow(WRAPPED);
    // The keys are destroyed, and before the WAL is emptied the power fails.
    record.db.exec("UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL WHERE ledger = 1");
    const crashed = temporaryFolder();
    for (const suffix of ["", "-wal"]) cpSync(databaseFile(folder.dir) + suffix, databaseFile(crashed.dir) + suffix);
    expect(isLeftIn(rawBytes(crashed.dir), key!)).to.equal(true);

    const store = openSqliteStore({ dir: crashed.dir, master: MASTER, clock: Date.now, report: () => {} });
    expect([key!, other!].map((one) => isLeftIn(rawBytes(crashed.dir), one))).to.deep.equal([false, true]);
    store.close();
    crashed.remove();
  });
}
