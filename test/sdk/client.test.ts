import { expect } from "chai";
import { verifyFile } from "#src/core/verify-file.ts";
import type { DeltaDetail, DeltaView } from "#src/sdk/answers.ts";
import { Tallyroot, units } from "#src/sdk/tallyroot.ts";
import { type Ground, rejection, startGround } from "./ground.ts";
import { REFERENCE_SNIPPET } from "./reference-snippet.ts";

const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as new (
  ...parts: string[]
) => (pac: Tallyroot, console: { log(value: unknown): void }) => Promise<void>;

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const elements: T[] = [];
  for await (const element of list) elements.push(element);
  return elements;
}

describe("the client against a real server", () => {
  let ground: Ground;
  let pac: Tallyroot;
  let anchored: DeltaDetail;

  before(async () => {
    ground = await startGround();
    pac = ground.client();
    await pac.balance.emit({ customerId: "cust_001", delta: 5000, reason: "initial_deposit" });
    anchored = await pac.balance.emitAndWait({
      customerId: "cust_001",
      delta: "-500.000000000000000001",
      reason: "usage",
      referenceId: "inv_1",
      metadata: { tokens: 12 },
    });
  });
  after(() => ground.stop());

  it("runs the reference's snippet as it stands", async () => {
    const shown: unknown[] = [];
    await new AsyncFunction("pac", "console", REFERENCE_SNIPPET)(pac, { log: (value) => shown.push(value) });
    expect(shown).to.deep.equal([4500]);
  });

  it("records, waits until it is VERIFIED, and has every digit", async () => {
    expect(anchored).to.include({ status: "VERIFIED", sequence: 2, deltaExact: "-500.000000000000000001" });
    expect(units(anchored.balanceExact)).to.equal(units("4499.999999999999999999"));
    expect(anchored.proof?.proofHash).to.equal(anchored.receiptId);
    expect(await pac.balance.deltaStatus(anchored.recordId)).to.deep.equal(anchored);
  });

  it("says in time that a delta is not VERIFIED yet", async () => {
    const { recordId } = await pac.balance.emit({ customerId: "waiting", delta: 1, reason: "r" });
    const error = await rejection(pac.balance.waitForVerified(recordId, { waitMs: 0 }));
    expect(error).to.include({ name: "TallyrootTimeoutError" });
    expect((await pac.balance.waitForVerified(recordId)).status).to.equal("VERIFIED");
  });

  it("records amounts given as number, text and bigint units alike", async () => {
    for (const delta of [1.5, "1.5", units("1.5")]) await pac.balance.emit({ customerId: "kinds", delta, reason: "r" });
    const { deltas, computedBalanceExact } = await pac.balance.derive("kinds");
    expect(deltas.map(({ deltaExact }) => deltaExact)).to.deep.equal(["1.5", "1.5", "1.5"]);
    expect(computedBalanceExact).to.equal("4.5");
    const error = await rejection(pac.balance.emit({ customerId: "kinds", delta: 0.1 + 0.2, reason: "r" }));
    expect(error).to.be.instanceOf(RangeError);
  });

  it("splits a batch over 10,000 into requests of its own, and numbers the results through", async () => {
    const deltas = Array.from({ length: 10_001 }, (_, i) => ({
      customerId: `bulk${i % 3}`,
      delta: i === 9_999 ? "0" : i + 1,
      reason: "bulk",
    }));
    const answer = await pac.balance.emitBatch(deltas, { idempotencyKey: "bulk-1" });
    expect(answer).to.include({ totalQueued: 10_000, totalFailed: 1 });
    expect(answer.results.map(({ index }) => index)).to.deep.equal(deltas.map((_, i) => i));
    expect(answer.results[9_999]).to.include({ status: "FAILED" });
    const again = await pac.balance.emitBatch(deltas.slice(10_000), { idempotencyKey: "bulk-1:1" });
    expect(again.results[0]).to.include({ idempotent: true, recordId: answer.results[10_000]!.recordId });
    expect((await pac.balance.derive("bulk0")).deltasCount).to.equal(3_333);
    expect(await rejection(pac.balance.emitBatch(deltas, { mode: "atomic" }))).to.be.instanceOf(RangeError);
  });

  it("walks a list to its end, page after page, and awaits its first page", async () => {
    const page = await pac.balance.derive("bulk1", { limit: 1000 });
    expect(page.deltas).to.have.length(1000);
    const walked = await all<DeltaView>(pac.balance.derive("bulk1", { limit: 1000 }));
    expect(walked.map(({ sequence }) => sequence)).to.deep.equal(Array.from({ length: 3_334 }, (_, i) => i + 1));
    const receipts = await all(pac.balance.receipts.list("bulk1", { limit: 1000 }));
    expect(receipts.map(({ sequence }) => sequence)).to.deep.equal(walked.map(({ sequence }) => sequence).reverse());
    const customers = await all(pac.balance.customers({ limit: 2 }));
    expect(customers.map(({ customerId }) => customerId)).to.include.members(["cust_001", "bulk0", "bulk2"]);
    expect(new Set(customers.map(({ ledgerIdentifier }) => ledgerIdentifier)).size).to.equal(customers.length);
    const activity = await all(pac.balance.customer("kinds", { deltaLimit: 2 }));
    expect(activity.map(({ sequence }) => sequence)).to.deep.equal([3, 2, 1]);
    const lines = await all(pac.balance.receipt("kinds", { limit: 2 }));
    expect(lines.map(({ sequence }) => sequence)).to.deep.equal([1, 2, 3]);
  });

  it("derives a month, compares, and makes statements", async () => {
    const period = new Date().toISOString().slice(0, 7);
    const month = await pac.balance.deriveForPeriod("kinds", period, { granularity: "day" });
    expect(month).to.include({ computedBalance: 4.5 });
    expect(month.breakdown?.reduce((sum, { deltasCount }) => sum + deltasCount, 0)).to.equal(3);
    const compared = await pac.balance.compare({
      customerId: "kinds",
      yourBalance: units("4.5"),
      theirBalance: 3,
      theirs: [
        { sequence: 1, delta: 1.5 },
        { sequence: 2, delta: 1.5 },
      ],
    });
    expect(compared).to.include({ matchesYours: true, matchesTheirs: false, theirDiscrepancyExact: "-1.5" });
    expect(compared.divergence).to.include({ sequence: 3, kind: "MISSING", party: "theirs" });
    const made = await pac.balance.checkpoint({
      customerId: "kinds",
      startDate: new Date(Date.now() - 86_400_000),
      endDate: new Date(),
    });
    expect(made).to.include({ deltasCount: 3, netChangeExact: "4.5" });
    expect(await pac.balance.checkpointDetail(made.checkpointId)).to.include({ proofRoot: made.proofRoot });
    expect((await all(pac.balance.listCheckpoints({ customerId: "kinds", limit: 1 }))).length).to.be.at.least(1);
    const everyone = await pac.balance.checkpoint({ period });
    expect(everyone).to.include.keys("checkpoints", "customersCount");
  });

  it("gives receipts as files that verify, with content and blind", async () => {
    const file = await pac.balance.receipts.file(anchored.receiptId);
    expect(verifyFile(file).steps.map(({ outcome }) => outcome)).to.deep.equal(Array(5).fill("passed"));
    const receipt = await pac.balance.receipts.get(anchored.receiptId);
    expect(receipt.kind === "delta" && receipt.content?.referenceId).to.equal("inv_1");
    const blind = await new Tallyroot({ baseUrl: ground.server.url }).balance.receipts.get(anchored.receiptId, {
      blind: true,
    });
    expect(blind).not.to.have.property("content");
  });

  it("verifies a receipt by itself, given as file, text, JSON or fingerprint", async () => {
    const trusting = ground.client({ policy: ground.policy });
    const file = await pac.balance.receipts.file(anchored.receiptId);
    const text = new TextDecoder().decode(file);
    for (const receipt of [file, text, JSON.parse(text), anchored.receiptId]) {
      const verdict = await trusting.verifyReceipt(receipt);
      expect(verdict).to.include({ verified: true, failure: null, kind: "delta", receiptId: anchored.receiptId });
    }
    const other = await pac.balance.emitAndWait({ customerId: "other", delta: 1, reason: "r" });
    const changed = { ...JSON.parse(text), receiptId: other.receiptId };
    expect(await trusting.verifyReceipt(changed)).to.include({
      verified: false,
      step: 3,
      failure: "FINGERPRINT_MISMATCH",
    });
    const unchecked = await trusting.verifyReceipt(file, { rpc: [] });
    expect(unchecked).to.include({ verified: false, failure: null });
    expect(unchecked.steps.at(-1)).to.include({ step: 6, outcome: "skipped" });
    expect(await rejection(pac.verifyReceipt(file))).to.be.instanceOf(TypeError);
  });

  it("asks the server about a fingerprint, gaps, use and limits", async () => {
    expect(await pac.verify(anchored.receiptId, { source: "chain" })).to.include({ verified: true, kind: "delta" });
    expect(await pac.balance.gaps("kinds")).to.include({ expected: 3, present: 3, hasGaps: false });
    expect((await pac.balance.usage()).used).to.be.above(10_000);
    expect(await pac.balance.limits()).to.include({ batchItems: 10_000, amountDecimals: 18 });
  });

  it("makes, lists, rotates and revokes keys", async () => {
    const key = await pac.keys.create({ scope: "read", customerId: "kinds", label: "theirs" });
    const reader = new Tallyroot({ apiKey: key.apiKey!, baseUrl: ground.server.url });
    expect((await reader.balance.derive("kinds")).deltasCount).to.equal(3);
    expect(await rejection(reader.balance.derive("cust_001"))).to.include({ status: 404 });
    const next = await pac.keys.rotate(key.publicId, { overlapSeconds: 0 });
    expect(await rejection(reader.balance.usage())).to.include({ code: "INVALID_API_KEY" });
    expect(next.label).to.equal("theirs");
    const named = await pac.keys.rotate(next.publicId, { overlapSeconds: 0, label: "ours" });
    const theirs = new Tallyroot({ apiKey: named.apiKey!, baseUrl: ground.server.url });
    const { key: own, customerId } = await theirs.keys.current();
    expect([own.publicId, own.label, customerId]).to.deep.equal([named.publicId, "ours", "kinds"]);
    expect((await theirs.keys.revokeCurrent()).publicId).to.equal(named.publicId);
    expect(await rejection(theirs.keys.current())).to.include({ code: "INVALID_API_KEY" });
    await pac.keys.revoke(next.publicId);
    expect((await pac.keys.get(next.publicId)).revokedAt).to.be.a("string");
    expect((await all(pac.keys.list({ limit: 1 }))).map(({ publicId }) => publicId)).to.include(next.publicId);
  });

  it("makes, changes, rotates and deletes webhook endpoints", async () => {
    const { id, secret } = await pac.webhookEndpoints.create({
      url: "https://example.com/hook",
      events: ["anchoring.halted"],
    });
    expect(secret).to.match(/^whsec_/);
    expect(await pac.webhookEndpoints.update(id, { enabled: false })).to.include({ enabled: false });
    expect((await pac.webhookEndpoints.rotate(id)).secret).to.not.equal(secret);
    expect((await all(pac.webhookEndpoints.list())).map((endpoint) => endpoint.id)).to.include(id);
    expect(await all(pac.webhookEndpoints.deliveries())).to.deep.equal([]);
    expect(await pac.webhookEndpoints.delete(id)).to.deep.equal({ id, deleted: true });
    expect(await rejection(pac.webhookEndpoints.get(id))).to.include({ code: "NOT_FOUND" });
  });

  it("refuses to be made where it could not keep its word", () => {
    expect(() => ground.client({ trustNothing: true })).to.throw(TypeError, "policy");
    expect(() => ground.client({ crypto: {} as Crypto })).to.throw(TypeError, "Web Crypto");
  });
});
