import { sameBytes } from "../../core/bytes.ts";
import { canonicalJson } from "../../core/content.ts";
import { parseRecordId } from "../../core/record-id.ts";
import { ADDRESS, HASH } from "../../core/shape.ts";
import { units } from "../amounts.ts";
import type {
  BatchAnswer,
  ComparedHeadsView,
  CustomerDetail,
  CustomersView,
  CustomerView,
  DeltaDetail,
  DeltaView,
} from "../answers.ts";
import type { Checked, Verifier } from "../checking.ts";
import type { DeltaInput, HeadInput } from "../requests.ts";
import type { VerificationView } from "../verification-answers.ts";
import { expect, refuse } from "./answer-failures.ts";
import { type Evidence, type EvidenceParts, forEach, openEvidence } from "./evidence.ts";
import { decoded, exactOf, expectNumber, type KnownDelta, millisecondsOf } from "./known-deltas.ts";
import { checkComparison, checkDerivation } from "./scopes.ts";
import { checkCheckpoint, checkInvoice, checkStatement, expectSummary } from "./statements.ts";

type Kind = Checked["kind"];
type Of<K extends Kind> = Extract<Checked, { kind: K }>;

/** How each kind of answer is checked. */
const CHECKS: { [K in Kind]: (evidence: Evidence, checked: Of<K>) => unknown } = {
  async recorded(evidence, { sent, data }) {
    expectSent(sent, data);
    await checkDelta(evidence, data);
  },
  batch: checkBatch,
  async delta(evidence, { recordId, data }) {
    expect(data.recordId === recordId, "NOT_WHAT_WAS_ASKED", `${recordId} was asked for, not ${data.recordId}`);
    await checkDetail(evidence, data);
  },
  derivation: checkDerivation,
  comparison: checkComparison,
  heads: checkHeads,
  checkpoint: checkStatement,
  checkpoints: (evidence, { data }) =>
    forEach(data.checkpoints, (one) => checkCheckpoint(evidence, one, { recomputed: false })),
  invoice: checkInvoice,
  customers: (evidence, { data }) => checkCustomers(evidence, data),
  customer: checkCustomer,
  gaps({ known }, { customerId, data }) {
    const { ledgerIdentifier: ledger, gaps, hasGaps, expected, present } = data;
    expect(data.customerId === customerId, "NOT_WHAT_WAS_ASKED", `the gaps are not those of ${customerId}`);
    known.expectLedger(customerId, ledger);
    const fits = hasGaps === (expected !== present) && (hasGaps || gaps.length === 0);
    expect(fits, "ANSWER_MALFORMED", "the gaps do not fit their counts");
    const lost = gaps.find(({ from, to }) => known.at(ledger, from) ?? known.at(ledger, to));
    expect(lost === undefined, "CONTRADICTS_EARLIER_ANSWER", "a delta was on record before, and is a gap now");
  },
  async receipts(evidence, { customerId, data }) {
    const ours = data.receipts.every((view) => view.customerId === customerId || view.customerId === null);
    expect(ours, "NOT_WHAT_WAS_ASKED", `a receipt is not of ${customerId}`);
    const descending = data.receipts.every(({ sequence }, i, all) => i === 0 || sequence === all[i - 1]!.sequence - 1);
    expect(descending, "SCOPE_INCOMPLETE", "the receipts are not one after another");
    await forEach(data.receipts, (view) => checkDelta(evidence, view));
  },
  receipt: (evidence, { fingerprint, file }) => evidence.verifiedReceipt(fingerprint, file),
  verification: checkVerification,
};

/** The verifier of one client: it remembers what it was told, and takes no answer that contradicts it or that it is not shown. */
export function openVerifier(parts: EvidenceParts): Verifier {
  return {
    moment: parts.known.moment,
    async check(checked, sent, options = {}) {
      const check = CHECKS[checked.kind] as (evidence: Evidence, checked: Checked) => unknown;
      await check(openEvidence(parts, sent, options), checked);
    },
  };
}

