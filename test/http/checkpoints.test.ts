import { expect } from "chai";
import { fromHex } from "#src/core/bytes.ts";
import { verifyConsistency } from "#src/core/proof.ts";
import { dataOf, errorOf, eventually, type Members, type Reply, read, record, send } from "./call.ts";
import { type History, loopOver, seedHistory } from "./history.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const PATH = "/api/v1/balance/checkpoint";

describe("checkpoints over HTTP", () => {
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

  const as = (name: keyof History["keys"]) => ({ url: server.url, key: history.keys[name] });
  const post = (body: Members, headers: Record<string, string> = {}, name: keyof History["keys"] = "write") =>
    send(server.url, { path: PATH, key: history.keys[name], body, headers });
  const make = async (body: Members, name?: keyof History["keys"]) => {
    const reply = await post(body, {}, name);
    expect(reply.status, reply.text).to.equal(201);
    return dataOf(reply);
  };
  const codeOf = (reply: Reply) => [reply.status, errorOf(reply).code as string];
  const list = async (query: string, name: keyof History["keys"] = "read") => {
    const { checkpoints, pagination } = await read(as(name), `/balance/checkpoints?${query}`);
    return { ids: (checkpoints as Members[]).map(({ checkpointId }) => checkpointId as string), pagination };
  };
  const one = (checkpointId: string, name: keyof History["keys"] = "read", query = "") =>
    read(as(name), `/balance/checkpoints/${checkpointId}${query}`);
  const month = (period: string) =>
    loopOver(history.past, "a", ({ time }) => new Date(time).toISOString().startsWith(period));

  it("states what a loop over the month's deltas finds, with links that work", async () => {
    const before = loopOver(history.past, "a", ({ time }) => time < Date.parse("2025-02-01T00:00:00Z")).change;
    const { change, count, deltas } = month("2025-02");
    const made = await make({ customerId: "a", period: "2025-02" });
    expect(made).to.deep.include({
      customerId: "a",
      mode: "window",
      period: "2025-02",
      from: "2025-02-01T00:00:00.000Z",
      to: "2025-03-01T00:00:00.000Z",
      firstSequence: deltas[0]!.sequence,
      deltasCount: count,
      startingBalance: before,
      endingBalance: Math.round((before + change) * 100) / 100,
      netChange: change,
      netChangeExact: String(change),
      verifyUrl: `${server.url}/verify/${made.proofRoot}`,
      verificationApiUrl: `${server.url}/api/v1/verify/${made.proofRoot}`,
    });
    expect((await fetch(made.verificationApiUrl)).status).to.equal(200);
    const verified = await eventually("VERIFIED", async () => {
      const now = await one(made.checkpointId);
      return now.status === "VERIFIED" ? now : undefined;
    });
    expect({ ...verified, status: "QUEUED" }).to.deep.equal({ ...made, status: "QUEUED" });
    expect(await make({ customerId: "a", startDate: "2025-02-01", endDate: "2025-02-28" })).to.deep.equal(verified);
  });

  it("is of the current month unless told otherwise, and another one once something is new", async () => {
    const body = { customerId: "open" };
    await record(as("write"), { ...body, delta: 1, reason: "r" });
    const first = await make(body);
    const same = await make({ ...body, timePreset: "current_month" });
    expect(same.checkpointId).to.equal(first.checkpointId);
    await record(as("write"), { ...body, delta: 2, reason: "r" });
    const second = await make(body);
    expect(second.checkpointId).not.to.equal(first.checkpointId);
    expect([first.deltasCount, second.deltasCount, second.endingBalance]).to.deep.equal([1, 2, 3]);
  });

  it("with an idempotency key gives the first one again, with the status that it has by then", async () => {
    const body = { customerId: "again" };
    const headers = { "Idempotency-Key": "close-again" };
    await record(as("write"), { ...body, delta: 1, reason: "r" });
    const first = await post(body, headers);
    expect(first.headers.get("Idempotent-Replayed")).to.equal(null);
    await record(as("write"), { ...body, delta: 2, reason: "r" });
    const second = await post(body, headers);
    expect(second.status).to.equal(201);
    expect(second.headers.get("Idempotent-Replayed")).to.equal("true");
    const { status: _, idempotent, ...again } = dataOf(second);
    const { status: __, ...before } = dataOf(first);
    expect(idempotent).to.equal(true);
    expect(again).to.deep.equal(before);
    const other = await post({ customerId: "a" }, headers);
    expect(codeOf(other)).to.deep.equal([409, "IDEMPOTENCY_CONFLICT"]);
    expect(errorOf(other).details.differs).to.deep.equal(["customerId"]);
    const all = await post({}, headers);
    expect(errorOf(all).details.differs).to.deep.equal(["customerId"]);
    const stranger = await post({ customerId: "a", period: "2025-05" }, headers, "stranger");
    expect(dataOf(stranger)).not.to.have.property("idempotent");
  });

  it("refused under an idempotency key leaves the key free", async () => {
    const headers = { "Idempotency-Key": "refused" };
    expect((await post({ customerId: "nobody" }, headers)).status).to.equal(404);
    expect((await post({ customerId: "a", period: "2025-01" }, headers)).status).to.equal(201);
    const conflict = await send(server.url, {
      path: "/api/v1/balance/delta",
      key: history.keys.write,
      body: { customerId: "a2", delta: 1, reason: "r" },
      headers,
    });
    expect(codeOf(conflict)).to.deep.equal([409, "IDEMPOTENCY_CONFLICT"]);
  });

  it("of every customer active in a month is one statement, shown page by page", async () => {
    const body = { period: "2025-03" };
    const headers = { "Idempotency-Key": "close-all" };
    const made = dataOf(await post(body, headers));
    expect(made).to.include({ customersCount: 2, period: "2025-03" });
    expect((made.checkpoints as Members[]).map(({ customerId }) => customerId)).to.deep.equal(["a", "b"]);
    const pages = await Promise.all(
      [0, 1, 2].map((offset) => one(made.checkpointId, "read", `?limit=1&offset=${offset}`)),
    );
    const shown = pages.map(({ checkpoints }) => (checkpoints as Members[]).map(({ customerId }) => customerId));
    expect(shown).to.deep.equal([["a"], ["b"], []]);
    expect(pages[1]!.pagination).to.deep.equal({ total: 2, offset: 1, limit: 1 });
    const verified = await eventually("VERIFIED", async () => {
      const now = await one(made.checkpointId);
      return now.status === "VERIFIED" ? now : undefined;
    });
    expect((verified.checkpoints as Members[]).map(({ status }) => status)).to.deep.equal(["VERIFIED", "VERIFIED"]);
    expect(dataOf(await post(body, headers))).to.deep.equal({ ...verified, idempotent: true });
    expect(await make(body)).to.deep.equal(verified);
    expect(await make({ ...body, customerId: "a" })).to.deep.equal(verified.checkpoints[0]);
  });

  it("over chosen deltas claims neither a window's balances nor a month", async () => {
    const { deltas } = month("2025-01");
    const chosen = [deltas[0]!, deltas[2]!];
    const fingerprints = chosen.map(({ receiptId }) => receiptId);
    const made = await make({ mode: "selection", fingerprints });
    const hundredths = chosen.reduce((sum, delta) => sum + delta.hundredths, 0);
    expect(made).to.include({
      mode: "selection",
      customerId: "a",
      deltasCount: 2,
      startingBalance: 0,
      netChange: hundredths / 100,
    });
    expect(made).not.to.have.property("period");
    const again = { mode: "selection", customerId: "a", fingerprints: [...fingerprints, ...fingerprints].reverse() };
    expect((await make(again)).checkpointId).to.equal(made.checkpointId);
    const theirs = await post({ mode: "selection", fingerprints: [history.theirs.receiptId] });
    expect(codeOf(theirs)).to.deep.equal([404, "NOT_FOUND"]);
  });

  it("is listed newest first, by customer, by window, and page by page", async () => {
    const april = await make({ customerId: "b", period: "2025-04" });
    const march = await make({ customerId: "b", period: "2025-03" });
    const week = await make({ customerId: "b", startDate: "2025-04-01", endDate: "2025-04-07" });
    const all = await list("limit=1000");
    expect(all.ids.slice(0, 2)).to.deep.equal([week.checkpointId, april.checkpointId]);
    expect(all.pagination.total).to.equal(all.ids.length);
    const ofB = (await list("customerId=b")).ids;
    expect(ofB).to.deep.equal([week.checkpointId, april.checkpointId, march.checkpointId]);
    expect((await list("customerId=b&period=2025-04")).ids).to.deep.equal([week.checkpointId, april.checkpointId]);
    expect((await list("customerId=b&startDate=2025-03-01&endDate=2025-04-07")).ids).to.deep.equal([
      week.checkpointId,
      march.checkpointId,
    ]);
    expect((await list("period=2025-04")).ids).to.deep.equal([week.checkpointId, april.checkpointId]);
    expect((await list("customerId=b&limit=1&offset=1")).ids).to.deep.equal([april.checkpointId]);
    expect((await list("customerId=b&timePreset=current_month")).ids).to.deep.equal([]);
  });

  describe("compared", () => {
    const compare = (from: string, to: string, name: keyof History["keys"] = "read") =>
      send(server.url, { path: `/api/v1/balance/checkpoints/compare?from=${from}&to=${to}`, key: history.keys[name] });
    const ids = async (...periods: string[]) => {
      const made: string[] = [];
      for (const period of periods) made.push((await make({ customerId: "a", period })).checkpointId);
      return made;
    };

    it("show the change between them, and a proof that the later extends the earlier", async () => {
      const [january, april] = await ids("2025-01", "2025-04");
      const { from, to, change, consistency } = dataOf(await compare(january!, april!));
      const looped = loopOver(history.past, "a", ({ time }) => {
        return time >= Date.parse("2025-02-01T00:00:00Z") && time < Date.parse("2025-05-01T00:00:00Z");
      });
      expect([from.period, to.period]).to.deep.equal(["2025-01", "2025-04"]);
      expect(change).to.deep.equal({
        netChange: looped.change,
        netChangeExact: String(looped.change),
        deltasCount: looped.count,
      });
      const { earlier, later, proof } = consistency;
      const roots = [fromHex(earlier.root, 32), fromHex(later.root, 32)] as const;
      const siblings = (proof as string[]).map((text) => fromHex(text, 32));
      expect(verifyConsistency(earlier.count, later.count, ...roots, siblings)).to.equal(true);
      expect(verifyConsistency(earlier.count + 1, later.count, ...roots, siblings)).to.equal(false);
      expect([earlier.count, later.count]).to.deep.equal([
        from.firstSequence + from.deltasCount - 1,
        to.firstSequence + to.deltasCount - 1,
      ]);
    });

    it("with itself show no change, and with one before the first delta an empty beginning", async () => {
      const [empty, january] = await ids("2024-12", "2025-01");
      const same = dataOf(await compare(january!, january!));
      expect(same.change).to.deep.equal({ netChange: 0, netChangeExact: "0", deltasCount: 0 });
      expect(same.consistency.proof).to.deep.equal([]);
      const { consistency, change } = dataOf(await compare(empty!, january!));
      expect(consistency.earlier).to.deep.equal({ count: 0, root: null });
      expect(change.deltasCount).to.equal(month("2025-01").count);
    });

    it("are refused the wrong way round, of two customers, of a selection, and of another tenant", async () => {
      const [january, april] = await ids("2025-01", "2025-04");
      const { checkpointId: ofB } = await make({ customerId: "b", period: "2025-04" });
      const { checkpointId: chosen } = await make({ mode: "selection", fingerprints: [history.past[0]!.receiptId] });
      const { checkpointId: batch } = await make({ period: "2025-01" });
      const invalid = [400, "VALIDATION_ERROR"];
      expect(codeOf(await compare(april!, january!))).to.deep.equal(invalid);
      expect(codeOf(await compare(january!, ofB))).to.deep.equal(invalid);
      expect(codeOf(await compare(january!, chosen))).to.deep.equal(invalid);
      expect(codeOf(await compare(january!, batch))).to.deep.equal([404, "NOT_FOUND"]);
      expect(codeOf(await compare(january!, april!, "stranger"))).to.deep.equal([404, "NOT_FOUND"]);
      expect(codeOf(await compare(january!, april!, "b"))).to.deep.equal([404, "NOT_FOUND"]);
      expect(codeOf(await compare(ofB, april!, "b"))).to.deep.equal([404, "NOT_FOUND"]);
      expect((await compare(january!, april!, "a")).status).to.equal(200);
    });
  });

  describe("for others", () => {
    it("are what a key of one customer sees of its own, and nothing of the rest", async () => {
      const mine = await make({ customerId: "a", period: "2025-01" });
      const ofB = await make({ customerId: "b", period: "2025-01" });
      const batch = await make({ period: "2025-01" });
      expect((await one(mine.checkpointId, "a")).checkpointId).to.equal(mine.checkpointId);
      for (const hidden of [ofB.checkpointId, batch.checkpointId]) {
        const reply = await send(server.url, { path: `/api/v1/balance/checkpoints/${hidden}`, key: history.keys.a });
        expect(codeOf(reply), hidden).to.deep.equal([404, "NOT_FOUND"]);
      }
      expect((await list("limit=1000", "a")).ids).to.deep.equal((await list("limit=1000&customerId=a")).ids);
      expect((await list("limit=1000&customerId=a", "a")).ids).to.include(mine.checkpointId);
      const other = await send(server.url, { path: "/api/v1/balance/checkpoints?customerId=b", key: history.keys.a });
      expect(codeOf(other)).to.deep.equal([404, "CUSTOMER_NOT_FOUND"]);
      expect(codeOf(await post({ customerId: "a" }, {}, "a"))).to.deep.equal([403, "FORBIDDEN_SCOPE"]);
      const receipt = await send(server.url, {
        path: `/api/v1/balance/receipts/${ofB.proofRoot}`,
        key: history.keys.a,
      });
      expect(codeOf(receipt)).to.deep.equal([404, "NOT_FOUND"]);
    });

    it("of another tenant are not there", async () => {
      const { checkpointId } = await make({ customerId: "a", period: "2025-01" });
      const batch = await make({ period: "2025-01" });
      for (const id of [checkpointId, batch.checkpointId]) {
        const reply = await send(server.url, { path: `/api/v1/balance/checkpoints/${id}`, key: history.keys.stranger });
        expect(codeOf(reply)).to.deep.equal([404, "NOT_FOUND"]);
      }
      const theirs = await make({ customerId: "a", period: "2025-05" }, "stranger");
      expect((await list("limit=1000&customerId=a&period=2025-05", "stranger")).ids).to.deep.equal([
        theirs.checkpointId,
      ]);
      expect((await list("limit=1000")).ids).not.to.include(theirs.checkpointId);
    });
  });
});
