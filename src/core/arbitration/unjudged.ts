import { formatAmount } from "../amount.ts";
import { sameBytes, toHex } from "../bytes.ts";
import { checkpointContradiction } from "../checkpoint.ts";
import { findContradictions } from "./contradiction.ts";
import { compare, countBefore, type LedgerView, ledgerViews } from "./ledger-view.ts";
import type { CheckpointStatement, ProvenDelta, Statements } from "./statement.ts";

/**
 * Contradictions that exist although no function of the contract takes them, by name. Whoever sees the files sees the contradiction;
 * the contract either cannot judge it at all, or lacks a receipt that would show it which side is wrong.
 */
export const UNJUDGED = {
  HEADS_DIFFER: "Two heads of one ledger have the same count and different roots.",
  CHECKPOINTS_DIFFER: "Two checkpoints of one ledger count the same deltas and have different roots.",
  BALANCES_DIFFER: "Two statements give a ledger different balances after the same delta.",
  COUNT_DECREASES: "A later anchor holds a head of the ledger with fewer deltas than an earlier one.",
  TIME_REVERSED: "A later delta of the ledger was recorded before an earlier one.",
  WINDOWS_OVERLAP: "Two windows that follow each other count the same delta.",
  DELTA_LEFT_OUT: "A delta of the window is not counted by the checkpoint.",
  DELTA_NOT_COVERED: "A delta is under the root of a statement that does not cover it.",
  DELTAS_MISCOUNTED: "A checkpoint counts another number of deltas than its root is over.",
  SEQUENCE_MISSING: "A delta that a checkpoint counts is not under its root.",
  CHECKPOINT_CONTRADICTION: "A checkpoint cannot be true, whatever the deltas are.",
} as const;

export type UnjudgedName = keyof typeof UNJUDGED;

/** `sequence` is where; `detail` says what each side has; `sources` are the files. */
export type Unjudged = {
  name: UnjudgedName;
  ledger: Uint8Array;
  sequence: bigint;
  detail: string;
  sources: string[];
};

/**
 * The contradictions among statements of one log that the contract cannot judge from them. Empty for the statements of an honest log:
 * a delta that came into a window after its checkpoint was stated is none, because a window may be stated while it is open.
 */
export function findUnjudged(statements: Statements): Unjudged[] {
  const judged = new Set(findContradictions(statements).map(({ ledger }) => toHex(ledger)));
  const found = ledgerViews(statements).flatMap((view) => [
    ...headsApart(view),
    ...checkpointsApart(view),
    ...timesReversed(view),
    ...view.checkpoints.flatMap((checkpoint) => againstWindow(view, checkpoint)),
    // Wrong sums that the contract can judge somewhere in the ledger are not listed a second time in other words.
    ...(judged.has(toHex(view.ledger)) ? [] : [...balancesApart(view), ...view.checkpoints.flatMap(withinItself)]),
  ]);
  return [...statements.unjudged, ...found];
}

function headsApart({ ledger, heads }: LedgerView): Unjudged[] {
  const found: Unjudged[] = [];
  const byCount = new Map<bigint, (typeof heads)[number]>();
  let highest: (typeof heads)[number] | undefined;
  for (const one of heads) {
    const count = BigInt(one.head.count);
    const other = byCount.get(count);
    if (!other) byCount.set(count, one);
    else if (!sameBytes(one.head.root, other.head.root)) {
      const detail = `the heads of ${count} deltas in anchors ${other.index} and ${one.index} have different roots`;
      found.push({ name: "HEADS_DIFFER", ledger, sequence: count, detail, sources: [other.source, one.source] });
    }
    // Heads come in the order of their anchors, those of one anchor by their counts: a smaller count is in a later anchor.
    if (highest && BigInt(highest.head.count) > count) {
      const detail = `anchor ${highest.index} holds a head of ${highest.head.count} deltas, anchor ${one.index} one of ${count}`;
      found.push({ name: "COUNT_DECREASES", ledger, sequence: count, detail, sources: [highest.source, one.source] });
    }
    if (!highest || count >= BigInt(highest.head.count)) highest = one;
  }
  return found;
}

function checkpointsApart({ ledger, checkpoints }: LedgerView): Unjudged[] {
  const found: Unjudged[] = [];
  const byRange = new Map<string, CheckpointStatement>();
  const counting = checkpoints.filter(({ checkpoint }) => BigInt(checkpoint.count) > 0n);
  for (const one of counting) {
    const { firstSequence, count, root } = one.checkpoint;
    const range = `${firstSequence}+${count}`;
    const other = byRange.get(range);
    if (!other) byRange.set(range, one);
    else if (!sameBytes(root, other.checkpoint.root)) {
      const detail = `two checkpoints over the ${count} deltas from ${firstSequence} on have different roots`;
      const sources = [other.source, one.source];
      found.push({ name: "CHECKPOINTS_DIFFER", ledger, sequence: BigInt(firstSequence), detail, sources });
    }
  }
  // By their beginnings, each window is held against the one before it that reaches furthest and has ended by then.
  const byFrom = [...counting].sort((a, b) => compare(BigInt(a.checkpoint.from), BigInt(b.checkpoint.from)));
  const byTo = [...checkpoints].sort((a, b) => compare(BigInt(a.checkpoint.to), BigInt(b.checkpoint.to)));
  let ended = 0;
  let furthest: CheckpointStatement | undefined;
  for (const one of byFrom) {
    for (; ended < byTo.length && BigInt(byTo[ended]!.checkpoint.to) <= BigInt(one.checkpoint.from); ended++) {
      if (!furthest || nextOf(byTo[ended]!) > nextOf(furthest)) furthest = byTo[ended]!;
    }
    const sequence = BigInt(one.checkpoint.firstSequence);
    if (!furthest || furthest === one || nextOf(furthest) <= sequence) continue;
    const detail = `a window that ends at ${furthest.checkpoint.to} reaches to delta ${nextOf(furthest) - 1n}, one that begins at ${one.checkpoint.from} has delta ${sequence} for its first`;
    found.push({ name: "WINDOWS_OVERLAP", ledger, sequence, detail, sources: [furthest.source, one.source] });
  }
  return found;
}

