import type { LongOutcome, Outcome, PartyName, WholeOutcome } from "./comparing.ts";
import { PARTIES } from "./kinds.ts";

export type Verdict = { agrees: boolean; sentence: string; more: string };

/** The outcome in one sentence, and what it rests on in another. */
export function verdictOf(outcome: Outcome): Verdict {
  return outcome.kind === "whole" ? wholeVerdict(outcome) : longVerdict(outcome);
}

function wholeVerdict({ question, comparison }: WholeOutcome): Verdict {
  const given = partiesIn(question.views);
  const { divergence, confirmedCount, deltasCount, disputedCount } = comparison;
  if (!divergence)
    return {
      agrees: true,
      sentence: `${given.length === 2 ? "Both agree" : `${PARTIES[given[0]!].list} agrees`} with the record.`,
      more: `${count(confirmedCount)} of ${count(deltasCount)} deltas are confirmed.`,
    };
  const { sequence, kind } = divergence;
  const where =
    kind === "NOT_ON_RECORD"
      ? sequence === 0
        ? "before delta 1"
        : `after delta ${count(sequence)}`
      : `at delta ${count(sequence)}`;
  return {
    agrees: false,
    sentence: `They part ${where}.`,
    more: `${count(disputedCount)} ${disputedCount === 1 ? "dispute" : "disputes"}; ${count(confirmedCount)} of ${count(deltasCount)} deltas are confirmed.`,
  };
}

function longVerdict({ found }: LongOutcome): Verdict {
  const parts = (["yours", "theirs"] as const).flatMap((party) => {
    const comparison = found[party];
    return comparison ? [{ party, comparison }] : [];
  });
  const firsts = parts.flatMap(({ comparison }) => (comparison.divergence ? [comparison.divergence.sequence] : []));
  const asked = parts.reduce((sum, { comparison }) => sum + comparison.requests, 0);
  const more = `Found by bisection in ${count(asked)} questions to the server: the lists themselves stayed in this browser.`;
  if (firsts.length > 0) return { agrees: false, sentence: `They part at delta ${count(Math.min(...firsts))}.`, more };
  const sentence = `${parts.length === 2 ? "Both agree" : `${PARTIES[parts[0]!.party].list} agrees`} with the record.`;
  const byBalance = parts.some(({ comparison }) => comparison.by === "balance");
  return {
    agrees: true,
    sentence,
    more: byBalance
      ? `${more} Balances were compared: differences that cancel out between two rows are not seen.`
      : more,
  };
}

function partiesIn(views: WholeOutcome["question"]["views"]): PartyName[] {
  return (["yours", "theirs"] as const).filter((party) => views[party] !== undefined);
}

const count = (value: number) => value.toLocaleString("en");
