import { formatAmount, parseAmount } from "../../core/amount.ts";
import type { DerivationView } from "../../sdk/answers.ts";

/** What a period says, exactly: amounts as text. */
export type Figures = {
  deltas: number;
  verified: number;
  pending: number;
  /** The ledger's balance before the period's first delta, and after its last. */
  opening: string;
  closing: string;
  netChange: string;
  /** The sequence of the period's first delta; undefined where it has none. */
  firstSequence: number | undefined;
};

/**
 * The figures of a derivation that starts from nothing and shows the period's first delta: the balance before that delta is where the
 * period begins. Of a period without deltas, only its change is known, which is none.
 */
export function figuresOf({
  deltas,
  deltasCount,
  verifiedCount,
  pendingCount,
  computedBalanceExact,
}: DerivationView): Figures {
  const [first] = deltas;
  const opening = first ? parseAmount(first.balanceExact) - parseAmount(first.deltaExact) : 0n;
  return {
    deltas: deltasCount,
    verified: verifiedCount,
    pending: pendingCount,
    opening: formatAmount(opening),
    closing: formatAmount(opening + parseAmount(computedBalanceExact)),
    netChange: computedBalanceExact,
    firstSequence: first?.sequence,
  };
}
