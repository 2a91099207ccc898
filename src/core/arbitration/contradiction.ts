import { checksumAddress } from "../address.ts";
import { formatAmount } from "../amount.ts";
import { sameBytes } from "../bytes.ts";
import type { Checkpoint, Delta } from "../fingerprint.ts";
import { between, type LedgerView, ledgerViews } from "./ledger-view.ts";
import type { CheckpointStatement, HeadStatement, ProvenDelta, Statements } from "./statement.ts";

/** A contradiction in the terms of the contract: the function that judges it, and what that function is given. */
export type Contradiction = {
  ledger: Uint8Array;
  /** Where it is, as the contract's event names it. */
  sequence: bigint;
} & (
  | { judgedBy: "proveFork"; a: ProvenDelta; b: ProvenDelta }
  | { judgedBy: "proveImbalance"; first: ProvenDelta; second: ProvenDelta }
  | { judgedBy: "proveFirstImbalance"; first: ProvenDelta }
  | { judgedBy: "proveHeadImbalance"; statement: HeadStatement; edge: ProvenDelta }
  | { judgedBy: "proveCheckpointImbalance"; statement: CheckpointStatement; contrary: ProvenDelta }
  | { judgedBy: "proveBareCheckpointImbalance"; statement: CheckpointStatement }
);

/** The contract's functions, in the order in which contradictions are listed: the plainest evidence first. */
export const COURT_FUNCTIONS = [
  "proveFork",
  "proveImbalance",
  "proveFirstImbalance",
  "proveHeadImbalance",
  "proveCheckpointImbalance",
  "proveBareCheckpointImbalance",
] as const satisfies readonly Contradiction["judgedBy"][];

/**
 * The contradictions among statements of one log that `AnchorLog` accepts as evidence, and no others: ordered by function, ledger
 * and sequence, whatever the order in which the statements came. Empty for the statements of an honest log.
 *
 * Deltas are looked up by ledger and sequence, so n statements take O(n log n). Where one sequence has several deltas, each is
 * listed as a fork with the first of them, and held against the first of the neighbouring sequence.
 *
 * @see contracts/IAnchorLog.sol, functions prove…
 */
export function findContradictions(statements: Pick<Statements, "heads" | "checkpoints" | "deltas">): Contradiction[] {
  const found = ledgerViews(statements).flatMap((view) => [
    ...deltaContradictions(view),
    ...view.heads.flatMap((statement) => headContradictions(view, statement)),
    ...view.checkpoints.flatMap((statement) => checkpointContradictions(view, statement)),
  ]);
  const rank = new Map<string, number>(COURT_FUNCTIONS.map((name, i) => [name, i]));
  // The sort is stable: within a function, ledgers stay in their order.
  return found.sort((a, b) => rank.get(a.judgedBy)! - rank.get(b.judgedBy)!);
}

function deltaContradictions({ ledger, deltas }: LedgerView): Contradiction[] {
  const groups = bySequence(deltas);
  return groups.flatMap((group, i) => {
    const [one, ...others] = group as [ProvenDelta, ...ProvenDelta[]];
    const sequence = BigInt(one.delta.sequence);
    const before = groups[i - 1]?.[0];
    const follows = before !== undefined && BigInt(before.delta.sequence) + 1n === sequence;
    const pairs = follows
      ? [...groups[i - 1]!.map((first) => [first, one] as const), ...others.map((second) => [before, second] as const)]
      : [];
    const found: Contradiction[] = [
      ...others.map((b) => ({ judgedBy: "proveFork", ledger, sequence, a: one, b }) as const),
      ...pairs
        .filter(([first, second]) => isImbalance(first.delta, second.delta))
        .map(([first, second]) => ({ judgedBy: "proveImbalance", ledger, sequence, first, second }) as const),
    ];
    if (sequence !== 1n) return found;
    const wrong = group.filter(({ delta }) => delta.balance !== delta.amount);
    return [...found, ...wrong.map((first) => ({ judgedBy: "proveFirstImbalance", ledger, sequence, first }) as const)];
  });
}

function bySequence(deltas: readonly ProvenDelta[]): ProvenDelta[][] {
  const groups: ProvenDelta[][] = [];
  for (const proven of deltas) {
    const last = groups.at(-1);
    if (last && BigInt(last[0]!.delta.sequence) === BigInt(proven.delta.sequence)) last.push(proven);
    else groups.push([proven]);
  }
  return groups;
}

function isImbalance(first: Delta, second: Delta): boolean {
  return first.balance + second.amount !== second.balance || BigInt(second.recordedAt) < BigInt(first.recordedAt);
}

function headContradictions({ ledger, deltas }: LedgerView, statement: HeadStatement): Contradiction[] {
  const sequence = BigInt(statement.head.count);
  return between(deltas, sequence, sequence)
    .filter((edge) => edge.delta.balance !== statement.head.balance)
    .map((edge) => ({ judgedBy: "proveHeadImbalance", ledger, sequence, statement, edge }));
}