async function checkDelta(evidence: Evidence, view: DeltaView): Promise<KnownDelta> {
  const delta = evidence.known.take(view);
  if (view.status === "VERIFIED") await evidence.expectVerified(delta);
  return delta;
}

async function checkDetail(evidence: Evidence, data: DeltaDetail): Promise<void> {
  const delta = evidence.known.take(data);
  const { proof, verificationReference, blockNumber, blockTimestamp } = data;
  if (data.status !== "VERIFIED") {
    const claims = [proof, verificationReference, blockNumber, blockTimestamp, data.verifiedAt];
    return expect(
      claims.every((claim) => claim === null),
      "ANSWER_MALFORMED",
      "a proof of what is not VERIFIED",
    );
  }
  const { anchor, ...receipt } = await evidence.expectVerified(delta);
  const same =
    receipt.kind === "delta" &&
    sameBytes(anchor.transactionHash, decoded(HASH, "verificationReference", verificationReference)) &&
    Number(anchor.blockNumber) === blockNumber &&
    Number(anchor.blockTime) * 1000 === millisecondsOf(blockTimestamp ?? "") &&
    proof?.proofHash === data.receiptId &&
    proof.contentHash === data.commitment;
  expect(same, "CONTRADICTS_EARLIER_ANSWER", "block, transaction or proof are not those of the receipt");
  const previous =
    delta.sequence === 1 ? null : (await evidence.mustBeAt(data.ledgerIdentifier, delta.sequence - 1)).receiptId;
  expect(proof.previousProofHash === previous, "SUM_MISMATCH", "previousProofHash is not that of the delta before it");
}

/** That what is said to be recorded is what was sent. */
function expectSent(sent: DeltaInput, data: DeltaView): void {
  // As JSON had it: a date became text, and what is undefined was left out.
  const {
    customerId,
    reason,
    referenceId = null,
    metadata = null,
    adjusts = null,
  } = JSON.parse(JSON.stringify({ ...sent, delta: undefined })) as Partial<DeltaInput>;
  const same =
    exactOf("delta", data.delta, data.deltaExact) === units(sent.delta) &&
    canonicalJson({ customerId, reason, referenceId, metadata, adjusts }) ===
      canonicalJson({
        customerId: data.customerId,
        reason: data.reason,
        referenceId: data.referenceId,
        metadata: data.metadata,
        adjusts: data.adjusts ?? null,
      });
  expect(same, "NOT_WHAT_WAS_SENT", `${data.recordId} is not the delta that was sent`);
}

async function checkBatch(
  evidence: Evidence,
  { sent, data }: { sent: readonly DeltaInput[]; data: BatchAnswer },
): Promise<void> {
  const { results, totalFailed, totalQueued } = data;
  const queued = results.filter(({ status }) => status === "QUEUED").length;
  const complete = results.length === sent.length && results.every(({ index }, i) => index === i);
  const counted = totalQueued === queued && totalFailed === results.length - queued;
  expect(complete && counted, "ANSWER_MALFORMED", "the results are not one for each delta that was sent");
  const places = results.flatMap(({ status, recordId, receiptId }, i) => {
    if (status !== "QUEUED") return [];
    const place = parseRecordId(recordId ?? "") ?? refuse("ANSWER_MALFORMED", `${recordId} is no record id`);
    return [{ ...place, receiptId, sent: sent[i]! }];
  });
  const byCustomer = new Map<string, typeof places>();
  for (const place of places) {
    const { customerId } = place.sent;
    const ofOne = byCustomer.get(customerId);
    if (ofOne) ofOne.push(place);
    else byCustomer.set(customerId, [place]);
  }
  await forEach([...byCustomer], async ([customerId, ofOne]) => {
    const sequences = ofOne.map(({ sequence }) => sequence);
    const [first, last] = [Math.min(...sequences), Math.max(...sequences)];
    const { ledgerIdentifier } = await evidence.ledgerOf(customerId);
    // A replay may lie far apart; what is fresh lies together.
    const isDense = last - first < 2 * ofOne.length + 1_000;
    const deltas = isDense ? await evidence.deltasOf(customerId, ledgerIdentifier, first, last) : undefined;
    await forEach(ofOne, async ({ ledger, sequence, receiptId, sent }) => {
      const delta = deltas?.[sequence - first] ?? (await evidence.mustBeAt(ledgerIdentifier, sequence));
      const same = delta.receiptId === receiptId && sameBytes(delta.ledger, ledger);
      expect(same, "CONTRADICTS_EARLIER_ANSWER", `delta ${sequence} of ${customerId} is another one on record`);
      expectSent(sent, delta.view);
    });
  });
}