/** The sequence after the last that a checkpoint speaks for. */
function nextOf({ checkpoint }: CheckpointStatement): bigint {
  return BigInt(checkpoint.firstSequence) + BigInt(checkpoint.count);
}

/** What a statement says the balance after a sequence is. */
type Claim = { sequence: bigint; balance: bigint; what: string; source: string };

/**
 * Statements that give one sequence different balances. The delta at that sequence would tell the contract which of them is wrong, so
 * where it is at hand the contract can judge.
 */
function balancesApart({ ledger, deltas, heads, checkpoints }: LedgerView): Unjudged[] {
  const claims: Claim[] = [
    ...heads.map(({ head, source }) => ({
      sequence: BigInt(head.count),
      balance: head.balance,
      what: "a head",
      source,
    })),
    ...checkpoints
      .filter(({ checkpoint }) => BigInt(checkpoint.firstSequence) > 0n)
      .flatMap((one) => {
        const { openingBalance, closingBalance, firstSequence } = one.checkpoint;
        const before = BigInt(firstSequence) - 1n;
        return [
          { sequence: before, balance: openingBalance, what: "a checkpoint that opens", source: one.source },
          { sequence: nextOf(one) - 1n, balance: closingBalance, what: "a checkpoint that closes", source: one.source },
        ];
      }),
    ...deltas.map(({ delta, through }) => {
      const balance = delta.balance - delta.amount;
      return { sequence: BigInt(delta.sequence) - 1n, balance, what: "the delta after it", source: through.source };
    }),
  ];
  const bySequence = new Map<bigint, Claim>([
    [0n, { sequence: 0n, balance: 0n, what: "every ledger", source: "the beginning" }],
  ]);
  return claims.flatMap((claim) => {
    const { sequence, balance } = claim;
    const other = bySequence.get(sequence);
    if (!other) bySequence.set(sequence, claim);
    if (!other || other.balance === balance) return [];
    const detail = `after delta ${sequence}, ${other.what} has balance ${formatAmount(other.balance)} (${other.source}), ${claim.what} ${formatAmount(balance)} (${claim.source}); the receipt of delta ${sequence} would show which is wrong`;
    return [{ name: "BALANCES_DIFFER", ledger, sequence, detail, sources: [other.source, claim.source] }];
  });
}

/** Deltas that are not neighbours and run back in time: of neighbours the contract is the judge. */
function timesReversed({ ledger, deltas }: LedgerView): Unjudged[] {
  const found: Unjudged[] = [];
  let latest: ProvenDelta | undefined;
  for (const one of deltas) {
    const [sequence, recordedAt] = [BigInt(one.delta.sequence), BigInt(one.delta.recordedAt)];
    if (latest && BigInt(latest.delta.recordedAt) > recordedAt && BigInt(latest.delta.sequence) + 1n < sequence) {
      const detail = `delta ${latest.delta.sequence} was recorded at ${latest.delta.recordedAt}, delta ${sequence} at ${recordedAt}`;
      const sources = [latest.through.source, one.through.source];
      found.push({ name: "TIME_REVERSED", ledger, sequence, detail, sources });
    }
    if (!latest || recordedAt >= BigInt(latest.delta.recordedAt)) latest = one;
  }
  return found;
}

function withinItself({ checkpoint, source }: CheckpointStatement): Unjudged[] {
  const detail = checkpointContradiction(checkpoint);
  if (detail === undefined) return [];
  const { ledger, firstSequence } = checkpoint;
  return [{ name: "CHECKPOINT_CONTRADICTION", ledger, sequence: BigInt(firstSequence), detail, sources: [source] }];
}

/**
 * Deltas that a checkpoint does not count, although its window has to hold them: one before its first that was recorded in it, or one
 * after its last that was recorded before it. Times never decrease within a ledger, so neither can come in later.
 */
function againstWindow({ ledger, deltas }: LedgerView, statement: CheckpointStatement): Unjudged[] {
  const { checkpoint, source } = statement;
  const before = deltas[countBefore(deltas, BigInt(checkpoint.firstSequence)) - 1];
  const found: Unjudged[] = [];
  if (before && BigInt(before.delta.recordedAt) >= BigInt(checkpoint.from)) {
    const { sequence, recordedAt } = before.delta;
    const detail = `delta ${sequence} was recorded at ${recordedAt}, in the window from ${checkpoint.from} on, which begins with delta ${checkpoint.firstSequence}`;
    const sources = [source, before.through.source];
    found.push({ name: "DELTA_LEFT_OUT", ledger, sequence: BigInt(sequence), detail, sources });
  }
  const after = deltas[countBefore(deltas, nextOf(statement))];
  if (after && BigInt(checkpoint.count) > 0n && BigInt(after.delta.recordedAt) < BigInt(checkpoint.from)) {
    const { sequence, recordedAt } = after.delta;
    const detail = `delta ${sequence} was recorded at ${recordedAt}, before the window from ${checkpoint.from} on that ends with an earlier delta`;
    const sources = [source, after.through.source];
    found.push({ name: "TIME_REVERSED", ledger, sequence: BigInt(sequence), detail, sources });
  }
  return found;
}
