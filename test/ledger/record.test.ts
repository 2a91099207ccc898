import { expect } from "chai";
import { TallyrootError } from "#src/core/errors.ts";
import type { RecordRequest } from "#src/ledger/ports/ledgers.ts";
import { recordDelta } from "#src/ledger/record.ts";
import { requestIdOf, requestKeyOf } from "#src/ledger/request-id.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { type OpenRecord, openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";

describe("recording with an idempotency key", () => {
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

  const first = { reason: "r", referenceId: "ref", metadata: { a: 1, b: 2 }, adjusts: { referenceId: "x" } };
  const keyed = (customerId: string, more: Partial<RecordRequest> = {}) =>
    request(record.tenant, customerId, { ...first, requestId: requestIdOf(record.tenant.requestKey, "key"), ...more });
  const conflict = async (asked: RecordRequest) => {
    const outcome = await recordDelta(record, asked).catch((error: unknown) => error);
    if (!(outcome instanceof TallyrootError)) throw new Error("no conflict", { cause: outcome });
    expect(outcome.code).to.equal("IDEMPOTENCY_CONFLICT");
    return outcome.facts.differs;
  };

  it("gives the delta that was recorded first, whatever the order of its metadata", async () => {
    const before = await recordDelta(record, keyed("c"));
    expect(before.replayed).to.equal(false);
    const again = await recordDelta(record, keyed("c", { metadata: { b: 2, a: 1 } }));
    expect([again.replayed, again.delta.sequence]).to.deep.equal([true, 1]);
    expect((await record.store.lastDelta(before.delta.ledger))?.sequence).to.equal(1);
  });

  for (const [member, more] of [
    ["delta", { amount: 2n }],
    ["reason", { reason: "s" }],
    ["referenceId", { referenceId: "other" }],
    ["metadata", { metadata: { a: 1 } }],
    ["adjusts", { adjusts: { referenceId: "y" } }],
  ] as const) {
    it(`refuses another ${member} under the same key, and names it`, async () => {
      await recordDelta(record, keyed("c"));
      expect(await conflict(keyed("c", more))).to.deep.equal([member]);
    });
  }

  it("refuses another customer under the same key, and records nothing for it", async () => {
    await recordDelta(record, keyed("c"));
    expect(await conflict(keyed("d"))).to.deep.equal(["customerId"]);
    expect(await record.store.ledgerCount(record.tenant.id)).to.equal(1);
  });

  it("compares amounts alone once the content was erased", async () => {
    await recordDelta(record, keyed("c"));
    await record.close();
    record = await openRecord(folder.dir);
    await changeBehind(folder.dir, "UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL");
    expect((await recordDelta(record, keyed("c", { reason: "s" }))).replayed).to.equal(true);
    expect(await conflict(keyed("c", { amount: 2n }))).to.deep.equal(["delta"]);
  });

  it("hashes keys per tenant: the same key of two tenants is two request ids, of 16 bytes", () => {
    const [a, b] = [requestKeyOf(Buffer.alloc(32, 1)), requestKeyOf(Buffer.alloc(32, 2))];
    expect(requestIdOf(a, "key")).to.have.length(16);
    expect(requestIdOf(a, "key")).to.deep.equal(requestIdOf(a, "key"));
    expect(requestIdOf(a, "key")).not.to.deep.equal(requestIdOf(b, "key"));
    expect(requestIdOf(a, "key")).not.to.deep.equal(requestIdOf(a, "kez"));
  });
});
