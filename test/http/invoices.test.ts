import { expect } from "chai";
import { dataOf, errorOf, eventually, type Members, read, record, send } from "./call.ts";
import { type History, loopOver, seedHistory } from "./history.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

describe("the statement for an invoice", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let history: History;

  before(async () => {
    history = await seedHistory(dir);
    server = await startServer(dir);
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const get = (path: string, name: keyof History["keys"]) =>
    send(server.url, { path: `/api/v1/balance/${path}`, key: history.keys[name] });
  const checkpoints = async () =>
    (await read({ url: server.url, key: history.keys.read }, "/balance/checkpoints?limit=1000")).pagination
      .total as number;
  const inMonth = (period: string) =>
    loopOver(history.past, "a", ({ time }) => new Date(time).toISOString().startsWith(period));

  it("has the month's checkpoint, the links, and a line for each delta", async () => {
    const data = dataOf(await get("receipt/a?period=2025-02", "write"));
    const { deltas, change, count } = inMonth("2025-02");
    expect(data).to.include({ customerId: "a", period: "2025-02", netChange: change, deltasCount: count });
    const { checkpointId: _, mode: __, firstSequence: ___, createdAt: ____, ...same } = data.checkpoint;
    expect(data).to.deep.include(same);
    expect(
      (data.lines as Members[]).map(({ delta, reason, recordId, receiptId, time }) => ({
        delta,
        reason,
        recordId,
        receiptId,
        time,
      })),
    ).to.deep.equal(
      deltas.map(({ hundredths, reason, recordId, receiptId, time }) => ({
        delta: hundredths / 100,
        reason,
        recordId,
        receiptId,
        time: new Date(time).toISOString(),
      })),
    );
    expect(data.lines.at(-1).balance).to.equal(data.endingBalance);
    expect((await fetch(data.verificationApiUrl)).status).to.equal(200);
  });

  it("is the same under its other name, and page by page", async () => {
    const whole = dataOf(await get("receipt/a?period=2025-02", "write"));
    await eventually("VERIFIED", async () => {
      const { status } = dataOf(await get("receipt/a?period=2025-02", "write"));
      return status === "VERIFIED" ? status : undefined;
    });
    const lines: Members[] = [];
    for (let offset = 0; offset < whole.deltasCount; offset += 4) {
      const data = dataOf(await get(`invoice-proof/a?period=2025-02&limit=4&offset=${offset}`, "write"));
      expect(data.proofRoot).to.equal(whole.proofRoot);
      expect(data.pagination).to.deep.equal({ total: whole.deltasCount, offset, limit: 4 });
      lines.push(...data.lines);
    }
    expect(lines.map(({ recordId }) => recordId)).to.deep.equal(whole.lines.map((line: Members) => line.recordId));
  });

  it("is not made by a key that only reads, which gets the latest that there is", async () => {
    const before = await checkpoints();
    for (const name of ["read", "a"] as const) {
      const reply = await get("invoice-proof/a?period=2025-03", name);
      expect([reply.status, errorOf(reply).code]).to.deep.equal([404, "NOT_FOUND"]);
    }
    expect(await checkpoints()).to.equal(before);
    const made = dataOf(await get("invoice-proof/a?period=2025-03", "write"));
    expect(await checkpoints()).to.equal(before + 1);
    for (const name of ["read", "a"] as const) {
      expect(dataOf(await get("invoice-proof/a?period=2025-03", name)).proofRoot).to.equal(made.proofRoot);
    }
    expect(await checkpoints()).to.equal(before + 1);
  });

  it("of the current month has what is new for a key that writes, and for one that reads as soon as that was made", async () => {
    const target = { url: server.url, key: history.keys.write };
    await record(target, { customerId: "b", delta: 1, reason: "r" });
    const first = dataOf(await get("receipt/b", "write"));
    await record(target, { customerId: "b", delta: 2, reason: "r" });
    const stale = dataOf(await get("receipt/b", "b"));
    expect([stale.proofRoot, stale.deltasCount, stale.lines.length]).to.deep.equal([first.proofRoot, 1, 1]);
    const second = dataOf(await get("receipt/b", "write"));
    expect([second.deltasCount, second.netChange]).to.deep.equal([2, 3]);
    expect(dataOf(await get("receipt/b", "b")).proofRoot).to.equal(second.proofRoot);
  });

  it("is for that customer's key only", async () => {
    for (const path of ["receipt/a", "invoice-proof/a", "customers/a/receipts"]) {
      const reply = await get(path, "b");
      expect([reply.status, errorOf(reply).code], path).to.deep.equal([404, "CUSTOMER_NOT_FOUND"]);
    }
    const { receipts } = dataOf(await get("customers/a/receipts?limit=2", "a"));
    const newest = loopOver(history.past, "a").deltas.slice(-2).reverse();
    expect((receipts as Members[]).map(({ receiptId }) => receiptId)).to.deep.equal(newest.map((d) => d.receiptId));
  });

  describe("of months that close by themselves", () => {
    it("is there for every customer once the server has started with that switched on", async () => {
      const own = temporaryDirectory();
      const { keys } = await seedHistory(own, lastMonth());
      const closing = await startServer(own, { TALLYROOT_CLOSE_MONTHS: "true" });
      const target = { url: closing.url, key: keys.read };
      const closed = await eventually("the last month closed", async () => {
        const { checkpoints: found } = await read(target, "/balance/checkpoints");
        return found.length === 2 ? (found as Members[]) : undefined;
      });
      await closing.stop();
      removeDirectory(own);
      expect(closed.map(({ customerId, period }) => `${customerId} ${period}`)).to.have.members(
        ["a", "b"].map((customerId) => `${customerId} ${new Date(lastMonth()).toISOString().slice(0, 7)}`),
      );
    });

    it("is not, unless it is switched on", async () => {
      const path = `receipt/a?period=${new Date(lastMonth()).toISOString().slice(0, 7)}`;
      const reply = await get(path, "read");
      expect([reply.status, errorOf(reply).code]).to.deep.equal([404, "NOT_FOUND"]);
    });
  });
});

/** The start of the month before this one, in UTC. */
function lastMonth(): number {
  const now = new Date();
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1);
}
