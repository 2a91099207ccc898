import {
  type Dispute,
  findingDisputes,
  type Party,
  type RecordedDelta,
  type RecordedScope,
  type View,
} from "./dispute.ts";
import { invariant } from "./errors.ts";
import { atOnce, STEP, type Steps, sorting } from "./steps.ts";

/** The first dispute in sequence order, and the record's balance on either side of it, in units of 10^-18. */
export type Divergence = {
  /** For an identifier that is not on record: the known sequence after which it was sent. */
  readonly sequence: number;
  readonly kind: Dispute["kind"];
  readonly party: Party;
  readonly amount: bigint;
  readonly balanceBefore: bigint;
  readonly balanceAfter: bigint;
};

/** Where one view ends, and how far that is from the record: `gap` is the sum of its disputes' amounts. */
export type ViewOutcome = { readonly party: Party; readonly closingBalance: bigint; readonly gap: bigint };

export type Comparison<D extends RecordedDelta = RecordedDelta> = {
  readonly closingBalance: bigint;
  readonly views: readonly ViewOutcome[];
  /** The recorded deltas on which all views that were sent agree, in sequence order. */
  readonly confirmed: readonly D[];
  /** In sequence order. One recorded delta may have several. */
  readonly disputed: readonly Dispute[];
  readonly divergence: Divergence | null;
};

/**
 * Compares what one or two parties say with the record: delta for delta, exactly.
 *
 * Every recorded delta of the scope is confirmed or disputed. An amount is what the dispute adds to (view - record), so that
 * the amounts of one party add up to its gap:
 *
 * - MISSING: recorded, and not named by the view (minus the recorded amount; 0 where the next balance, sent without deltas, counts it).
 * - NOT_ON_RECORD: an identifier that the record does not know (plus what the entry states).
 * - EXTRA: on record, but outside the compared scope (plus its delta; 0 where a balance shows that it is not counted).
 * - DUPLICATE: the second and later mentions of one sequence (plus the delta, or what its balance adds).
 * - DIFFERENT_AMOUNT: the stated delta is not the recorded one (the difference).
 * - DIFFERENT_BALANCE: the balance makes a step that neither the record nor the disputes before explain (that step). Entries that
 *   inherit an earlier difference are not disputed again; one that settles it is, with the opposite amount. At the last recorded
 *   delta also: the closing balance that the party states is not where its entries lead (the rest).
 * - REORDERED: the entry is among the fewest without which the view is in sequence order (0).
 *
 * An entry that states neither delta nor balance agrees to what is recorded. Without any view, nothing is confirmed.
 * Costs O(n log n) in the number of deltas and entries.
 *
 * @see dispute.ts for how stated deltas and balances are weighed against each other
 */
export function compareViews<D extends RecordedDelta>(scope: RecordedScope<D>, views: readonly View[]): Comparison<D> {
  return atOnce(comparing(scope, views));
}

/** The same in steps. */
export function* comparing<D extends RecordedDelta>(
  scope: RecordedScope<D>,
  views: readonly View[],
): Steps<Comparison<D>> {
  const closingBalance = yield* addingUp(scope);
  const found: Dispute[] = [];
  const unsettled = new Set<number | undefined>();
  const outcomes: ViewOutcome[] = [];
  for (const view of views) {
    const { disputes, closing } = yield* findingDisputes(scope, view);
    const gap = closing - closingBalance;
    let explained = 0n;
    for (const [i, dispute] of disputes.entries()) {
      if (i % STEP === 0) yield;
      explained += dispute.amount;
      unsettled.add(dispute.sequence);
      found.push(dispute);
    }
    invariant(explained === gap, "the amounts of the disputes add up to the gap");
    outcomes.push({ party: view.party, closingBalance: closing, gap });
  }
  const disputed = yield* sorting(found, inSequenceOrder);
  const confirmed: D[] = [];
  for (const [i, delta] of views.length === 0 ? [] : scope.deltas.entries()) {
    if (i % STEP === 0) yield;
    if (!unsettled.has(delta.sequence)) confirmed.push(delta);
  }
  return {
    closingBalance,
    views: outcomes,
    confirmed,
    disputed,
    divergence: disputed[0] ? divergenceAt(scope, disputed[0]) : null,
  };
}

/**
 * Where the record last stood at a balance that a party claims; undefined when it never did within the scope.
 *
 * @param claimed units of 10^-18.
 * @returns a sequence, or `firstSequence - 1` for the opening balance. What was recorded after it, that party has not seen.
 */
export function sequenceWithBalance(scope: RecordedScope, claimed: bigint): number | undefined {
  const delta = scope.deltas.findLast(({ balance }) => balance === claimed);
  if (delta) return delta.sequence;
  return scope.openingBalance === claimed ? scope.firstSequence - 1 : undefined;
}

/** The balance after the scope. The record is ours: a hole or a wrong sum in it is a bug, not a dispute. */
function* addingUp({ firstSequence, openingBalance, deltas }: RecordedScope): Steps<bigint> {
  let balance = openingBalance;
  for (const [i, delta] of deltas.entries()) {
    if (i % STEP === 0) yield;
    balance += delta.amount;
    invariant(delta.sequence === firstSequence + i, "the recorded sequences have no holes");
    invariant(delta.balance === balance, "the recorded balances add up");
  }
  return balance;
}

/** An identifier that is not on record comes after what is said about the delta that it follows. */
function inSequenceOrder(a: Dispute, b: Dispute): number {
  return a.position - b.position || Number(a.kind === "NOT_ON_RECORD") - Number(b.kind === "NOT_ON_RECORD");
}

function divergenceAt(scope: RecordedScope, { kind, party, position, amount }: Dispute): Divergence {
  const index = position - scope.firstSequence;
  const balanceAfter = balanceAt(scope, index);
  const balanceBefore = kind === "NOT_ON_RECORD" ? balanceAfter : balanceAt(scope, index - 1);
  return { sequence: position, kind, party, amount, balanceBefore, balanceAfter };
}

/** The record's balance after the delta at an index; before the scope its opening balance, after it the closing one. */
function balanceAt({ openingBalance, deltas }: RecordedScope, index: number): bigint {
  if (index < 0) return openingBalance;
  return (deltas[index] ?? deltas.at(-1))?.balance ?? openingBalance;
}
