import { expect } from "chai";
import { MIN_BALANCE } from "#src/core/amount.ts";
import { orderCustomers } from "#src/ledger/customers.ts";
import { countThrough, type LedgerMeasure, orderLedgers, type Ranked } from "#src/ledger/order-ledgers.ts";
import { cursor, cursorBehind, placeOfCursor } from "#src/wire/cursor.ts";
import { type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

/** More than two steps of the walk, and of the sorting. */
const CUSTOMERS = 620;
const MEASURES = ["firstDelta", "lastDelta", "deltas", "balance"] as const satisfies readonly LedgerMeasure[];

describe("ledgers in an order", () => {
  const folder = temporaryFolder();
  let record: OpenRecord;

  before(async () => {
    record = await openRecord(folder.dir);
    const { store, tenant, clock } = record;
    // Balances repeat, so that equals have to be decided between; some have another delta, later.
    const first = Array.from({ length: CUSTOMERS }, (_, n) =>
      request(tenant, `c${n}`, { amount: BigInt((n * 37) % 101) - 50n || 1n }),
    );
    await store.record(first, false);
    clock.now += 1000;
    const again = Array.from({ length: 100 }, (_, n) => request(tenant, `c${(n * 61) % CUSTOMERS}`, { amount: 7n }));
    await store.record(again, false);
    await store.record([request(await store.addTenant("other", clock.now), "theirs")], false);
  });
  after(async () => {
    await record.close();
    folder.remove();
  });

  const place = (a: Ranked, b: Ranked) =>
    a.value === b.value ? a.nth - b.nth : Number(a.value > b.value) - Number(a.value < b.value);

  for (const by of MEASURES) {
    it(`by ${by} are sorted, each there once, and the other way round exactly reversed`, async () => {
      const { store, tenant } = record;
      const up = await orderLedgers(store, tenant.id, { by, descending: false });
      expect(new Set(up.map(({ ledgerId }) => ledgerId)).size).to.equal(CUSTOMERS);
      expect(up).to.deep.equal(up.toSorted(place));
      expect(await orderLedgers(store, tenant.id, { by, descending: true })).to.deep.equal(up.toReversed());
    });

    it(`by ${by} are met once each, walked by cursors`, async () => {
      const { tenant } = record;
      const order = { by, descending: true };
      const met: (string | undefined)[] = [];
      for (let after: { value: bigint; nth: number } | undefined, pages = 0; pages < 20; pages++) {
        const page = { offset: 0, limit: 50 };
        const { customers, next, offset, total } = await orderCustomers(record, tenant, { order, page, after });
        expect([offset, total]).to.deep.equal([met.length, CUSTOMERS]);
        met.push(...customers.map(({ customerId }) => customerId));
        if (!next) break;
        after = placeOfCursor("list", cursorBehind("list", next));
      }
      expect(met).to.have.length(CUSTOMERS);
      expect(new Set(met).size).to.equal(CUSTOMERS);
    });
  }

  it("shows the values that it orders by", async () => {
    const { tenant } = record;
    const page = { offset: 0, limit: CUSTOMERS };
    const { customers } = await orderCustomers(record, tenant, { order: { by: "balance", descending: true }, page });
    const balances = customers.map(({ balance }) => balance);
    expect(balances).to.deep.equal(balances.toSorted((a, b) => Number(b - a)));
    expect(balances[0]! > balances.at(-1)!).to.equal(true);
    const newest = await orderCustomers(record, tenant, { order: { by: "lastDelta", descending: true }, page });
    expect(newest.customers.slice(0, 100).every(({ totalDeltas }) => totalDeltas === 2)).to.equal(true);
  });

  it("keeps its place when the ledger that a cursor names has moved away", async () => {
    const { store, tenant } = record;
    const order = { by: "balance", descending: false } as const;
    const before = await orderLedgers(store, tenant.id, order);
    const mark = before[99]!;
    const others = before.filter(({ ledgerId }) => ledgerId !== mark.ledgerId);
    expect(countThrough(order, others, mark)).to.equal(99);
    expect(countThrough(order, before, mark)).to.equal(100);
  });

  it("searches within an order", async () => {
    const { tenant } = record;
    const order = { by: "deltas", descending: true } as const;
    const page = { offset: 0, limit: CUSTOMERS };
    const { customers, total } = await orderCustomers(record, tenant, { order, search: "C61", page });
    expect(total)
      .to.equal(customers.length)
      .and.to.be.below(CUSTOMERS / 10);
    const ids = customers.map(({ customerId }) => customerId);
    expect(ids).to.include.members(["c61", ...Array.from({ length: 10 }, (_, n) => `c61${n}`)]);
    const counts = customers.map(({ totalDeltas }) => totalDeltas);
    expect(counts).to.deep.equal(counts.toSorted((a, b) => b - a));
  });

  it("has cursors with room for every balance", () => {
    const place = { value: MIN_BALANCE, nth: 999_999_999_999 };
    const text = cursorBehind("customers-by-firstDelta-desc", place);
    expect(cursor.safeParse(text).success).to.equal(true);
    expect(placeOfCursor("customers-by-firstDelta-desc", text)).to.deep.equal(place);
    expect(() => placeOfCursor("customers-by-balance-desc", text)).to.throw("nextCursor of this list");
    expect(() => placeOfCursor("list", "AAAAA")).to.throw("nextCursor of this list");
  });
});