async function checkHeads(
  evidence: Evidence,
  { customerId, asked, data }: { customerId: string; asked: readonly HeadInput[]; data: ComparedHeadsView },
): Promise<void> {
  const { ledgerIdentifier: ledger, deltasCount, heads } = data;
  const answers = data.customerId === customerId && heads.length === asked.length;
  expect(answers, "NOT_WHAT_WAS_ASKED", "the heads are not those that were asked about");
  evidence.known.expectLedger(customerId, ledger);
  evidence.known.expectCount(ledger, deltasCount, evidence.sent);
  await evidence.mustBeAt(ledger, deltasCount);
  await forEach([...heads.entries()], async ([i, head]) => {
    const { sequence, balance, root } = asked[i]!;
    const onRecord = sequence <= deltasCount;
    const recorded = onRecord ? await evidence.mustBeAt(ledger, sequence) : undefined;
    const balanceAgrees = balance === undefined ? null : recorded !== undefined && units(balance) === recorded.balance;
    const rootAgrees = root === undefined ? null : onRecord && root === head.root;
    const same =
      head.sequence === sequence &&
      head.onRecord === onRecord &&
      head.balanceAgrees === balanceAgrees &&
      head.rootAgrees === rootAgrees &&
      head.agrees === (onRecord && balanceAgrees !== false && rootAgrees !== false) &&
      (recorded === undefined || exactOf("balance", head.balance, head.balanceExact) === recorded.balance);
    expect(same, "SUM_MISMATCH", `head ${sequence} is not as it is on record`);
  });
}

async function checkCustomers(evidence: Evidence, { customers }: CustomersView): Promise<void> {
  await forEach(customers, (customer) => checkTotals(evidence, customer));
}

/** Checks a ledger's count and balance by its last delta. */
async function checkTotals(evidence: Evidence, view: CustomerView): Promise<void> {
  const { customerId, ledgerIdentifier: ledger, totalDeltas } = view;
  decoded(ADDRESS, "ledgerIdentifier", ledger);
  expect(view.customerReference === ledger, "ANSWER_MALFORMED", "customerReference is another ledger");
  if (customerId !== null) evidence.known.expectLedger(customerId, ledger);
  evidence.known.expectCount(ledger, totalDeltas, evidence.sent);
  const last = await evidence.mustBeAt(ledger, totalDeltas);
  const balance = exactOf("computedBalance", view.computedBalance, view.computedBalanceExact);
  const same = balance === last.balance && last.view.recordedAt === view.lastDeltaAt;
  expect(same, "SUM_MISMATCH", `the last of ${totalDeltas} deltas has another balance or time`);
}

