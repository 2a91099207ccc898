import type { DisputeView } from "../../sdk/answers.ts";
import { csvLine } from "../checkpoints/csv-line.ts";
import { windowInput } from "../checkpoints/windows.ts";
import type { LongOutcome, Outcome, WholeOutcome } from "./comparing.ts";
import { lineOf } from "./dispute-line.ts";
import { partyBalance, sumsOf } from "./sums.ts";
import { verdictOf } from "./verdict.ts";

/** The report for programs. Every amount is exact text: a number could not hold it. */
export function reportJson(outcome: Outcome): string {
  const { question, comparedAt, place } = outcome;
  const { chainId, contract, log } = place;
  const head = {
    customerId: question.customerId,
    verdict: verdictOf(outcome).sentence,
    comparedAt,
    period: windowInput(question.window),
    anchoredIn: { chainId, contract, log },
  };
  const body = outcome.kind === "whole" ? wholeBody(outcome) : longBody(outcome);
  return `${JSON.stringify({ ...head, ...body }, null, 2)}\n`;
}

function wholeBody(outcome: WholeOutcome) {
  const { comparison, listed } = outcome;
  const parties = (["yours", "theirs"] as const).flatMap((party) => {
    const sum = sumsOf(party, comparison, listed);
    if (!sum) return [];
    return [{ ...sum, balanceExact: partyBalance(comparison.computedBalanceExact, sum.discrepancyExact) }];
  });
  const { ledgerIdentifier, scope, computedBalanceExact, deltasCount, confirmedCount } = comparison;
  const { disputedCount, undecidedCount, divergence, message } = comparison;
  return {
    ledgerIdentifier,
    scope,
    computedBalanceExact,
    deltasCount,
    confirmedCount,
    disputedCount,
    undecidedCount,
    message,
    divergence: divergence && exactMembers(divergence),
    parties,
    disputes: listed.map((dispute) => ({
      ...exactMembers(dispute),
      sent: dispute.sent && exactMembers(dispute.sent),
      line: lineOf(dispute, outcome),
    })),
  };
}

function longBody({ ledgerIdentifier, computedBalanceExact, found }: LongOutcome) {
  const parties = Object.entries(found).map(([party, comparison]) => {
    const { divergence, ...counts } = comparison;
    const recorded = divergence?.recorded;
    return {
      party,
      ...counts,
      divergence: divergence && { ...divergence, recorded: recorded ? exactMembers(recorded) : null },
    };
  });
  return { ledgerIdentifier, computedBalanceExact, parties };
}

/** An answer's members, without the numbers that stand beside their exact text. */
function exactMembers<T extends object>(members: T): Partial<T> {
  const kept = Object.entries(members).filter(([name]) => !(`${name}Exact` in members));
  return Object.fromEntries(kept) as Partial<T>;
}

const COLUMNS: readonly [name: string, cell: (dispute: DisputeView, line: number | null) => unknown][] = [
  ["sequence", ({ sequence }) => sequence],
  ["kind", ({ kind }) => kind],
  ["party", ({ party }) => party],
  ["difference", ({ amountExact }) => amountExact],
  ["recordedDelta", ({ recordedDeltaExact }) => recordedDeltaExact],
  ["statedDelta", ({ sent }) => sent?.deltaExact],
  ["statedBalance", ({ sent }) => sent?.balanceExact],
  ["recordId", ({ recordId, sent }) => recordId ?? sent?.recordId],
  ["receiptId", ({ receiptId, sent }) => receiptId ?? sent?.receiptId],
  ["referenceId", ({ referenceId, sent }) => referenceId ?? sent?.referenceId],
  ["recordedAt", ({ recordedAt }) => recordedAt],
  ["line", (_, line) => line],
];

/** The disputes as a table (RFC 4180). */
export function reportCsv(outcome: WholeOutcome): string {
  const rows = outcome.listed.map((dispute) => COLUMNS.map(([, cell]) => cell(dispute, lineOf(dispute, outcome))));
  return [COLUMNS.map(([name]) => name), ...rows].map(csvLine).join("");
}
