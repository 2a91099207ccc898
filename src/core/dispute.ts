import { findingOutside } from "./longest-increasing.ts";
import { STEP, type Steps } from "./steps.ts";

/** Whose view it is: the caller's or its counterparty's. */
export type Party = "yours" | "theirs";

/** One delta as the record has it. Amounts in units of 10^-18; `balance` is the running balance after it. */
export type RecordedDelta = { readonly sequence: number; readonly amount: bigint; readonly balance: bigint };

/** What is compared: contiguous deltas of one ledger from `firstSequence` on, and the balance before the first of them. */
export type RecordedScope<D extends RecordedDelta = RecordedDelta> = {
  readonly firstSequence: number;
  readonly openingBalance: bigint;
  readonly deltas: readonly D[];
};

/** One line of a party's view, its identifier already looked up. Amounts in units of 10^-18. */
export type Entry = {
  /** Undefined when the record does not know the identifier. */
  readonly sequence?: number | undefined;
  readonly delta?: bigint | undefined;
  /** The party's running balance after this line. */
  readonly balance?: bigint | undefined;
  /** The recorded amount, where the sequence is on record outside the scope. */
  readonly recordedAmount?: bigint | undefined;
};

/** What one party says happened in the scope, in the order in which it was sent. */
export type View = {
  readonly party: Party;
  readonly entries: readonly Entry[];
  /** The balance that the party says it has in the end, where it says so apart from its entries. Units of 10^-18. */
  readonly closingBalance?: bigint | undefined;
};

export type DisputeKind =
  | "MISSING"
  | "EXTRA"
  | "DIFFERENT_AMOUNT"
  | "DIFFERENT_BALANCE"
  | "DUPLICATE"
  | "REORDERED"
  | "NOT_ON_RECORD";

/** One disagreement. `amount` is what it adds to (view - record), in units of 10^-18. */
export type Dispute = {
  readonly kind: DisputeKind;
  readonly party: Party;
  /** Absent only for NOT_ON_RECORD, and where a closing balance differs over an empty scope. */
  readonly sequence?: number;
  /** Where it stands in the record: its sequence, or the known sequence that was sent before an unknown identifier. */
  readonly position: number;
  /** The index of the entry in the view. Absent for MISSING, and for the closing balance. */
  readonly entry?: number;
  readonly amount: bigint;
};

/** A dispute whose amount a later balance may still settle. */
type Draft = Omit<Dispute, "amount"> & { amount: bigint };

/** Where the walk through a view stands. Balances in units of 10^-18. */
type Walk = {
  readonly disputes: Draft[];
  /** The balance that the view implies so far. */
  balance: bigint;
  /** What the last stated balance was above the implied one: not 0 only where the deltas were left to decide. */
  lag: bigint;
  /** What the last stated balance was above the record's. */
  difference: bigint;
  /** What the record has by now more than the view because of entries out of order. */
  shift: bigint;
  /** MISSING and EXTRA since the last stated balance, of which the next one may tell whether it counts them. */
  open: Draft[];
  /** The sum of their amounts. */
  openAmount: bigint;
};

/**
 * Every dispute of one view in the order of its walk, and the balance at which the view ends, in O(n log n).
 *
 * The view is walked once, beside the balance it implies: an entry moves it by the delta it states, or by the recorded amount
 * where it states none, and what a stated balance adds to that is a dispute of its own. So the balance at the end less the
 * record's is the sum of the amounts, whatever was sent.
 *
 * @see compareViews for the meaning of each kind
 */
