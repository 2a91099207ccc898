import { sameBytes } from "../../core/bytes.ts";
import { checkpointContradiction } from "../../core/checkpoint.ts";
import { type Checkpoint, checkpointFingerprint } from "../../core/fingerprint.ts";
import { ADDRESS, HASH } from "../../core/shape.ts";
import { formatUnits } from "../amounts.ts";
import type { CheckpointBatchView, CheckpointSummary, CheckpointView, InvoiceView } from "../answers.ts";
import type { CheckpointInput } from "../requests.ts";
import { expect, refuse } from "./answer-failures.ts";
import { type Evidence, expectSelection, forEach } from "./evidence.ts";
import { decoded, exactOf, expectNumber, type KnownDelta, millisecondsOf } from "./known-deltas.ts";
import { expectWindow } from "./windows.ts";

/**
 * Checks a statement. Its balances are those of the deltas around its window, which are fetched; with them its members must give its
 * proofRoot.
 *
 * @param recomputed whether every delta of the window is fetched too, and its root and sums computed from them.
 * @returns those deltas.
 */
export async function checkCheckpoint(
  evidence: Evidence,
  view: CheckpointView,
  { recomputed }: { recomputed: boolean },
): Promise<KnownDelta[]> {
  const { ledgerIdentifier: ledger, customerId, deltasCount: count, firstSequence: first } = view;
  const netChange = exactOf("netChange", view.netChange, view.netChangeExact);
  if (customerId !== null) evidence.known.expectLedger(customerId, ledger);
  if (view.mode === "selection") {
    expectSelection(view, netChange);
    if (view.status === "VERIFIED") await evidence.expectSelectionVerified(view);
    return [];
  }
  const opening = first <= 1 ? 0n : (await evidence.mustBeAt(ledger, first - 1)).balance;
  const closing = count === 0 ? opening : (await evidence.mustBeAt(ledger, first + count - 1)).balance;
  const checkpoint: Checkpoint = {
    ledger: decoded(ADDRESS, "ledgerIdentifier", ledger),
    from: millisecondsOf(view.from),
    to: millisecondsOf(view.to),
    firstSequence: first,
    count,
    openingBalance: opening,
    closingBalance: closing,
    root: decoded(HASH, "merkleRoot", view.merkleRoot),
  };
  const startingBalance = exactOf("startingBalance", view.startingBalance, view.startingBalanceExact);
  const endingBalance = exactOf("endingBalance", view.endingBalance, view.endingBalanceExact);
  expect(startingBalance === opening, "SUM_MISMATCH", `startingBalance is not ${formatUnits(opening)}`);
  expect(endingBalance === closing, "SUM_MISMATCH", `endingBalance is not ${formatUnits(closing)}`);
  expect(netChange === closing - opening, "SUM_MISMATCH", `netChange is not ${formatUnits(closing - opening)}`);
  const same = sameBytes(checkpointFingerprint(checkpoint), decoded(HASH, "proofRoot", view.proofRoot));
  expect(same, "FINGERPRINT_MISMATCH", `the fields of ${view.checkpointId} do not give its proofRoot`);
  const isListed = recomputed && customerId !== null;
  const deltas = isListed ? await evidence.deltasOf(customerId, ledger, first, first + count - 1) : undefined;
  const contradiction = checkpointContradiction(checkpoint, deltas);
  if (contradiction) refuse("CHECKPOINT_CONTRADICTION", `${view.checkpointId}: ${contradiction}`);
  if (recomputed) await expectNoneLeftOut(evidence, view);
  if (view.status === "VERIFIED") await evidence.receiptFor(view.proofRoot, { ledger: checkpoint.ledger });
  return deltas ?? [];
}

/** That the deltas around a window do not belong to it. Of an open window, what was recorded after the statement does not. */
async function expectNoneLeftOut(evidence: Evidence, view: CheckpointView): Promise<void> {
  const { ledgerIdentifier: ledger, firstSequence, deltasCount } = view;
  const before = firstSequence > 1 ? await evidence.mustBeAt(ledger, firstSequence - 1) : undefined;
  const after = await evidence.deltaAt(ledger, firstSequence + deltasCount);
  const end = Math.min(millisecondsOf(view.to), millisecondsOf(view.createdAt));
  const complete = !(before && before.recordedAt >= millisecondsOf(view.from)) && !(after && after.recordedAt < end);
  expect(complete, "SCOPE_INCOMPLETE", `a delta beside the window of ${view.checkpointId} belongs to it`);
}

