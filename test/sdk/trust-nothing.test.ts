import { expect } from "chai";
import type { DeltaDetail } from "#src/sdk/answers.ts";
import { TallyrootVerificationError } from "#src/sdk/errors.ts";
import type { Tallyroot } from "#src/sdk/tallyroot.ts";
import { verifying } from "#src/sdk/verify.ts";
import { eventually, type Members } from "#test/http/call.ts";
import { type Ground, rejection, startGround } from "./ground.ts";

/** Changes an answer's data on its way to the client. */
type Lie = (data: Members, path: string) => void;

describe("a client that trusts nothing", () => {
  let ground: Ground;
  let lie: Lie = () => undefined;
  let anchored: DeltaDetail;
  let checkpointId: string;
  const period = new Date().toISOString().slice(0, 7);

  /** The real server's answers, with what a lying one would change. */
  const lyingFetch: typeof fetch = async (url, init) => {
    const reply = await fetch(url, init);
    if (!reply.headers.get("content-type")?.startsWith("application/json")) return reply;
    const body = (await reply.json()) as Members;
    if (body.success) lie(body.data, new URL(String(url)).pathname.replace("/api/v1", ""));
    return new Response(JSON.stringify(body), {
      status: reply.status,
      headers: { "content-type": "application/json" },
    });
  };
  const client = (more = {}): Tallyroot =>
    ground.client({ policy: ground.policy, trustNothing: true, fetch: lyingFetch, ...more });

  before(async () => {
    ground = await startGround();
    const pac = ground.client();
    for (const delta of [10, "-2.5", 4])
      await pac.balance.emit({ customerId: "a", delta, reason: "use", referenceId: `r${delta}` });
    await pac.balance.emit({ customerId: "b", delta: 1, reason: "use" });
    anchored = await pac.balance.emitAndWait({ customerId: "a", delta: 1, reason: "use", metadata: { n: 1 } });
    const made = await pac.balance.checkpoint({ customerId: "a", period });
    checkpointId = made.checkpointId;
  });
  afterEach(() => {
    lie = () => undefined;
  });
  after(() => ground.stop());

  const calls: Record<string, (pac: Tallyroot) => PromiseLike<unknown>> = {
    emit: (pac) =>
      pac.balance.emit(
        { customerId: "a", delta: 7, reason: "use", metadata: { deep: [1, { x: null }] } },
        { idempotencyKey: "seven" },
      ),
    emitAndWait: (pac) => pac.balance.emitAndWait({ customerId: "c", delta: 7, reason: "use" }),
    emitBatch: (pac) =>
      pac.balance.emitBatch([
        { customerId: "d", delta: 1, reason: "use" },
        { customerId: "e", delta: 0, reason: "no" },
        { customerId: "d", delta: 2, reason: "use" },
      ]),
    deltaStatus: (pac) => pac.balance.deltaStatus(anchored.recordId),
    derive: (pac) => pac.balance.derive("a", { granularity: "month" }),
    "derive of a page": (pac) => pac.balance.derive("a", { limit: 1, offset: 1, startingBalance: 3 }),
    "derive at a sequence": (pac) => pac.balance.derive("a", { at: 2 }),
    "derive from a record": (pac) =>
      pac.balance.derive("a", {
        startingCheckpoint: anchored.recordId.replace(/_\d+$/, "_2"),
        startingCheckpointType: "recordId",
      }),
    "derive what is verified": (pac) => pac.balance.derive("a", { finality: "verified" }),
    deriveForPeriod: (pac) => pac.balance.deriveForPeriod("a", period),
    compare: (pac) => pac.balance.compare({ customerId: "a", yourBalance: 12.5, theirs: [{ sequence: 1, delta: 9 }] }),
    "compare with a list": (pac) => pac.balance.compare({ customerId: "a", local: [{ delta: 10 }, { delta: -2 }] }),
    checkpoint: (pac) => pac.balance.checkpoint({ customerId: "a", period }),
    "checkpoint of everybody": (pac) => pac.balance.checkpoint({ period }),
    "checkpoint of a selection": (pac) =>
      pac.balance.checkpoint({ mode: "selection", fingerprints: [anchored.receiptId] }),
    checkpointDetail: (pac) => pac.balance.checkpointDetail(checkpointId),
    listCheckpoints: (pac) => pac.balance.listCheckpoints(),
    receipt: (pac) => pac.balance.receipt("a"),
    "receipts.list": (pac) => pac.balance.receipts.list("a"),
    "receipts.get": (pac) => pac.balance.receipts.get(anchored.receiptId),
    customers: (pac) => pac.balance.customers(),
    customer: (pac) => pac.balance.customer("a"),
    gaps: (pac) => pac.balance.gaps("a"),
    verify: (pac) => pac.verify(anchored.receiptId),
    usage: (pac) => pac.balance.usage(),
  };

  it("takes every answer of an honest server", async () => {
    const pac = client();
    for (const [name, call] of Object.entries(calls)) {
      const answer = await Promise.resolve(call(pac)).catch((error: Error) => `${name}: ${error.stack}`);
      expect(answer, name).to.be.an("object");
    }
    const { checkpointId: id } = await pac.balance.checkpoint({
      mode: "selection",
      fingerprints: [anchored.receiptId],
    });
    await eventually("a selection that is VERIFIED, and shown to be", async () => {
      const { status } = await pac.balance.checkpointDetail(id);
      return status === "VERIFIED" ? status : undefined;
    });
  });

  const first = (data: Members) => data.deltas[0];
  const lies: readonly (readonly [what: string, call: string, lie: Lie, failure: string])[] = [
    [
      "another amount than was sent",
      "emit",
      (d) => Object.assign(d, { delta: 8, deltaExact: "8" }),
      "NOT_WHAT_WAS_SENT",
    ],
    ["another reason than was sent", "emit", (d) => Object.assign(d, { reason: "other" }), "NOT_WHAT_WAS_SENT"],
    ["a number that is not its text", "emit", (d) => Object.assign(d, { balance: 1 }), "ANSWER_MALFORMED"],
    [
      "a balance that the receiptId does not have",
      "emit",
      (d) => Object.assign(d, { balance: 1, balanceExact: "1" }),
      "FINGERPRINT_MISMATCH",
    ],
    [
      "another ledger",
      "emit",
      (d) => Object.assign(d, { ledgerIdentifier: `0x${"11".repeat(20)}` }),
      "ANSWER_MALFORMED",
    ],
    [
      "a reason that is not the anchored one",
      "deltaStatus",
      (d) => Object.assign(d, { reason: "other" }),
      "COMMITMENT_MISMATCH",
    ],
    [
      "another record",
      "deltaStatus",
      (d) => Object.assign(d, { recordId: d.recordId.replace(/_\d+$/, "_1") }),
      "NOT_WHAT_WAS_ASKED",
    ],
    [
      "another transaction",
      "deltaStatus",
      (d) => Object.assign(d, { verificationReference: `0x${"11".repeat(32)}` }),
      "CONTRADICTS_EARLIER_ANSWER",
    ],
    [
      "a proof of what is not VERIFIED",
      "deltaStatus",
      (d) => Object.assign(d, { status: "QUEUED" }),
      "ANSWER_MALFORMED",
    ],
    [
      "another balance",
      "derive",
      (d) => Object.assign(d, { computedBalance: 1, computedBalanceExact: "1" }),
      "SUM_MISMATCH",
    ],
    ["another verified balance", "derive", (d) => Object.assign(d, { verifiedBalance: 1 }), "SUM_MISMATCH"],
    ["fewer deltas", "derive", (d) => Object.assign(d, { deltasCount: d.deltasCount - 1 }), "SCOPE_INCOMPLETE"],
    ["a page with a gap", "derive", (d) => d.deltas.splice(1, 1), "SCOPE_INCOMPLETE"],
    [
      "a delta that was changed",
      "derive",
      (d) => Object.assign(first(d), { delta: 11, deltaExact: "11" }),
      "FINGERPRINT_MISMATCH",
    ],
    [
      "a breakdown that does not add up",
      "derive",
      (d) => Object.assign(d.breakdown[0], { netChange: 1, netChangeExact: "1" }),
      "SUM_MISMATCH",
    ],
    [
      "another month",
      "deriveForPeriod",
      (d) => Object.assign(d.scope, { from: "2001-01-01T00:00:00.000Z" }),
      "NOT_WHAT_WAS_ASKED",
    ],
    [
      "a comparison with another balance",
      "compare",
      (d) => Object.assign(d, { computedBalance: 2, computedBalanceExact: "2" }),
      "SUM_MISMATCH",
    ],
    [
      "a discrepancy that is none",
      "compare",
      (d, path) =>
        path.endsWith("/compare") &&
        Object.assign(d, { yourDiscrepancy: 0, yourDiscrepancyExact: "0", matchesYours: true }),
      "SUM_MISMATCH",
    ],
    [
      "that a head agrees which does not",
      "compare with a list",
      (d) => d.heads && Object.assign(d.heads[0], { agrees: true }),
      "SUM_MISMATCH",
    ],
    [
      "a statement with another sum",
      "checkpoint",
      (d) => Object.assign(d, { netChange: 1, netChangeExact: "1" }),
      "SUM_MISMATCH",
    ],
    [
      "a statement with another root",
      "checkpoint",
      (d) => Object.assign(d, { merkleRoot: `0x${"11".repeat(32)}` }),
      "FINGERPRINT_MISMATCH",
    ],
    [
      "a statement over another window",
      "checkpoint",
      (d) => Object.assign(d, { from: "2001-01-01T00:00:00.000Z" }),
      "NOT_WHAT_WAS_ASKED",
    ],
    [
      "a selection with another count",
      "checkpoint of a selection",
      (d) => Object.assign(d, { deltasCount: 2 }),
      "NOT_WHAT_WAS_ASKED",
    ],
    [
      "a selection with another sum",
      "checkpoint of a selection",
      (d) => Object.assign(d, { netChange: 2, netChangeExact: "2" }),
      "FINGERPRINT_MISMATCH",
    ],
    [
      "an invoice line with another amount",
      "receipt",
      (d) => d.lines && Object.assign(d.lines[0], { delta: 11, deltaExact: "11" }),
      "SUM_MISMATCH",
    ],
    [
      "another customer's total",
      "customers",
      (d) => d.customers && Object.assign(d.customers[0], { computedBalance: 1, computedBalanceExact: "1" }),
      "SUM_MISMATCH",
    ],
    ["a verified balance that is none", "customer", (d) => Object.assign(d, { verifiedBalance: 999 }), "SUM_MISMATCH"],
    [
      "activity with another amount",
      "customer",
      (d) => d.recentActivity && Object.assign(d.recentActivity.items[0], { delta: 2, deltaExact: "2" }),
      "CONTRADICTS_EARLIER_ANSWER",
    ],
    [
      "a receipt of another delta",
      "receipts.list",
      (d) => Object.assign(d.receipts[0], { receiptId: anchored.receiptId }),
      "FINGERPRINT_MISMATCH",
    ],
    ["another sum of a fingerprint", "verify", (d) => Object.assign(d.summary, { netChange: 2 }), "SUM_MISMATCH"],
    ["gaps that do not fit", "gaps", (d) => Object.assign(d, { hasGaps: true }), "ANSWER_MALFORMED"],
  ];
  for (const [what, call, told, failure] of lies) {
    it(`names ${failure} for ${what} (${call})`, async () => {
      lie = told;
      const error = await rejection(calls[call]!(client()));
      expect(error, error.stack).to.include({ name: "TallyrootVerificationError", failure });
    });
  }

  it("does not take VERIFIED for what no receipt shows", async () => {
    const { recordId } = await ground.client().balance.emit({ customerId: "queued", delta: 1, reason: "r" });
    await ground.client().balance.waitForVerified(recordId);
    const hides: typeof fetch = async (url, init) =>
      String(url).includes("/receipt") ? fetch(`${ground.server.url}/api/v1/nothing`, init) : fetch(url, init);
    const error = await rejection(client({ fetch: hides }).balance.deltaStatus(recordId));
    expect(error).to.include({ failure: "NOT_SHOWN" });
  });

  it("does not take a receipt whose root another log holds", async () => {
    const policy = { ...ground.policy, log: `0x${"11".repeat(32)}` };
    const error = await rejection(client({ policy }).balance.deltaStatus(anchored.recordId));
    expect(error).to.include({ step: 6, failure: "LOG_NOT_EXPECTED" });
  });

  it("computes ledgers where the namespace is pinned", async () => {
    const file = await ground.client().balance.receipts.get(anchored.receiptId);
    const namespace = file.kind === "delta" ? file.namespace : undefined;
    expect((await client({ policy: { ...ground.policy, namespace } }).balance.derive("a")).customerId).to.equal("a");
    const other = { ...ground.policy, namespace: ground.policy.contract };
    expect(await rejection(client({ policy: other }).balance.derive("a"))).to.include({
      failure: "CUSTOMER_LEDGER_MISMATCH",
    });
  });

  it("remembers: a ledger does not become shorter, nor somebody else's", async () => {
    const pac = client();
    await pac.balance.customer("a");
    const earlier = await ground.client().balance.derive("a", { at: 2 });
    lie = (data, path) => path.startsWith("/balance/derive") && Object.assign(data, earlier);
    expect(await rejection(pac.balance.derive("a"))).to.include({ failure: "CONTRADICTS_EARLIER_ANSWER" });
    const ofB = await ground.client().balance.derive("b");
    lie = (data, path) =>
      path.startsWith("/balance/derive") && Object.assign(data, ofB, { customerId: "a", deltas: [] });
    expect(await rejection(pac.balance.derive("a"))).to.include({ failure: "CONTRADICTS_EARLIER_ANSWER" });
  });

  it("raises no false alarm while much happens at once", async () => {
    const pac = client();
    const customerId = "busy";
    await pac.balance.emit({ customerId, delta: 1, reason: "r" });
    const work = Array.from({ length: 8 }, (_, i) => [
      pac.balance.emit({ customerId, delta: i + 1, reason: "r" }),
      pac.balance.derive(customerId),
      pac.balance.deriveForPeriod(customerId, period),
      pac.balance.compare({ customerId, yourBalance: 1 }),
      pac.balance.compare({ customerId, yourBalance: 1, period }),
      pac.balance.customer(customerId),
      pac.balance.receipt(customerId),
    ]).flat();
    const outcomes = await Promise.allSettled<unknown>(work);
    expect(
      outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : [])),
    ).to.deep.equal([]);
  });

  it("holds what a recorder is answered against what it sent", async () => {
    const recorder = client().recorder({ onRefused: () => {} });
    expect(await recorder.recorded({ customerId: "recorder", delta: 1, reason: "r" })).to.include({ status: "QUEUED" });
    lie = (data, path) => {
      if (path === "/balance/delta/batch") data.results[0].receiptId = `0x${"11".repeat(32)}`;
    };
    const refused = await rejection(recorder.recorded({ customerId: "recorder", delta: 2, reason: "r" }));
    expect(refused.cause ?? refused).to.be.instanceOf(TallyrootVerificationError);
    await rejection(recorder.close());
  });

  it("takes a verifier that is there already", async () => {
    const { recordId } = await ground.client().balance.emit({ customerId: "changed", delta: 1, reason: "r" });
    const verifierReady = verifying({ policy: ground.policy });
    expect((await client({ trustNothing: verifierReady }).balance.deltaStatus(recordId)).delta).to.equal(1);
    const pac = client({ trustNothing: verifierReady });
    lie = (data) => Object.assign(data, { commitment: `0x${"22".repeat(32)}` });
    expect(await rejection(pac.balance.deltaStatus(recordId))).to.include({ failure: "FINGERPRINT_MISMATCH" });
  });

  it("needs an endpoint of the chain", () => {
    const { rpc: _, ...policy } = ground.policy;
    expect(() => verifying({ policy })).to.throw(TypeError, "endpoint");
    expect(() => verifying({ policy, rpc: [] })).to.throw(TypeError, "endpoint");
  });
});
