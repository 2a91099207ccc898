import { expect } from "chai";
import { dataOf, errorOf, eventually, type Members, read, record, send, type Target } from "./call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

const item = (customerId: string, more: Members = {}) => ({ customerId, delta: 1, reason: "r", ...more });

describe("a batch", () => {
  const dir = temporaryDirectory();
  let server: Server;
  let target: Required<Target>;

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });

  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const post = (body: Members | string, idempotencyKey?: string) =>
    send(target.url, {
      path: "/api/v1/balance/delta/batch",
      key: target.key,
      body,
      ...(idempotencyKey !== undefined && { headers: { "Idempotency-Key": idempotencyKey } }),
    });
  const countOf = async (customerId: string) =>
    (await read(target, `/balance/derive/${customerId}?limit=1`)).deltasCount as number;

  it("records the good items and answers for each of the bad ones, in the order sent", async () => {
    const deltas = [
      item("mixed", { delta: "-2.50" }),
      item("mixed", { delta: 0 }),
      item("mixed", { amount: 1 }),
      7,
      null,
      item("no such id", { delta: 3 }),
      item("mixed", { reason: undefined }),
      item("mixed", { metadata: { units: 3 } }),
    ];
    const reply = await post({ deltas });
    expect(reply.status, reply.text).to.equal(201);
    const { results, ...totals } = dataOf(reply);
    expect(totals).to.deep.equal({ totalQueued: 2, totalFailed: 6 });
    expect((results as Members[]).map((result) => [result.index, result.status, result.error?.code])).to.deep.equal([
      [0, "QUEUED", undefined],
      ...[1, 2, 3, 4, 5, 6].map((i) => [i, "FAILED", "VALIDATION_ERROR"]),
      [7, "QUEUED", undefined],
    ]);
    expect(results[0]).to.include({ customerId: "mixed", delta: -2.5, deltaExact: "-2.5" });
    expect(results[2].error.message).to.equal("amount: is not a known member");
    expect([results[3].customerId, results[3].delta]).to.deep.equal([null, null]);
    expect([results[5].customerId, results[5].delta]).to.deep.equal(["no such id", 3]);
    const stored = await read(target, `/balance/delta/${results[7].recordId}`);
    expect(stored).to.include({ sequence: 2, balance: -1.5, receiptId: results[7].receiptId });
    expect(stored.metadata).to.deep.equal({ units: 3 });
  });

  it("gives back the digits that were sent, of refused items too", async () => {
    const amounts = [
      "0.123456789012345678",
      '"999999999.999999999999999999"',
      "0.1234567890123456789",
      "1000000000.1",
      '"1e-19"',
      '"ten"',
    ];
    const reply = await post(
      `{"deltas":[${amounts.map((amount) => `{"customerId":"exact","delta":${amount},"reason":"r"}`).join(",")}]}`,
    );
    const results = dataOf(reply).results as Members[];
    expect(results.map(({ error }) => error?.code)).to.deep.equal([
      undefined,
      undefined,
      "AMOUNT_NOT_EXACT",
      "VALIDATION_ERROR",
      "AMOUNT_NOT_EXACT",
      "VALIDATION_ERROR",
    ]);
    expect(reply.text).to.include('"delta":0.123456789012345678,"deltaExact":"0.123456789012345678"');
    expect(reply.text).to.include('"delta":999999999.999999999999999999,');
    expect(reply.text).to.include('"delta":0.1234567890123456789,');
    expect(reply.text).to.include('"delta":1000000000.1,"deltaExact":"1000000000.1"');
    expect([results[4]!.delta, results[5]!.delta]).to.deep.equal([1e-19, null]);
    expect(await read(target, "/balance/derive/exact")).to.include({
      computedBalanceExact: "1000000000.123456789012345677",
    });
  });

  it("gives its first answer again under its key, and refuses another body by what differs", async () => {
    const deltas = [item("again"), item("again", { delta: 0 }), item("again", { delta: 2 })];
    const first = await post({ deltas }, "b1");
    expect(first.headers.get("Idempotent-Replayed")).to.equal(null);
    const reply = await post(
      { deltas: deltas.map(({ reason, ...rest }) => ({ reason, ...rest })), mode: "independent" },
      "b1",
    );
    expect([reply.status, reply.headers.get("Idempotent-Replayed")]).to.deep.equal([201, "true"]);
    const { results, ...rest } = dataOf(first);
    const again = results.map((result: Members) =>
      result.status === "QUEUED" ? { ...result, idempotent: true } : result,
    );
    expect(dataOf(reply)).to.deep.equal({ ...rest, idempotent: true, results: again });
    const other = await post({ deltas: deltas.with(2, item("again", { delta: 3 })) }, "b1");
    expect(other.status).to.equal(409);
    expect(errorOf(other).details.differs).to.deep.equal(["deltas.2.delta"]);
    expect(await countOf("again")).to.equal(2);
  });

  it("does not share a key with a single delta", async () => {
    await record(target, item("either"), { "Idempotency-Key": "single" });
    expect(errorOf(await post({ deltas: [item("either")] }, "single")).code).to.equal("IDEMPOTENCY_CONFLICT");
    await post({ deltas: [item("either")] }, "batch");
    const headers = { "Idempotency-Key": "batch" };
    const single = await send(target.url, {
      path: "/api/v1/balance/delta",
      key: target.key,
      body: item("either"),
      headers,
    });
    expect([single.status, errorOf(single).code]).to.deep.equal([409, "IDEMPOTENCY_CONFLICT"]);
    expect(await countOf("either")).to.equal(2);
  });

  it("an item's own key is that of a single delta too", async () => {
    const single = await record(target, item("own"), { "Idempotency-Key": "item" });
    const deltas = [
      item("own", { idempotencyKey: "item" }),
      item("own", { idempotencyKey: "item", delta: 2 }),
      item("own", { idempotencyKey: "" }),
    ];
    const { results } = dataOf(await post({ deltas }));
    expect(results[0]).to.include({ recordId: single.recordId, idempotent: true });
    expect(results[1].error).to.deep.include({ code: "IDEMPOTENCY_CONFLICT" });
    expect(results[1].error.message).to.include("another delta");
    expect(results[2].error.code).to.equal("VALIDATION_ERROR");
    expect(await countOf("own")).to.equal(1);
  });

  it("a tenant's summary is recorded once under its reference", async () => {
    const summary = item("summed", {
      delta: 40,
      referenceId: "2026-10",
      metadata: { submissionType: "tenant_summary" },
    });
    const first = dataOf(await post({ deltas: [summary] })).results[0];
    const again = dataOf(await post({ deltas: [summary, { ...summary, delta: 41 }] })).results;
    expect(again[0]).to.deep.equal({ ...first, idempotent: true });
    expect(again[1].error.code).to.equal("IDEMPOTENCY_CONFLICT");
    expect(await countOf("summed")).to.equal(1);
  });

  it("corrects what is on record of the same customer, and nothing else", async () => {
    const { recordId } = await record(target, item("corrected"));
    const deltas = [
      item("corrected", { delta: -1, adjusts: { recordId } }),
      item("somebody", { adjusts: { recordId } }),
      item("corrected", { adjusts: { recordId: recordId.replace(/_1$/, "_99") } }),
      item("corrected", { adjusts: { referenceId: "inv-0" } }),
    ];
    const { results } = dataOf(await post({ deltas }));
    expect(results.map(({ error }: Members) => error?.code)).to.deep.equal([
      undefined,
      "VALIDATION_ERROR",
      "VALIDATION_ERROR",
      undefined,
    ]);
    expect(results[1].error.message).to.equal(`adjusts.recordId: customer somebody has no record ${recordId}`);
    expect((await read(target, `/balance/delta/${results[0].recordId}`)).adjusts).to.deep.equal({ recordId });
    const missing = await send(target.url, {
      path: "/api/v1/balance/delta",
      key: target.key,
      body: item("nobody", { adjusts: { recordId } }),
    });
    expect([missing.status, errorOf(missing).code]).to.deep.equal([400, "VALIDATION_ERROR"]);
  });

  it("atomic records all of it or nothing", async () => {
    const good = await post({ mode: "atomic", deltas: [item("unit"), item("unit", { delta: 2 })] });
    expect(dataOf(good)).to.include({ totalQueued: 2, totalFailed: 0 });
    const bad = await post({ mode: "atomic", deltas: [item("unit"), item("unit", { delta: "1e-19" })] });
    expect([bad.status, errorOf(bad).code, errorOf(bad).details.index]).to.deep.equal([400, "AMOUNT_NOT_EXACT", 1]);
    expect(await countOf("unit")).to.equal(2);
  });

  it("of 10,000 does not keep a single delta waiting for its end", async () => {
    const deltas = Array.from({ length: 10_000 }, (_, i) => item(`many_${i % 50}`, { delta: i + 1, metadata: { i } }));
    const order: string[] = [];
    const batch = post({ deltas }).then((reply) => {
      order.push("batch");
      return dataOf(reply);
    });
    await eventually("the batch has begun", async () => {
      const reply = await send(target.url, { path: "/api/v1/balance/customers/many_0", key: target.key });
      return reply.status === 200 || undefined;
    });
    await record(target, item("one"));
    order.push("single");
    const { results, ...totals } = await batch;
    expect(order).to.deep.equal(["single", "batch"]);
    expect(totals).to.deep.equal({ totalQueued: 10_000, totalFailed: 0 });
    expect(results.map(({ index }: Members) => index)).to.deep.equal(deltas.map((_, i) => i));
    expect(await read(target, "/balance/derive/many_49?limit=1")).to.include({
      deltasCount: 200,
      computedBalance: 1_005_000,
    });
  });

  it("that a killed server left half done is recorded to its end when it is sent again, and nothing twice", async () => {
    const deltas = Array.from({ length: 10_000 }, (_, i) => item("killed", { delta: i + 1 }));
    const lost = post({ deltas }, "killed").then(
      () => "answered",
      () => "lost",
    );
    await eventually("some of it is recorded", async () => {
      const reply = await send(target.url, { path: "/api/v1/balance/customers/killed", key: target.key });
      return reply.status === 200 || undefined;
    });
    await server.stop("SIGKILL");
    expect(await lost).to.equal("lost");
    server = await startServer(dir);
    target = { ...target, url: server.url };
    expect(await countOf("killed")).to.be.within(1, 9_999);
    const { totalQueued, results } = dataOf(await post({ deltas }, "killed"));
    expect([totalQueued, results[0].idempotent, results[9_999].idempotent]).to.deep.equal([10_000, true, undefined]);
    expect(await read(target, "/balance/derive/killed?limit=1")).to.include({
      deltasCount: 10_000,
      computedBalance: 50_005_000,
    });
  });
});