/** Checks what came of asking for a statement, or for the statements of all customers. */
export async function checkStatement(
  evidence: Evidence,
  { asked, data }: { asked: CheckpointInput; data: CheckpointView | CheckpointBatchView },
): Promise<void> {
  expectWindow(asked, data);
  if ("checkpoints" in data) {
    const alike = data.checkpoints.every(({ from, to }) => from === data.from && to === data.to);
    expect(alike, "ANSWER_MALFORMED", "a batch has statements of other windows");
    return forEach(data.checkpoints, (one) => checkCheckpoint(evidence, one, { recomputed: false }));
  }
  const { customerId = data.customerId, fingerprints } = asked;
  expect(customerId === data.customerId, "NOT_WHAT_WAS_ASKED", `the statement is about ${data.customerId}`);
  const isAsked = asked.mode === undefined || asked.mode === data.mode;
  const isCounted = fingerprints === undefined || new Set(fingerprints).size === data.deltasCount;
  expect(isAsked && isCounted, "NOT_WHAT_WAS_ASKED", "the statement is over other deltas than were asked for");
  await checkCheckpoint(evidence, data, { recomputed: true });
}

/** Checks the statement of an invoice and the lines that it shows. */
export async function checkInvoice(
  evidence: Evidence,
  { customerId, data }: { customerId: string; data: InvoiceView },
): Promise<void> {
  const { checkpoint, lines, pagination } = data;
  const asked = data.customerId === customerId && checkpoint.customerId === customerId;
  expect(asked, "NOT_WHAT_WAS_ASKED", `the statement is not about ${customerId}`);
  for (const name of [
    "ledgerIdentifier",
    "from",
    "to",
    "status",
    "proofRoot",
    "merkleRoot",
    "startingBalance",
    "startingBalanceExact",
    "endingBalance",
    "endingBalanceExact",
    "netChange",
    "netChangeExact",
    "deltasCount",
  ] as const)
    expect(data[name] === checkpoint[name], "ANSWER_MALFORMED", `${name} is not that of the checkpoint`);
  const deltas = await checkCheckpoint(evidence, checkpoint, { recomputed: true });
  for (const [i, line] of lines.entries()) {
    const delta = deltas[pagination.offset + i];
    const { view } = delta ?? refuse("SCOPE_INCOMPLETE", `line ${i} is of no delta of the statement`);
    const same =
      line.receiptId === view.receiptId &&
      line.recordId === view.recordId &&
      line.sequence === view.sequence &&
      line.time === view.recordedAt &&
      line.deltaExact === view.deltaExact &&
      line.delta === view.delta &&
      line.balanceExact === view.balanceExact &&
      line.balance === view.balance;
    expect(same, "SUM_MISMATCH", `line ${i} is not as its delta is on record`);
  }
  await forEach(
    lines.filter(({ status }) => status === "VERIFIED"),
    async ({ sequence, reason, referenceId }) => {
      const delta = await evidence.mustBeAt(data.ledgerIdentifier, sequence);
      await evidence.expectVerified({ ...delta, view: { ...delta.view, reason, referenceId } });
    },
  );
}

/** Checks the mention of a ledger's latest statement. */
export async function expectSummary(evidence: Evidence, ledger: string, summary: CheckpointSummary): Promise<void> {
  const ending = exactOf("endingBalance", summary.endingBalance, summary.endingBalanceExact);
  const differs = (what: string) =>
    refuse("SUM_MISMATCH", `latestCheckpoint: ${what} is not that of ${summary.proofRoot}`);
  if (summary.status === "VERIFIED") {
    const receipt = await evidence.receiptFor(summary.proofRoot, {
      ledger: decoded(ADDRESS, "ledgerIdentifier", ledger),
    });
    if (receipt.kind !== "checkpoint") return refuse("NOT_WHAT_WAS_ASKED", "latestCheckpoint is no checkpoint");
    if (receipt.checkpoint.closingBalance !== ending) return differs("endingBalance");
    const times = [receipt.checkpoint.from, receipt.checkpoint.to].map((time) => new Date(Number(time)).toISOString());
    if (times[0] !== summary.from || times[1] !== summary.to) return differs("the window");
    return;
  }
  const detail = await evidence.get<CheckpointView>(`/balance/checkpoints/${encodeURIComponent(summary.checkpointId)}`);
  const same =
    detail.proofRoot === summary.proofRoot &&
    detail.ledgerIdentifier === ledger &&
    detail.from === summary.from &&
    detail.to === summary.to;
  if (!same) return differs("a member");
  await checkCheckpoint(evidence, detail, { recomputed: false });
  expectNumber("endingBalance", detail.endingBalance, ending);
}
