import { expect } from "chai";
import { dataOf, errorOf, eventually, type Members, read, send } from "./call.ts";
import { type History, loopOver, type Past, seedHistory } from "./history.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const DAY = 86_400_000;
const day = (text: string) => Date.parse(`${text}T00:00:00Z`);

describe("deriving a scope over HTTP", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let history: History;

  before(async () => {
    history = await seedHistory(dir);
    server = await startServer(dir);
    await eventually("everything VERIFIED", async () => ((await derive("")).pendingCount === 0 ? true : undefined));
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const derive = (query: string, key = history.keys.read) =>
    read({ url: server.url, key }, `/balance/derive/a?limit=1000${query}`);
  const isoOf = (time: number) => new Date(time).toISOString();

  async function expectLooped(query: string, isIn: (delta: Past) => boolean, startingBalance = 0): Promise<Members> {
    const derived = await derive(query);
    const { deltas, count, hundredths } = loopOver(history.past, "a", isIn);
    const computed = (hundredths + Math.round(startingBalance * 100)) / 100;
    expect(derived, query).to.include({
      startingBalance,
      computedBalance: computed,
      computedBalanceExact: String(computed),
      verifiedBalance: computed,
      deltasCount: count,
      verifiedCount: count,
      pendingCount: 0,
      latestRecordId: deltas.at(-1)?.recordId ?? null,
    });
    expect((derived.deltas as Members[]).map(({ recordId }) => recordId)).to.deep.equal(deltas.map((d) => d.recordId));
    return derived;
  }

  it("is a month, a window of days to the end of its last one, or of times", async () => {
    const month = await expectLooped("&period=2025-02", ({ time }) => isoOf(time).startsWith("2025-02"));
    expect(month.scope).to.deep.equal({
      from: "2025-02-01T00:00:00.000Z",
      to: "2025-03-01T00:00:00.000Z",
      period: "2025-02",
    });
    const lastDay = isoOf(loopOver(history.past, "a").deltas[20]!.time).slice(0, 10);
    const days = await expectLooped(`&startDate=2025-01-10&endDate=${lastDay}`, ({ time }) => {
      return time >= day("2025-01-10") && time < day(lastDay) + DAY;
    });
    expect(days.scope).not.to.have.property("period");
    const times = "&timePreset=custom&startDate=2025-01-10T00:00:00%2B01:00&endDate=2025-02-01T12:00:00.000Z";
    await expectLooped(times, ({ time }) => time >= day("2025-01-10") - DAY / 24 && time < day("2025-02-01") + DAY / 2);
    await expectLooped("&timePreset=current_month", () => false);
  });

  it("adds the scope's change to the starting balance, whatever was before", async () => {
    await expectLooped(
      "&period=2025-03&startingBalance=100.25",
      ({ time }) => isoOf(time).startsWith("2025-03"),
      100.25,
    );
    await expectLooped("&startingBalance=-3", () => true, -3);
  });

  it("is as of a time or a sequence", async () => {
    const { time, sequence } = loopOver(history.past, "a").deltas[17]!;
    await expectLooped(`&at=${isoOf(time)}`, (delta) => delta.time < time);
    await expectLooped(`&at=${sequence}`, (delta) => delta.sequence <= sequence);
    await expectLooped("&finality=verified", () => true);
  });

  it("starts from a checkpoint, its root, a delta or an anchor, with the balance there", async () => {
    const body = { customerId: "a", period: "2025-01" };
    const reply = await send(server.url, { path: "/api/v1/balance/checkpoint", key: history.keys.write, body });
    const { proofRoot, merkleRoot, endingBalance } = dataOf(reply);
    const later = ({ time }: Past) => time >= day("2025-02-01");
    await expectLooped(`&startingCheckpoint=${proofRoot}`, later, endingBalance);
    await expectLooped(`&startingCheckpoint=${proofRoot}&startingCheckpointType=proofRoot`, later, endingBalance);
    await expectLooped(`&startingCheckpoint=${merkleRoot}&startingCheckpointType=itemsRoot`, later, endingBalance);
    await expectLooped(`&startingCheckpoint=${proofRoot}&startingBalance=1`, later, 1);
    const { recordId, sequence } = loopOver(history.past, "a").deltas[9]!;
    const before = loopOver(history.past, "a", (delta) => delta.sequence <= sequence).change;
    await expectLooped(
      `&startingCheckpoint=${recordId}&startingCheckpointType=recordId`,
      (delta) => delta.sequence > sequence,
      before,
    );
    await expectLooped(
      "&startingCheckpoint=1&startingCheckpointType=anchorId",
      () => false,
      loopOver(history.past, "a").change,
    );
  });

  it("breaks down by day, week and month, and the parts add up to the change", async () => {
    for (const granularity of ["day", "week", "month"]) {
      const derived = await derive(`&startDate=2025-01-15&endDate=2025-04-14&granularity=${granularity}`);
      const parts = derived.breakdown as Members[];
      const sum = parts.reduce((total, { netChange }) => total + Math.round((netChange as number) * 100), 0);
      expect(sum).to.equal(Math.round(derived.computedBalance * 100));
      expect(parts.reduce((total, { deltasCount }) => total + deltasCount, 0)).to.equal(derived.deltasCount);
      for (const { from, to, netChange, netChangeExact, deltasCount } of parts) {
        const looped = loopOver(history.past, "a", ({ time }) => time >= Date.parse(from) && time < Date.parse(to));
        expect({ netChange, netChangeExact, deltasCount }).to.deep.equal({
          netChange: looped.change,
          netChangeExact: String(looped.change),
          deltasCount: looped.count,
        });
      }
      expect([parts[0]!.from, parts.at(-1)!.to]).to.deep.equal([derived.scope.from, derived.scope.to]);
    }
    expect(await derive("")).not.to.have.property("breakdown");
  });

  it("has the balance and the counts of the scope on every page of it", async () => {
    // A checkpoint that an earlier test made may still be on its way, and its status would change between two pages.
    const whole = await eventually("the latest checkpoint VERIFIED", async () => {
      const derived = await derive("&period=2025-02");
      return ["VERIFIED", undefined].includes(derived.latestCheckpoint?.status) ? derived : undefined;
    });
    const paged: Members[] = [];
    for (let offset = 0; offset < whole.deltasCount; offset += 3) {
      const path = `/balance/derive/a?period=2025-02&limit=3&offset=${offset}`;
      const { deltas, pagination, ...rest } = await read({ url: server.url, key: history.keys.read }, path);
      const { deltas: _, pagination: __, ...same } = whole;
      expect(rest).to.deep.equal(same);
      const { nextCursor, ...place } = pagination;
      expect(place).to.deep.equal({ total: whole.deltasCount, offset, limit: 3 });
      expect(nextCursor === null).to.equal(offset + 3 >= whole.deltasCount);
      paged.push(...deltas);
    }
    expect(paged).to.deep.equal(whole.deltas);
  });

  it("knows the latest checkpoint, and says nothing of a selection", async () => {
    const { latestCheckpoint } = await derive("");
    expect(latestCheckpoint).to.include({ from: "2025-01-01T00:00:00.000Z", to: "2025-02-01T00:00:00.000Z" });
    const { keys, past } = history;
    const body = { mode: "selection", fingerprints: [past[0]!.receiptId] };
    const reply = await send(server.url, { path: "/api/v1/balance/checkpoint", key: keys.write, body });
    expect(reply.status, reply.text).to.equal(201);
    expect((await derive("")).latestCheckpoint.checkpointId).to.equal(latestCheckpoint.checkpointId);
  });

  it("is shown to the key of that customer, and to no other customer's", async () => {
    expect((await derive("&period=2025-02", history.keys.a)).deltasCount).to.be.greaterThan(0);
    const reply = await send(server.url, { path: "/api/v1/balance/derive/a", key: history.keys.b });
    expect([reply.status, errorOf(reply).code]).to.deep.equal([404, "CUSTOMER_NOT_FOUND"]);
  });
});
