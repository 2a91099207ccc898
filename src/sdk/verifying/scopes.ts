import { parseRecordId } from "../../core/record-id.ts";
import { units } from "../amounts.ts";
import type { ComparisonView, DerivationView, ScopeView } from "../answers.ts";
import type { CompareInput, DeriveInput, ScopeInput } from "../requests.ts";
import { expect, refuse } from "./answer-failures.ts";
import { type Evidence, forEach } from "./evidence.ts";
import { exactOf, expectNumber, type KnownDelta, millisecondsOf } from "./known-deltas.ts";
import { expectSummary } from "./statements.ts";
import { expectWindow, mustBeKnown } from "./windows.ts";

/** What is known of a scope once it is checked: balances in units of 10^-18. */
export type CheckedScope = {
  ledger: string;
  first: number;
  last: number;
  /** The ledger's own balance before the scope, and what the caller starts from. */
  opening: bigint;
  starting: bigint;
  computed: bigint;
};

/**
 * Checks what the record says of a scope.
 *
 * A delta's fingerprint has its running balance, so the sum of a scope is the balance of its last delta less the balance before its
 * first: two deltas are fetched, however long the history is. Their neighbours show that the window leaves none out.
 */
export async function checkDerivation(
  evidence: Evidence,
  { customerId, asked, data }: { customerId: string; asked: DeriveInput; data: DerivationView },
): Promise<CheckedScope> {
  const { known } = evidence;
  const ledger = data.ledgerIdentifier;
  expect(data.customerId === customerId, "NOT_WHAT_WAS_ASKED", `${customerId} was asked for, not ${data.customerId}`);
  known.expectLedger(customerId, ledger);
  const shown = data.deltas.map((view) => known.take(view));
  const scope = await edgesOf(evidence, asked, data);
  const { first, last, starting, computed } = scope;
  expect(
    exactOf("computedBalance", data.computedBalance, data.computedBalanceExact) === computed,
    "SUM_MISMATCH",
    `the scope's deltas give another balance than ${data.computedBalanceExact}`,
  );
  expectNumber("startingBalance", data.startingBalance, starting);
  const { offset } = data.pagination;
  const inPlace = shown.every(
    ({ sequence, view }, i) => sequence === first + offset + i && view.ledgerIdentifier === ledger,
  );
  const fits =
    data.pagination.total === data.deltasCount &&
    first + offset + shown.length - 1 <= Math.max(last, first + offset - 1);
  expect(inPlace && fits, "SCOPE_INCOMPLETE", "the page does not show the deltas of the scope in their order");
  await expectVerifiedPart(evidence, data, scope);
  await forEach(shown, async (delta) => delta.view.status === "VERIFIED" && (await evidence.expectVerified(delta)));
  if (data.latestCheckpoint) await expectSummary(evidence, ledger, data.latestCheckpoint);
  if (data.breakdown) {
    const changes = data.breakdown.map((part) => exactOf("netChange", part.netChange, part.netChangeExact));
    const count = data.breakdown.reduce((sum, part) => sum + part.deltasCount, 0);
    const adds =
      changes.reduce((sum, change) => sum + change, 0n) === computed - starting && count === data.deltasCount;
    expect(adds, "SUM_MISMATCH", "the breakdown does not add up to the scope");
  }
  return scope;
}

