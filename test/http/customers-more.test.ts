import { expect } from "chai";
import { LIMITS } from "#src/wire/fields.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { dataOf, errorOf, eventually, type Members, read, record, send, verified } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const DAY_MS = 86_400_000;

describe("all customers in one sum, and what is missing", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: { url: string; key: string };

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const summary = () => read(target, "/balance/customers/summary");

  /** Changes the record behind the server's back, as somebody with the disk could. */
  async function tamper(text: string, ...values: unknown[]): Promise<void> {
    expect(await changeBehind(dir, text, ...values)).to.be.at.least(1);
  }

  it("of a tenant without customers is zero", async () => {
    expect(await summary()).to.deep.equal({
      customers: 0,
      activeCustomers: 0,
      totalDeltas: 0,
      verifiedDeltas: 0,
      pendingDeltas: 0,
      failedDeltas: 0,
      netBalance: 0,
      netBalanceExact: "0",
    });
  });

  it("counts customers and deltas, and sums balances exactly", async () => {
    await record(target, { customerId: "a", delta: "0.100000000000000001", reason: "r" });
    await record(target, { customerId: "a", delta: "0.2", reason: "r" });
    const last = await record(target, { customerId: "b", delta: -5, reason: "r" });
    await verified(target, last.recordId);
    const found = await eventually("everything verified", async () => {
      const sum = await summary();
      return sum.pendingDeltas === 0 ? sum : undefined;
    });
    expect(found).to.include({ customers: 2, activeCustomers: 2, totalDeltas: 3, verifiedDeltas: 3, failedDeltas: 0 });
    expect(found.netBalanceExact).to.equal("-4.699999999999999999");
  });

  it("calls a customer active who had a delta in the last 30 days", async () => {
    const { ledgerIdentifier } = await record(target, { customerId: "long-ago", delta: 1, reason: "r" });
    const address = Buffer.from(ledgerIdentifier.slice(2), "hex");
    const move = "UPDATE deltas SET recorded_at = ? WHERE ledger = (SELECT id FROM ledgers WHERE address = ?)";
    // The checkpoint job will find this out and stop: a changed time is a changed record.
    await tamper(move, Date.now() - 30 * DAY_MS - 1_000, address);
    const seen = (active: number) =>
      eventually(`${active} active customers`, async () => {
        const sum = await summary();
        // A sum that was slow to make is given again for a while.
        return sum.activeCustomers === active ? sum : undefined;
      });
    expect(await seen(2)).to.include({ customers: 3 });
    await tamper(move, Date.now() - 30 * DAY_MS + 10_000, address);
    expect(await seen(3)).to.include({ customers: 3 });
  });

  it("names every hole in a ledger, and counts what is there", async () => {
    for (let n = 0; n < 12; n++) await record(target, { customerId: "holes", delta: 1, reason: "r" });
    const gaps = (query = "") => read(target, `/balance/gaps/holes${query}`);
    expect(await gaps()).to.deep.include({ expected: 12, present: 12, hasGaps: false, gaps: [] });

    const { ledgerIdentifier } = await read(target, "/balance/customers/holes");
    const address = Buffer.from(ledgerIdentifier.slice(2), "hex");
    await tamper(
      "DELETE FROM deltas WHERE ledger = (SELECT id FROM ledgers WHERE address = ?) AND sequence IN (1, 4, 5, 6, 9)",
      address,
    );
    const all = [
      { from: 1, to: 1 },
      { from: 4, to: 6 },
      { from: 9, to: 9 },
    ];
    expect(await gaps()).to.deep.include({ expected: 12, present: 7, hasGaps: true, gaps: all });
    expect(await gaps("?fromSequence=5&toSequence=8")).to.deep.include({
      expected: 4,
      present: 2,
      gaps: [{ from: 5, to: 6 }],
    });
    expect(await gaps("?limit=1")).to.deep.include({ present: 7, hasGaps: true, gaps: all.slice(0, 1) });
    expect(await gaps("?fromSequence=10&toSequence=14")).to.deep.include({
      expected: 5,
      present: 3,
      gaps: [{ from: 13, to: 14 }],
    });
    expect(await gaps("?fromSequence=7&toSequence=8")).to.deep.include({ hasGaps: false, gaps: [] });
  });

  it("misses rows that were cut off at the end of what is anchored", async () => {
    await record(target, { customerId: "cut", delta: 1, reason: "r" });
    const { ledgerIdentifier } = await record(target, { customerId: "cut", delta: 1, reason: "r" });
    const address = Buffer.from(ledgerIdentifier.slice(2), "hex");
    await tamper(
      "INSERT INTO anchor_leaves (anchor, position, ledger, count, balance, root, leaf, nodes) SELECT 1, 1000, id, 2, '2', ?, ?, ? FROM ledgers WHERE address = ?",
      ...[1, 2, 3].map(() => Buffer.alloc(32)),
      address,
    );
    await tamper(
      "DELETE FROM deltas WHERE ledger = (SELECT id FROM ledgers WHERE address = ?) AND sequence = 2",
      address,
    );
    expect(await read(target, "/balance/gaps/cut")).to.deep.include({
      expected: 2,
      present: 1,
      gaps: [{ from: 2, to: 2 }],
    });
  });

  it("the limits are those that refuse", async () => {
    const limits = await read(target, "/balance/limits");
    expect(limits).to.include({ ...LIMITS, maxRetentionDays: null, deltasPerMonth: null });
    const refused = async (body: Members) =>
      errorOf(await send(target.url, { path: "/api/v1/balance/delta", key: target.key, body })).message;
    const body = { customerId: "limits", delta: 1, reason: "r" };
    expect(await refused({ ...body, customerId: "c".repeat(limits.customerIdLength + 1) })).to.match(/customerId/);
    expect(await refused({ ...body, reason: "r".repeat(limits.reasonLength + 1) })).to.match(/reason/);
    expect(await refused({ ...body, delta: limits.largestDelta + 1 })).to.match(/between/);
    expect(await refused({ ...body, delta: `0.${"1".repeat(limits.amountDecimals + 1)}` })).to.match(/decimals/);
    await record(target, {
      customerId: "c".repeat(limits.customerIdLength),
      delta: limits.largestDelta,
      reason: "r".repeat(limits.reasonLength),
    });
    const list = await send(target.url, {
      path: `/api/v1/balance/customers?limit=${limits.customersPageSize + 1}`,
      key: target.key,
    });
    expect(errorOf(list).code).to.equal("VALIDATION_ERROR");
  });

  it("without a quota, what was recorded is counted all the same", async () => {
    const before = await read(target, "/balance/usage");
    expect(before).to.include({ allowed: null, remaining: null, plan: "unlimited" });
    expect(before.period).to.equal(new Date().toISOString().slice(0, 7));
    await record(target, { customerId: "counted", delta: 1, reason: "r" });
    expect((await read(target, "/balance/usage")).used).to.equal(before.used + 1);
  });
});