async function checkCustomer(
  evidence: Evidence,
  { customerId, data }: { customerId: string; data: CustomerDetail },
): Promise<void> {
  const { ledgerIdentifier: ledger, recentActivity } = data;
  expect(data.customerId === customerId, "NOT_WHAT_WAS_ASKED", `${customerId} was asked for, not ${data.customerId}`);
  await checkTotals(evidence, data);
  const first = await evidence.mustBeAt(ledger, 1);
  expect(first.view.recordedAt === data.firstDeltaAt, "SUM_MISMATCH", "the first delta has another time");
  // How much is verified is not said here; a derivation says it, and shows it. What was anchored in between moves both.
  const derived = await evidence.derive(customerId, { at: data.totalDeltas });
  await checkDerivation(evidence, { customerId, asked: { at: data.totalDeltas }, data: derived });
  await expectVerifiedBalance(evidence, data, derived);
  if (data.latestCheckpoint) await expectSummary(evidence, ledger, data.latestCheckpoint);
  await forEach(recentActivity.items, async (item) => {
    const delta = await evidence.mustBeAt(ledger, item.sequence);
    const { view } = delta;
    const same =
      item.receiptId === delta.receiptId &&
      item.recordId === view.recordId &&
      item.time === view.recordedAt &&
      exactOf("delta", item.delta, item.deltaExact) === delta.amount;
    expect(same, "CONTRADICTS_EARLIER_ANSWER", `delta ${item.sequence} is another one on record`);
    if (item.status !== "VERIFIED") return;
    const { anchor } = await evidence.expectVerified({
      ...delta,
      view: { ...view, reason: item.reason, referenceId: item.referenceId },
    });
    const reference = sameBytes(
      anchor.transactionHash,
      decoded(HASH, "verificationReference", item.verificationReference),
    );
    expect(reference, "CONTRADICTS_EARLIER_ANSWER", "verificationReference is not the receipt's transaction");
  });
}

/** A customer's verified balance is that of its verified count, or of an earlier head where an anchor was confirmed in between. */
async function expectVerifiedBalance(
  evidence: Evidence,
  { customerId, verifiedBalance, ledgerIdentifier }: CustomerDetail,
  { verifiedCount, verifiedBalance: now }: { verifiedCount: number; verifiedBalance: number },
): Promise<void> {
  if (verifiedBalance === now) return;
  const first = Math.max(1, verifiedCount - LATELY);
  const earlier = await evidence.deltasOf(customerId!, ledgerIdentifier, first, verifiedCount);
  if (earlier.some(({ view }) => view.balance === verifiedBalance) || (first === 1 && verifiedBalance === 0)) return;
  refuse("SUM_MISMATCH", `verifiedBalance is ${verifiedBalance}, and ${now} is verified`);
}

/** Deltas that may be anchored between two questions. */
const LATELY = 10_000;

async function checkVerification(
  evidence: Evidence,
  { fingerprint, data }: { fingerprint: string; data: VerificationView },
): Promise<void> {
  const named = data.kind === "delta" ? data.receiptId : data.proofRoot;
  const isIt = named === fingerprint && data.proofHash === fingerprint;
  expect(isIt, "NOT_WHAT_WAS_ASKED", `${fingerprint} was asked for, not ${named}`);
  // It claims nothing then that a receipt could show.
  if (!data.verified && data.status !== "VERIFIED") return;
  if (data.verification?.proof.selection) return evidence.expectSelectionVerified({ proofRoot: fingerprint });
  const receipt = await evidence.receiptFor(fingerprint);
  const { summary } = data;
  const [opening, closing, count] =
    receipt.kind === "delta"
      ? [receipt.delta.balance - receipt.delta.amount, receipt.delta.balance, 1n]
      : [receipt.checkpoint.openingBalance, receipt.checkpoint.closingBalance, BigInt(receipt.checkpoint.count)];
  expect(receipt.kind === data.kind, "NOT_WHAT_WAS_ASKED", `it is said to be a ${data.kind}, and is a ${receipt.kind}`);
  expect(BigInt(summary.recordCount) === count, "SUM_MISMATCH", "recordCount is not that of the receipt");
  expectNumber("startingBalance", summary.startingBalance, opening);
  expectNumber("endingBalance", summary.endingBalance, closing);
  expectNumber("netChange", summary.netChange, closing - opening);
}
