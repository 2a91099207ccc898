import { expect } from "chai";
import { ledgerAddress } from "#src/core/address.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { recordIdOf } from "#src/core/record-id.ts";
import type { RecordRequest } from "#src/ledger/ports/ledgers.ts";
import { recordDelta } from "#src/ledger/record.ts";
import { type BatchOutcome, recordBatch } from "#src/ledger/record-batch.ts";
import { type BulkItem, type BulkOutcome, type BulkParts, GROUP, itemRequestId } from "#src/ledger/record-group.ts";
import { openRecordStream } from "#src/ledger/record-stream.ts";
import { openBulkIds, requestIdOf } from "#src/ledger/request-id.ts";
import { type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

/** More than two commits, the last of them not full. */
const MANY = GROUP * 2 + 30;

describe("recording many", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let record: OpenRecord;
  beforeEach(async () => {
    folder = temporaryFolder();
    record = await openRecord(folder.dir);
  });
  afterEach(async () => {
    await record.close();
    folder.remove();
  });

  const reopen = async () => {
    await record.close();
    record = await openRecord(folder.dir);
  };

  const items = (count: number, idempotencyKey?: string): RecordRequest[] =>
    Array.from({ length: count }, (_, index) =>
      keyed(request(record.tenant, `c${index % 3}`, { reason: `r${index}` }), idempotencyKey, index),
    );
  const keyed = (
    item: RecordRequest,
    idempotencyKey: string | undefined,
    index: number,
    own?: string,
  ): RecordRequest => {
    const ids = openBulkIds(record.tenant.requestKey);
    const requestId = itemRequestId(ids, { ...item, idempotencyKey: own }, { idempotencyKey, index });
    return { ...item, ...(requestId && { requestId }) };
  };
  const batch = (
    sent: readonly BulkItem[],
    more: { idempotencyKey?: string; mode?: "atomic" } = {},
    parts: BulkParts = record,
  ) =>
    recordBatch(parts, {
      tenant: record.tenant,
      route: "POST /batch",
      mode: "independent",
      idempotencyKey: undefined,
      now: 1,
      items: sent,
      ...more,
    });
  const refusalOf = async (work: Promise<BatchOutcome>): Promise<TallyrootError> => {
    const outcome = await work.catch((error: unknown) => error);
    if (!(outcome instanceof TallyrootError)) throw new Error("was not refused", { cause: outcome });
    return outcome;
  };
  const countOf = async (customerId: string): Promise<number> => {
    const ledger = await record.store.ledger(record.tenant.id, ledgerAddress(record.tenant.namespace, customerId));
    return ledger ? (await record.store.lastDelta(ledger))!.sequence : 0;
  };
  const total = async () => (await Promise.all(["c0", "c1", "c2"].map(countOf))).reduce((a, b) => a + b);
  const receiptOf = (outcome: BulkOutcome) =>
    outcome instanceof TallyrootError ? outcome.code : Buffer.from(outcome.delta.fingerprint).toString("hex");

  /** The store, whose k-th commit does what `instead` does. */
  const failingAt = (k: number, instead: () => Promise<never>): BulkParts => {
    let commits = 0;
    const store = { ...record.store };
    store.record = (...args) => (++commits === k ? instead() : record.store.record(...args));
    return { store, contents: record.contents };
  };
  const crash = () => Promise.reject(new Error("the process was killed"));
  const fullDisk = () => Promise.reject(new TallyrootError("SERVICE_UNAVAILABLE", "the disk is full"));

  it("independent: a bad item fails alone, and the outcomes are in the order sent", async () => {
    const sent: BulkItem[] = items(MANY);
    sent[5] = new TallyrootError("AMOUNT_NOT_EXACT", "bad");
    sent[GROUP] = new TallyrootError("VALIDATION_ERROR", "bad");
    const { outcomes } = await batch(sent);
    expect(
      outcomes.flatMap((outcome, i) => (outcome instanceof TallyrootError ? [[i, outcome.code]] : [])),
    ).to.deep.equal([
      [5, "AMOUNT_NOT_EXACT"],
      [GROUP, "VALIDATION_ERROR"],
    ]);
    expect(await total()).to.equal(MANY - 2);
    const sequences = outcomes.flatMap((outcome, i) =>
      outcome instanceof TallyrootError || i % 3 !== 0 ? [] : [outcome.delta.sequence],
    );
    expect(sequences).to.deep.equal(Array.from({ length: sequences.length }, (_, i) => i + 1));
  });

  for (const mode of [undefined, "atomic"] as const) {
    it(`${mode ?? "independent"}: the same batch under one key gives the same outcomes, also after a restart`, async () => {
      const options = { idempotencyKey: "k", ...(mode && { mode }) };
      const first = await batch(items(MANY, "k"), options);
      await reopen();
      const again = await batch(items(MANY, "k"), options);
      expect([first.replayed, again.replayed]).to.deep.equal([false, true]);
      expect(again.outcomes.map(receiptOf)).to.deep.equal(first.outcomes.map(receiptOf));
      expect(await total()).to.equal(MANY);
    });

    it(`${mode ?? "independent"}: two of the same batch at once record it once`, async () => {
      const options = { idempotencyKey: "k", ...(mode && { mode }) };
      const both = await Promise.all([1, 2].map(() => batch(items(MANY, "k"), options)));
      expect(both.map(({ replayed }) => replayed).toSorted()).to.deep.equal([false, true]);
      expect(await total()).to.equal(MANY);
    });

    it(`${mode ?? "independent"}: another batch under the key is refused with what differs, and nothing is recorded`, async () => {
      const options = { idempotencyKey: "k", ...(mode && { mode }) };
      await batch(items(4, "k"), options);
      const other = items(4, "k");
      other[2] = { ...other[2]!, amount: 5n, reason: "other" };
      const conflict = await refusalOf(batch(other, options));
      expect(conflict.code).to.equal("IDEMPOTENCY_CONFLICT");
      expect(conflict.facts.differs).to.deep.equal(["deltas.2.delta", "deltas.2.reason"]);
      expect((await refusalOf(batch(items(5, "k"), options))).facts.differs).to.deep.equal(["number of deltas"]);
      const turned = mode ? {} : ({ mode: "atomic" } as const);
      expect((await refusalOf(batch(items(4, "k"), { idempotencyKey: "k", ...turned }))).facts.differs).to.deep.equal([
        "mode",
      ]);
      const own = items(4, "k").with(1, keyed(request(record.tenant, "c1"), "k", 1, "its own"));
      expect((await refusalOf(batch(own, options))).facts.differs).to.include("deltas.1");
      expect(await total()).to.equal(4);
    });
  }

  it("a batch that a crash cut off is recorded to its end when it comes again, and nothing twice", async () => {
    const outcome = await batch(items(MANY, "k"), { idempotencyKey: "k" }, failingAt(2, crash)).catch(
      (error: Error) => error.message,
    );
    expect(outcome).to.equal("the process was killed");
    expect(await total()).to.equal(GROUP);
    await reopen();
    const { outcomes, replayed } = await batch(items(MANY, "k"), { idempotencyKey: "k" });
    expect(replayed).to.equal(false);
    expect(outcomes.map((each) => !(each instanceof TallyrootError) && each.replayed)).to.deep.equal(
      Array.from({ length: MANY }, (_, i) => i < GROUP),
    );
    expect(await total()).to.equal(MANY);
    expect((await batch(items(MANY, "k"), { idempotencyKey: "k" })).replayed).to.equal(true);
  });

  it("a batch that a crash cut off conflicts with another body", async () => {
    await batch(items(MANY, "k"), { idempotencyKey: "k" }, failingAt(2, crash)).catch(() => undefined);
    const other = items(MANY, "k").with(7, keyed(request(record.tenant, "c9"), "k", 7));
    expect((await refusalOf(batch(other, { idempotencyKey: "k" }))).facts.differs).to.deep.equal([
      "deltas.7.customerId",
      "deltas.7.reason",
    ]);
    expect(await total()).to.equal(GROUP);
  });

  it("a crash before the end was noted changes nothing for who sends it again", async () => {
    const last = Math.ceil(MANY / GROUP) + 1;
    await batch(items(MANY, "k"), { idempotencyKey: "k" }, failingAt(last, crash)).catch(() => undefined);
    const { outcomes, replayed } = await batch(items(MANY, "k"), { idempotencyKey: "k" });
    expect([outcomes.length, replayed, await total()]).to.deep.equal([MANY, true, MANY]);
  });

  it("and has it noted then: an item under a key of its own that differs later is the whole batch's conflict", async () => {
    const own = (amount?: bigint) => {
      const sent: BulkItem[] = items(2, "k");
      const item = keyed(request(record.tenant, "c1"), "k", 1, "its own");
      sent[1] = amount === undefined ? item : { ...item, amount };
      return sent;
    };
    await batch(own(), { idempotencyKey: "k" }, failingAt(2, crash)).catch(() => undefined);
    expect((await batch(own(), { idempotencyKey: "k" })).replayed).to.equal(true);
    const conflict = await refusalOf(batch(own(5n), { idempotencyKey: "k" }));
    expect([conflict.code, conflict.facts.differs]).to.deep.equal(["IDEMPOTENCY_CONFLICT", ["deltas.1.delta"]]);
    expect(await total()).to.equal(2);
  });

  it("what was refused in a batch is refused again in its replay, though it could be recorded by now", async () => {
    const later = recordIdOf(ledgerAddress(record.tenant.namespace, "c0"), 2);
    const sent = items(2, "k");
    sent[1] = keyed(request(record.tenant, "c0", { adjusts: { recordId: later } }), "k", 1);
    const first = await batch(sent, { idempotencyKey: "k" });
    await batch(items(3));
    const again = await batch(sent, { idempotencyKey: "k" });
    expect(again.outcomes.map(receiptOf)).to.deep.equal(first.outcomes.map(receiptOf));
    expect(receiptOf(again.outcomes[1]!)).to.equal("VALIDATION_ERROR");
    const other = sent.with(1, { ...sent[1]!, reason: "other" });
    expect((await refusalOf(batch(other, { idempotencyKey: "k" }))).facts.differs).to.deep.equal(["deltas.1"]);
  });

  it("a disk that fails at once refuses the whole batch; one that fails later, the items that are not recorded", async () => {
    expect((await refusalOf(batch(items(MANY), {}, failingAt(1, fullDisk)))).code).to.equal("SERVICE_UNAVAILABLE");
    expect(await total()).to.equal(0);
    const { outcomes } = await batch(items(MANY, "k"), { idempotencyKey: "k" }, failingAt(2, fullDisk));
    expect(outcomes.map((outcome) => outcome instanceof TallyrootError)).to.deep.equal(
      Array.from({ length: MANY }, (_, i) => i >= GROUP),
    );
    expect(await total()).to.equal(GROUP);
    const again = await batch(items(MANY, "k"), { idempotencyKey: "k" });
    expect(again.outcomes.some((outcome) => outcome instanceof TallyrootError)).to.equal(false);
    expect(await total()).to.equal(MANY);
  });

  it("atomic: one bad item, and none is recorded", async () => {
    for (const bad of [
      new TallyrootError("VALIDATION_ERROR", "bad"),
      request(record.tenant, "c0", { adjusts: { recordId: "rec_nothing" } }),
      request(record.tenant, "big", { amount: 2n ** 255n - 1n }),
    ]) {
      const sent = [...items(3), request(record.tenant, "big"), bad];
      const refusal = await refusalOf(batch(sent, { mode: "atomic" }));
      expect(refusal.message).to.match(/^deltas\.4: /);
      expect(refusal.facts.index).to.equal(4);
    }
    expect([await total(), await countOf("big")]).to.deep.equal([0, 0]);
  });

  it("atomic: an item that is on record under its own key is not recorded again", async () => {
    const own = keyed(items(1)[0]!, undefined, 0, "own");
    const first = await recordDelta(record, own);
    const { outcomes } = await batch([...items(2), own, own], { mode: "atomic" });
    expect(outcomes.map(receiptOf)[2]).to.equal(Buffer.from(first.delta.fingerprint).toString("hex"));
    expect(outcomes.map((outcome) => !(outcome instanceof TallyrootError) && outcome.replayed)).to.deep.equal([
      false,
      false,
      true,
      true,
    ]);
    expect(await total()).to.equal(3);
  });

  it("atomic: another delta that takes a key of the batch at the same moment refuses all of it", async () => {
    const mine = keyed(items(1)[0]!, undefined, 0, "own");
    const parts = failingAt(1, async () => {
      await recordDelta(record, { ...mine, amount: 7n });
      await record.store.record([items(2)[1]!, mine], true, { allNew: true });
      throw new Error("was recorded");
    });
    expect((await refusalOf(batch([...items(2), mine], { mode: "atomic" }, parts))).message).to.match(
      /^deltas\.2: .*another delta/,
    );
    expect(await total()).to.equal(1);
  });

  it("one key for a batch and for a single delta is a conflict, whichever came first", async () => {
    const single = (key: string) =>
      request(record.tenant, "c0", { requestId: requestIdOf(record.tenant.requestKey, key) });
    await batch(items(1, "b"), { idempotencyKey: "b" });
    const refused = await recordDelta(record, single("b")).catch((error: TallyrootError) => error.message);
    expect(refused).to.equal("this idempotency key was used before for POST /batch");
    await recordDelta(record, single("s"));
    for (const mode of [undefined, "atomic"] as const) {
      const conflict = await refusalOf(batch(items(1, "s"), { idempotencyKey: "s", ...(mode && { mode }) }));
      expect(conflict.message).to.equal("this idempotency key was used before for a single delta");
    }
    expect(await total()).to.equal(2);
  });

  it("a single delta and a batch that come with one key at the same moment: one of them is recorded", async () => {
    const single = request(record.tenant, "c0", { requestId: requestIdOf(record.tenant.requestKey, "k") });
    const both = await Promise.allSettled([recordDelta(record, single), batch(items(2, "k"), { idempotencyKey: "k" })]);
    expect(both.map(({ status }) => status).toSorted()).to.deep.equal(["fulfilled", "rejected"]);
    expect(await total()).to.be.oneOf([1, 2]);
  });

  it("a summary is recorded once under its reference, and another amount under it is a conflict", async () => {
    const summary = (customerId: string, more: Partial<RecordRequest> = {}) =>
      keyed(
        request(record.tenant, customerId, {
          referenceId: "2026-10",
          metadata: { submissionType: "tenant_summary" },
          ...more,
        }),
        undefined,
        0,
      );
    const { outcomes } = await batch([summary("c0"), summary("c1"), summary("c0"), summary("c0", { amount: 3n })]);
    expect(
      outcomes.map((outcome) => (outcome instanceof TallyrootError ? outcome.code : outcome.replayed)),
    ).to.deep.equal([false, false, true, "IDEMPOTENCY_CONFLICT"]);
    const plain = keyed(request(record.tenant, "c0", { referenceId: "2026-10" }), undefined, 0);
    expect(plain).not.to.have.property("requestId");
  });

  it("a correction names a delta of the same customer and tenant that is on record", async () => {
    const { delta } = await recordDelta(record, request(record.tenant, "c0"));
    const other = await record.store.addTenant("other", 1);
    const recordId = recordIdOf(delta.ledger.address, 1);
    // Those who may not name it have a delta of that sequence themselves.
    await recordDelta(record, request(record.tenant, "c1"));
    await recordDelta(record, request(other, "c0"));
    const correct = (customerId: string, id: string, tenant = record.tenant) =>
      recordDelta(record, request(tenant, customerId, { adjusts: { recordId: id } })).then(
        () => "recorded",
        (error: TallyrootError) => error.message,
      );
    expect(await correct("c1", recordId)).to.equal(`adjusts.recordId: customer c1 has no record ${recordId}`);
    expect(await correct("c0", recordId, other)).to.equal(`adjusts.recordId: customer c0 has no record ${recordId}`);
    expect(await correct("c0", recordIdOf(delta.ledger.address, 2))).to.match(/has no record/);
    expect(await correct("c0", "rec_other-system")).to.match(/has no record/);
    expect(await correct("c0", recordId)).to.equal("recorded");
    expect(await countOf("c0")).to.equal(2);
  });

  it("a stream answers everything after a failure of the disk with that failure, and records none of it", async () => {
    const stream = await openRecordStream(failingAt(2, fullDisk), {
      tenant: record.tenant,
      route: "POST /stream",
      idempotencyKey: undefined,
      now: 1,
    });
    const codes = async () =>
      (await stream.record([...items(2), new TallyrootError("AMOUNT_NOT_EXACT", "bad")])).map((outcome) =>
        outcome instanceof TallyrootError ? outcome.code : "recorded",
      );
    expect(await codes()).to.deep.equal(["recorded", "recorded", "AMOUNT_NOT_EXACT"]);
    for (let i = 0; i < 2; i++)
      expect(await codes()).to.deep.equal(["SERVICE_UNAVAILABLE", "SERVICE_UNAVAILABLE", "AMOUNT_NOT_EXACT"]);
    expect(await total()).to.equal(2);
  });
});