describe("a quota of deltas per month", () => {
  const dir = temporaryDirectory();
  const QUOTA = { TALLYROOT_QUOTA_DELTAS_PER_MONTH: "3" };
  let server: Server;
  let target: { url: string; key: string };

  const start = async () => {
    server = await startServer(dir, QUOTA);
    target = { url: server.url, key: apiKeyOf(dir) };
  };

  before(start);
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const body = { customerId: "c", delta: 1, reason: "r" };
  const post = (headers: Record<string, string> = {}) =>
    send(target.url, { path: "/api/v1/balance/delta", key: target.key, body, headers });

  it("lets exactly that many be recorded, however they arrive, and refuses the rest", async () => {
    await record(target, body, { "Idempotency-Key": "first" });
    const replies = await Promise.all(Array.from({ length: 10 }, () => post()));
    expect(replies.map(({ status }) => status).sort()).to.deep.equal([201, 201, ...Array(8).fill(402)]);
    const error = errorOf(replies.find(({ status }) => status === 402)!);
    expect(error.code).to.equal("QUOTA_EXCEEDED");
    expect(error.details).to.include({ allowed: 3 });
    expect(await read(target, "/balance/usage")).to.include({ allowed: 3, used: 3, remaining: 0, plan: "monthly" });
    expect((await read(target, "/balance/customers/c")).totalDeltas).to.equal(3);
  });

  it("refuses a batch as a whole where it stands or falls together, and item by item otherwise", async () => {
    const batch = (mode: string) =>
      send(target.url, { path: "/api/v1/balance/delta/batch", key: target.key, body: { mode, deltas: [body, body] } });
    const atomic = await batch("atomic");
    expect([atomic.status, errorOf(atomic).code]).to.deep.equal([402, "QUOTA_EXCEEDED"]);
    const { totalFailed, results } = dataOf(await batch("independent"));
    expect([totalFailed, results[0].error.code]).to.deep.equal([2, "QUOTA_EXCEEDED"]);
    expect((await read(target, "/balance/customers/c")).totalDeltas).to.equal(3);
  });

  it("still answers a repeated request, and holds after a restart", async () => {
    await server.stop();
    await start();
    const again = await post({ "Idempotency-Key": "first" });
    expect(again.status, again.text).to.equal(201);
    expect(dataOf(again).idempotent).to.equal(true);
    expect((await post()).status).to.equal(402);
    expect(await read(target, "/balance/limits")).to.include({ deltasPerMonth: 3 });
  });

  it("is each tenant's own", async () => {
    const made = await send(target.url, { path: "/api/v1/tenants", key: target.key, body: { name: "acme" } });
    const other = { url: target.url, key: dataOf(made).apiKey as string };
    expect(await record(other, body)).to.include({ sequence: 1 });
    expect(await read(other, "/balance/usage")).to.include({ used: 1, remaining: 2 });
  });
});