export function* findingDisputes(
  scope: RecordedScope,
  { party, entries, closingBalance }: View,
): Steps<{ disputes: Dispute[]; closing: bigint }> {
  const { firstSequence, deltas } = scope;
  const firstMentions = yield* findingFirstMentions(scope, entries);
  const displaced = yield* findingOutside([...firstMentions.keys()]);
  const walk: Walk = {
    disputes: [],
    balance: scope.openingBalance,
    lag: 0n,
    difference: 0n,
    shift: 0n,
    open: [],
    openAmount: 0n,
  };
  let position = firstSequence - 1;
  let next = firstSequence;

  const dispute = (dispute: Omit<Draft, "party">): Draft => {
    const draft = { party, ...dispute };
    walk.disputes.push(draft);
    return draft;
  };
  const leaveOpen = (draft: Draft) => {
    walk.open.push(draft);
    walk.openAmount += draft.amount;
  };
  const statedBy = ({ delta }: Entry, recorded: RecordedDelta) => delta ?? recorded.amount;
  const passUnsent = function* (until: number): Steps<void> {
    for (; next < until; next++) {
      if (next % STEP === 0) yield;
      const mention = firstMentions.get(next);
      if (displaced.has(next)) walk.shift += statedBy(entries[mention!]!, deltas[next - firstSequence]!);
      if (mention !== undefined) continue;
      const amount = -deltas[next - firstSequence]!.amount;
      leaveOpen(dispute({ kind: "MISSING", sequence: next, position: next, amount }));
    }
  };

  for (const [i, entry] of entries.entries()) {
    if (i % STEP === 0) yield;
    const { sequence, delta } = entry;
    const implied = entry.balance === undefined ? undefined : entry.balance - walk.balance - walk.lag;
    if (sequence === undefined) {
      walk.balance += dispute({ kind: "NOT_ON_RECORD", position, entry: i, amount: delta ?? implied ?? 0n }).amount;
      continue;
    }
    position = sequence;
    const at = { sequence, position, entry: i };
    const recorded = deltas[sequence - firstSequence];
    if (!recorded) {
      const extra = dispute({ kind: "EXTRA", ...at, amount: delta ?? entry.recordedAmount ?? implied ?? 0n });
      walk.balance += extra.amount;
      leaveOpen(extra);
      continue;
    }
    if (firstMentions.get(sequence) !== i) {
      walk.balance += dispute({ kind: "DUPLICATE", ...at, amount: delta ?? implied ?? recorded.amount }).amount;
      continue;
    }
    const ordered = !displaced.has(sequence);
    const stated = statedBy(entry, recorded);
    if (ordered) yield* passUnsent(sequence);
    else {
      dispute({ kind: "REORDERED", ...at, amount: 0n });
      walk.shift -= stated;
    }
    if (stated !== recorded.amount) dispute({ kind: "DIFFERENT_AMOUNT", ...at, amount: stated - recorded.amount });
    walk.balance += stated;
    // A balance that was sent out of order stands after other deltas than the record's: there is nothing to hold it against.
    if (entry.balance === undefined || !ordered) continue;
    const step = stepOfBalance(walk, recorded, entry.balance, delta !== undefined);
    if (step !== 0n) dispute({ kind: "DIFFERENT_BALANCE", ...at, amount: step });
  }
  yield* passUnsent(firstSequence + deltas.length);
  if (closingBalance !== undefined && closingBalance !== walk.balance) {
    const last = firstSequence + deltas.length - 1;
    const at = { ...(deltas.length > 0 && { sequence: last }), position: last };
    walk.balance += dispute({ kind: "DIFFERENT_BALANCE", ...at, amount: closingBalance - walk.balance }).amount;
  }
  return { disputes: walk.disputes, closing: walk.balance };
}

/**
 * What a stated balance adds to the implied one, beyond what the disputes before it explain; 0 where it adds nothing.
 *
 * An entry that states its balance alone may count deltas that it does not name: the missing and extra ones since the last
 * stated balance are taken as counted where that leaves less unexplained, and then amount to 0. An entry that states its delta
 * too contradicts itself instead: as long as its balances move as the record's do, the deltas decide.
 */
function stepOfBalance(walk: Walk, recorded: RecordedDelta, stated: bigint, statesDelta: boolean): bigint {
  const difference = stated - recorded.balance;
  let step = stated - walk.balance - walk.lag;
  // Beside entries out of order, a balance may be kept in the order of the view or in that of the record.
  const shift = magnitude(step - walk.shift) < magnitude(step) ? walk.shift : 0n;
  step -= shift;
  if (step !== 0n && statesDelta && difference === walk.difference) step = 0n;
  if (step !== 0n && !statesDelta) {
    const counted = -walk.openAmount;
    if (magnitude(step - counted) < magnitude(step)) {
      for (const draft of walk.open) draft.amount = 0n;
      walk.balance += counted;
      step -= counted;
    }
  }
  walk.balance += step;
  walk.lag = stated - walk.balance - shift;
  walk.difference = difference;
  walk.open = [];
  walk.openAmount = 0n;
  return step;
}

function magnitude(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}

/** The index of the entry that is the first to name a sequence of the scope, in the order of the view. */
function* findingFirstMentions(
  { firstSequence, deltas }: RecordedScope,
  entries: readonly Entry[],
): Steps<Map<number, number>> {
  const mentions = new Map<number, number>();
  for (const [i, { sequence }] of entries.entries()) {
    if (i % STEP === 0) yield;
    if (sequence === undefined || !deltas[sequence - firstSequence]) continue;
    if (!mentions.has(sequence)) mentions.set(sequence, i);
  }
  return mentions;
}