/** The deltas at both ends of a scope, and the balances that follow from them. */
async function edgesOf(evidence: Evidence, asked: ScopeInput, data: DerivationView): Promise<CheckedScope> {
  const { ledgerIdentifier: ledger, deltasCount: count, latestRecordId, latestReceiptId } = data;
  const given = asked.startingBalance === undefined ? undefined : units(asked.startingBalance);
  expectWindow(asked, data.scope);
  if (count === 0) {
    expect(latestRecordId === null && !isWhole(asked), "SCOPE_INCOMPLETE", "a ledger that there is has a delta");
    const starting =
      given ??
      (asked.startingCheckpoint === undefined
        ? 0n
        : exactOf("computedBalance", data.computedBalance, data.computedBalanceExact));
    return { ledger, first: 1, last: 0, opening: 0n, starting, computed: starting };
  }
  const place = parseRecordId(latestRecordId ?? "");
  if (!place) return refuse("ANSWER_MALFORMED", `latestRecordId: ${latestRecordId} is no record id`);
  const latest = await evidence.mustBeAt(ledger, place.sequence);
  const same = latest.view.recordId === latestRecordId && latest.receiptId === latestReceiptId;
  expect(same, "NOT_WHAT_WAS_ASKED", "latestReceiptId and latestRecordId are not of one delta of this ledger");
  const [first, last] = [latest.sequence - count + 1, latest.sequence];
  expect(first >= 1, "SCOPE_INCOMPLETE", `${count} deltas cannot end with sequence ${last}`);
  const before = first === 1 ? undefined : await evidence.mustBeAt(ledger, first - 1);
  const opening = before?.balance ?? 0n;
  const starting = given ?? (asked.startingCheckpoint === undefined ? 0n : opening);
  await expectComplete(evidence, asked, data.scope, { ledger, first, before, latest });
  return { ledger, first, last, opening, starting, computed: starting + latest.balance - opening };
}

const isWhole = (asked: ScopeInput) =>
  [asked.period, asked.timePreset, asked.startDate, asked.endDate, asked.startingCheckpoint, asked.at].every(
    (part) => part === undefined,
  ) && asked.finality !== "verified";

type Edges = { ledger: string; first: number; before: KnownDelta | undefined; latest: KnownDelta };

/** That the delta before the scope, and the one after it, do not belong to it, and those at its ends do. */
async function expectComplete(
  { known, sent, deltaAt }: Evidence,
  asked: ScopeInput,
  { from, to }: ScopeView,
  { ledger, first, before, latest }: Edges,
): Promise<void> {
  const incomplete = (what: string) => refuse("SCOPE_INCOMPLETE", what);
  const named = asked.period ?? asked.timePreset ?? asked.startDate;
  if (named === undefined && asked.startingCheckpoint === undefined && first !== 1)
    return incomplete(`the scope begins with the ledger, and its first delta is ${first}`);
  if (isWhole(asked)) return known.expectCount(ledger, latest.sequence, sent);
  if (typeof asked.at === "number" && latest.sequence > asked.at)
    return incomplete(`it ends after sequence ${asked.at}`);
  if (named === undefined) return undefined;
  if (before && before.recordedAt >= millisecondsOf(from)) return incomplete("a delta before the first belongs to it");
  if (latest.recordedAt >= millisecondsOf(to)) return incomplete("its last delta is recorded after it");
  if (asked.finality === "verified") return undefined;
  const after = await deltaAt(ledger, latest.sequence + 1);
  if (after && after.recordedAt < millisecondsOf(to) && mustBeKnown(after, known.countAt(ledger, sent), { to, sent }))
    return incomplete("a delta after the last belongs to it");
  return undefined;
}

async function expectVerifiedPart(evidence: Evidence, data: DerivationView, scope: CheckedScope): Promise<void> {
  const { verifiedCount, pendingCount, deltasCount } = data;
  const { ledger, first, opening, starting } = scope;
  const adds = verifiedCount >= 0 && verifiedCount + pendingCount === deltasCount;
  expect(adds, "SUM_MISMATCH", `${verifiedCount} verified and ${pendingCount} pending are not ${deltasCount}`);
  if (verifiedCount === 0) return expectNumber("verifiedBalance", data.verifiedBalance, starting);
  const delta = await evidence.mustBeAt(ledger, first + verifiedCount - 1);
  expectNumber("verifiedBalance", data.verifiedBalance, starting + delta.balance - opening);
  await evidence.expectVerified(delta);
}

