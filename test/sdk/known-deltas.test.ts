import { expect } from "chai";
import { checksumAddress, ledgerAddress } from "#src/core/address.ts";
import { formatAmount } from "#src/core/amount.ts";
import { toHex } from "#src/core/bytes.ts";
import { deltaFingerprint } from "#src/core/fingerprint.ts";
import { recordIdOf } from "#src/core/record-id.ts";
import type { DeltaView } from "#src/sdk/answers.ts";
import type { TallyrootVerificationError } from "#src/sdk/errors.ts";
import { openKnownDeltas } from "#src/sdk/verifying/known-deltas.ts";
import { mustBeKnown } from "#src/sdk/verifying/windows.ts";

const NAMESPACE = new Uint8Array(20).fill(3);
const LEDGER = ledgerAddress(NAMESPACE, "a");
const COMMITMENT = new Uint8Array(32).fill(9);
const TIME = Date.parse("2026-01-01T00:00:00Z");

/** A delta whose receiptId is right, whatever its fields say. */
function view(
  sequence: number,
  amount: bigint,
  balance: bigint,
  more: { recordedAt?: number; customerId?: string } = {},
): DeltaView {
  const { recordedAt = TIME + sequence, customerId = "a" } = more;
  const fields = { ledger: LEDGER, sequence, amount, balance, recordedAt, commitment: COMMITMENT };
  const time = new Date(recordedAt).toISOString();
  return {
    recordId: recordIdOf(LEDGER, sequence),
    receiptId: toHex(deltaFingerprint(fields)),
    status: "QUEUED",
    customerId,
    ledgerIdentifier: checksumAddress(LEDGER),
    delta: Number(formatAmount(amount)),
    deltaExact: formatAmount(amount),
    balance: Number(formatAmount(balance)),
    balanceExact: formatAmount(balance),
    sequence,
    sequenceNumber: String(sequence),
    commitment: toHex(COMMITMENT),
    reason: "r",
    referenceId: null,
    metadata: null,
    recordedAt: time,
    createdAt: time,
  };
}

function failure(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as TallyrootVerificationError).failure;
  }
  return "taken";
}

/** What comes of a delta after others were taken. */
const after = (taken: DeltaView[], last: DeltaView) => {
  const known = openKnownDeltas(NAMESPACE);
  for (const delta of taken) known.take(delta);
  return failure(() => known.take(last));
};

describe("what a client that trusts nothing has been told", () => {
  for (const [what, taken, last, outcome] of [
    ["a delta that follows", [view(1, 5n, 5n)], view(2, -2n, 3n), "taken"],
    ["the same delta again", [view(1, 5n, 5n)], view(1, 5n, 5n), "taken"],
    ["a balance that does not follow from the one before", [view(1, 5n, 5n)], view(2, -2n, 4n), "SUM_MISMATCH"],
    ["a balance from which the next does not follow", [view(2, -2n, 3n)], view(1, 4n, 4n), "SUM_MISMATCH"],
    ["a first delta whose balance is another", [], view(1, 5n, 6n), "SUM_MISMATCH"],
    ["a time before the one before", [view(1, 5n, 5n)], view(2, 1n, 6n, { recordedAt: TIME }), "SUM_MISMATCH"],
    ["another delta at a sequence", [view(2, 5n, 9n)], view(2, 4n, 9n), "CONTRADICTS_EARLIER_ANSWER"],
    ["a far delta whose neighbours are not known", [view(1, 5n, 5n)], view(9, 1n, 1n), "taken"],
    ["a ledger that is not this customer's", [], view(1, 5n, 5n, { customerId: "b" }), "CUSTOMER_LEDGER_MISMATCH"],
  ] as const) {
    it(`holds ${what} to it: ${outcome}`, () => {
      expect(after([...taken], last)).to.equal(outcome);
    });
  }

  it("without a pinned namespace does not let a customer change ledgers", () => {
    const known = openKnownDeltas(undefined);
    known.expectLedger("a", checksumAddress(LEDGER));
    const other = checksumAddress(ledgerAddress(NAMESPACE, "b"));
    expect(failure(() => known.expectLedger("a", other))).to.equal("CONTRADICTS_EARLIER_ANSWER");
  });

  it("does not let a ledger become shorter, but for answers that were under way", () => {
    const known = openKnownDeltas(NAMESPACE);
    const ledger = checksumAddress(LEDGER);
    known.expectCount(ledger, 5, known.moment());
    const earlier = known.moment();
    known.expectCount(ledger, 7, known.moment());
    expect(failure(() => known.expectCount(ledger, 6, earlier))).to.equal("taken");
    expect(failure(() => known.expectCount(ledger, 4, earlier))).to.equal("CONTRADICTS_EARLIER_ANSWER");
    expect(failure(() => known.expectCount(ledger, 6, known.moment()))).to.equal("CONTRADICTS_EARLIER_ANSWER");
  });

  it("expects a delta in a scope when it was known before, or the scope was over; not when it may have come since", () => {
    const known = openKnownDeltas(NAMESPACE);
    const delta = known.take(view(1, 5n, 5n));
    const [open, over] = ["2026-02-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"];
    const sent = { tick: 0, milliseconds: Date.parse("2026-01-10T00:00:00Z") };
    expect(mustBeKnown(delta, 1, { to: open, sent })).to.equal(true);
    expect(mustBeKnown(delta, 0, { to: over, sent })).to.equal(true);
    expect(mustBeKnown(delta, 0, { to: open, sent })).to.equal(false);
  });
});