function checkpointContradictions({ ledger, deltas }: LedgerView, statement: CheckpointStatement): Contradiction[] {
  const { checkpoint } = statement;
  const [first, count] = [BigInt(checkpoint.firstSequence), BigInt(checkpoint.count)];
  const found: Contradiction[] = between(deltas, first - 1n, first + count - 1n)
    .filter((contrary) => isContrary(checkpoint, contrary.delta))
    .map((contrary) => {
      const sequence = BigInt(contrary.delta.sequence);
      return { judgedBy: "proveCheckpointImbalance", ledger, sequence, statement, contrary };
    });
  const { openingBalance, closingBalance } = checkpoint;
  if ((count === 0n && openingBalance !== closingBalance) || (first === 1n && openingBalance !== 0n))
    found.push({ judgedBy: "proveBareCheckpointImbalance", ledger, sequence: first, statement });
  return found;
}

/** Whether a delta from the one before the window to its last contradicts the checkpoint: `_contradicts` of the contract. */
function isContrary(checkpoint: Checkpoint, delta: Delta): boolean {
  const [sequence, recordedAt] = [BigInt(delta.sequence), BigInt(delta.recordedAt)];
  const [first, count] = [BigInt(checkpoint.firstSequence), BigInt(checkpoint.count)];
  if (sequence + 1n === first) return delta.balance !== checkpoint.openingBalance;
  return (
    recordedAt < BigInt(checkpoint.from) ||
    recordedAt >= BigInt(checkpoint.to) ||
    (sequence === first && checkpoint.openingBalance + delta.amount !== delta.balance) ||
    (sequence + 1n === first + count && delta.balance !== checkpoint.closingBalance)
  );
}

/** The files that a contradiction takes its evidence from, each once. */
export function sourcesOf(contradiction: Contradiction): string[] {
  return [...new Set(statementsIn(contradiction).map(({ source }) => source))];
}

/** The anchored statements that a contradiction stands on. */
export function statementsIn(contradiction: Contradiction): (HeadStatement | CheckpointStatement)[] {
  switch (contradiction.judgedBy) {
    case "proveFork":
      return [contradiction.a.through, contradiction.b.through];
    case "proveImbalance":
      return [contradiction.first.through, contradiction.second.through];
    case "proveFirstImbalance":
      return [contradiction.first.through];
    case "proveHeadImbalance":
      return [contradiction.statement, contradiction.edge.through];
    case "proveCheckpointImbalance":
      return [contradiction.statement, contradiction.contrary.through];
    case "proveBareCheckpointImbalance":
      return [contradiction.statement];
  }
}

/** A contradiction in a sentence, with what each file says. */
export function contradictionText(contradiction: Contradiction): string {
  const ledger = `ledger ${checksumAddress(contradiction.ledger)}`;
  switch (contradiction.judgedBy) {
    case "proveFork":
      return `${ledger} has two deltas ${contradiction.sequence}: ${said(contradiction.a)}; ${said(contradiction.b, contradiction.a)}`;
    case "proveImbalance":
      return `${ledger} does not add up, or goes back in time, from one delta to the next: ${said(contradiction.first)}; ${said(contradiction.second)}`;
    case "proveFirstImbalance":
      return `${ledger} begins with a balance other than its first amount: ${said(contradiction.first)}`;
    case "proveHeadImbalance": {
      const { head, source } = contradiction.statement;
      return `a head of ${ledger} has another balance than its last delta: balance ${formatAmount(head.balance)} after ${head.count} (${source}); ${said(contradiction.edge)}`;
    }
    case "proveCheckpointImbalance":
      return `a checkpoint of ${ledger} contradicts a delta: ${window(contradiction.statement)}; ${said(contradiction.contrary)}`;
    case "proveBareCheckpointImbalance":
      return `a checkpoint of ${ledger} contradicts itself: ${window(contradiction.statement)}`;
  }
}

function said({ delta, through }: ProvenDelta, other?: ProvenDelta): string {
  const onlyContent = other && sameNumbers(delta, other.delta) ? ", committing to another content" : "";
  return `delta ${delta.sequence} of ${formatAmount(delta.amount)} to balance ${formatAmount(delta.balance)}, recorded at ${delta.recordedAt}${onlyContent} (${through.source})`;
}

function sameNumbers(a: Delta, b: Delta): boolean {
  return (
    a.amount === b.amount &&
    a.balance === b.balance &&
    BigInt(a.recordedAt) === BigInt(b.recordedAt) &&
    !sameBytes(a.commitment, b.commitment)
  );
}

function window({ checkpoint, source }: CheckpointStatement): string {
  const { firstSequence, count, from, to, openingBalance, closingBalance } = checkpoint;
  return `${count} deltas from ${firstSequence} on in [${from}, ${to}), opening at ${formatAmount(openingBalance)}, closing at ${formatAmount(closingBalance)} (${source})`;
}
