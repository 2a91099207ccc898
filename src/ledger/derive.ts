import { addToBalance } from "../core/amount.ts";
import { latestOf } from "./customers.ts";
import type { Ledger, LedgerStore, Page, StoredDelta } from "./ports.ts";

/** What a ledger's record says. Balances in units of 10^-18. */
export type Derivation = {
  startingBalance: bigint;
  computedBalance: bigint;
  /** The balance over the deltas whose anchor is final. */
  verifiedBalance: bigint;
  deltasCount: number;
  verifiedCount: number;
  pendingCount: number;
  latest: StoredDelta;
  /** Sequences shown on this page. */
  deltas: StoredDelta[];
};

/**
 * Derives the balance of a ledger over its whole history.
 *
 * Every delta carries the running balance, so the cost is that of the page shown, whatever the history's length.
 *
 * @param startingBalance added to every balance, in units of 10^-18.
 * @throws TallyrootError BALANCE_OVERFLOW
 */
export async function derive(store: LedgerStore, ledger: Ledger, { startingBalance, page }: { startingBalance: bigint; page: Page }): Promise<Derivation> {
  const latest = await latestOf(store, ledger);
  const { confirmed } = await store.anchoredCounts(ledger.id);
  const verified = confirmed === 0 ? undefined : await store.delta(ledger, confirmed);
  const deltas = page.offset < latest.sequence ? await store.deltas(ledger, page.offset + 1, Math.min(page.limit, latest.sequence - page.offset)) : [];
  return {
    startingBalance,
    computedBalance: addToBalance(startingBalance, latest.balance),
    verifiedBalance: addToBalance(startingBalance, verified?.balance ?? 0n),
    deltasCount: latest.sequence,
    verifiedCount: confirmed,
    pendingCount: latest.sequence - confirmed,
    latest,
    deltas,
  };
}
