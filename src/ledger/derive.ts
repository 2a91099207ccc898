import { addToBalance } from "../core/amount.ts";
import { TallyrootError } from "../core/errors.ts";
import { bucketCount, buckets, type Granularity } from "./calendar.ts";
import { openPause } from "./in-steps.ts";
import type { LedgerStore, Page, StoredDelta } from "./ports/ledgers.ts";
import { balanceAfter, type Scope } from "./scope.ts";

/** The most buckets that one breakdown has. */
export const MAX_BUCKETS = 1_000;

/** What a ledger's record says of a scope. Balances in units of 10^-18. */
export type Derivation = {
  computedBalance: bigint;
  /** The same over those deltas of the scope whose anchor is final. */
  verifiedBalance: bigint;
  deltasCount: number;
  verifiedCount: number;
  pendingCount: number;
  /** The last delta of the scope. */
  latest: StoredDelta | undefined;
  /** The deltas of the page. */
  deltas: StoredDelta[];
};

/**
 * Derives the balance of a scope: what the caller starts from, and what the scope's deltas change.
 *
 * Every delta carries the running balance, so the cost is that of the page shown, whatever the history's length.
 *
 * @throws TallyrootError BALANCE_OVERFLOW
 */
export async function derive(store: LedgerStore, scope: Scope, page: Page): Promise<Derivation> {
  const { ledger, first, last, openingBalance, closingBalance, startingBalance, latest } = scope;
  const { confirmed } = await store.anchoredCounts(ledger.id);
  const verifiedLast = Math.max(first - 1, Math.min(last, confirmed));
  const verifiedBalance = async () => {
    if (verifiedLast < first) return openingBalance;
    return verifiedLast === last ? closingBalance : await balanceAfter(store, ledger, verifiedLast);
  };
  const verified = await verifiedBalance();
  const deltasCount = last - first + 1;
  const limit = Math.min(page.limit, deltasCount - page.offset);
  return {
    computedBalance: addToBalance(startingBalance, closingBalance - openingBalance),
    verifiedBalance: addToBalance(startingBalance, verified - openingBalance),
    deltasCount,
    verifiedCount: verifiedLast - first + 1,
    pendingCount: last - verifiedLast,
    latest,
    deltas: limit > 0 ? await store.deltas(ledger, first + page.offset, limit) : [],
  };
}

/** What one stretch of time changed. Times in Unix milliseconds, `to` not included. */
export type Bucket = { from: number; to: number; netChange: bigint; deltasCount: number };

/**
 * The changes of a scope by UTC day, week (from Monday) or month: two bisections for each bucket.
 *
 * @throws TallyrootError SCOPE_TOO_WIDE for more than 1,000 buckets.
 */
export async function breakDown(store: LedgerStore, scope: Scope, granularity: Granularity): Promise<Bucket[]> {
  if (bucketCount(scope.window, granularity) > MAX_BUCKETS) {
    throw new TallyrootError(
      "SCOPE_TOO_WIDE",
      `a breakdown has at most ${MAX_BUCKETS} entries: use a coarser granularity or a narrower scope`,
      { maxBuckets: MAX_BUCKETS },
    );
  }
  const found: Bucket[] = [];
  let [through, balance] = [scope.first - 1, scope.openingBalance];
  const pause = openPause();
  for (const { from, to } of buckets(scope.window, granularity)) {
    await pause();
    const until = Math.max(through, Math.min(scope.last, await store.countBefore(scope.ledger, to)));
    const after = until === through ? balance : await balanceAfter(store, scope.ledger, until);
    found.push({ from, to, netChange: after - balance, deltasCount: until - through });
    [through, balance] = [until, after];
  }
  return found;
}