/** Checks a comparison: the record's side as a derivation, the rest by what follows from it. */
export async function checkComparison(
  evidence: Evidence,
  { asked, data }: { asked: CompareInput; data: ComparisonView },
): Promise<void> {
  const scope = await recordSide(evidence, asked, data);
  const { ledger, opening, starting, computed } = scope;
  for (const [claimed, matches, discrepancy, exact] of [
    [asked.yourBalance, data.matchesYours, data.yourDiscrepancy, data.yourDiscrepancyExact],
    [asked.theirBalance, data.matchesTheirs, data.theirDiscrepancy, data.theirDiscrepancyExact],
  ] as const) {
    if (claimed === undefined) continue;
    const gap = exactOf("discrepancy", discrepancy, exact);
    const right = gap === units(claimed) - computed && matches === (gap === 0n);
    expect(right, "SUM_MISMATCH", "a discrepancy is not what the party claims less what the record has");
  }
  const own = (balance: bigint) => starting + balance - opening;
  await forEach(data.confirmed, async (line) => {
    const delta = await evidence.mustBeAt(ledger, line.sequence);
    const same =
      delta.receiptId === line.receiptId &&
      delta.view.recordId === line.recordId &&
      delta.view.recordedAt === line.recordedAt;
    expect(same, "CONTRADICTS_EARLIER_ANSWER", `confirmed delta ${line.sequence} is another one on record`);
    const adds =
      exactOf("delta", line.delta, line.deltaExact) === delta.amount &&
      exactOf("balance", line.balance, line.balanceExact) === own(delta.balance);
    expect(adds, "SUM_MISMATCH", `confirmed delta ${line.sequence} is not as it is on record`);
  });
  await forEach(data.disputed, async ({ receiptId, sequence, recordedDelta, recordedDeltaExact }) => {
    if (receiptId === null) return;
    const delta = await evidence.mustBeAt(ledger, sequence);
    const same =
      delta.receiptId === receiptId &&
      (recordedDelta === null || exactOf("recordedDelta", recordedDelta, recordedDeltaExact) === delta.amount);
    expect(same, "CONTRADICTS_EARLIER_ANSWER", `disputed delta ${sequence} is not as it is on record`);
  });
  const { divergence } = data;
  if (!divergence?.receiptId) return;
  const delta = await evidence.mustBeAt(ledger, divergence.sequence);
  const after = exactOf("balanceAfter", divergence.balanceAfter, divergence.balanceAfterExact);
  const before = exactOf("balanceBefore", divergence.balanceBefore, divergence.balanceBeforeExact);
  const same =
    delta.receiptId === divergence.receiptId &&
    after === own(delta.balance) &&
    before === own(delta.balance - delta.amount);
  expect(same, "SUM_MISMATCH", "the balances around the divergence are not those on record");
}

/**
 * The scope of a comparison, asked for and checked as a derivation of its own. It is asked for later, so it may have grown by then: the
 * comparison is of its beginning.
 */
async function recordSide(evidence: Evidence, asked: CompareInput, data: ComparisonView): Promise<CheckedScope> {
  const { customerId, yours, theirs, yourBalance, theirBalance, granularity, ...scope } = asked;
  const derived = await evidence.derive(customerId, scopeOnly(scope));
  const { ledger, first, last, starting, opening } = await checkDerivation(evidence, {
    customerId,
    asked: scope,
    data: derived,
  });
  const end = first + data.deltasCount - 1;
  const isOurs = data.customerId === customerId && data.ledgerIdentifier === ledger;
  expect(isOurs, "NOT_WHAT_WAS_ASKED", "the comparison is with another ledger");
  const left = end < last ? await evidence.mustBeAt(ledger, end + 1) : undefined;
  const complete =
    end <= last &&
    !(
      left &&
      mustBeKnown(left, evidence.known.countAt(ledger, evidence.sent), { to: data.scope.to, sent: evidence.sent })
    );
  expect(complete, "SCOPE_INCOMPLETE", "the comparison is over other deltas than the scope has");
  const closing = data.deltasCount === 0 ? opening : (await evidence.mustBeAt(ledger, end)).balance;
  const computed = starting + closing - opening;
  const same = exactOf("computedBalance", data.computedBalance, data.computedBalanceExact) === computed;
  expect(same, "SUM_MISMATCH", "the comparison has another balance than the record");
  return { ledger, first, last: end, opening, starting, computed };
}

/** The members by which a scope is named. */
function scopeOnly(asked: DeriveInput): DeriveInput {
  const { period, timePreset, startDate, endDate, startingBalance } = asked;
  const { startingCheckpoint, startingCheckpointType, at, finality } = asked;
  return {
    period,
    timePreset,
    startDate,
    endDate,
    startingBalance,
    startingCheckpoint,
    startingCheckpointType,
    at,
    finality,
  };
}
