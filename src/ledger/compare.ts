import { addToBalance } from "../core/amount.ts";
import { type Comparison, comparing, type Divergence, sequenceWithBalance } from "../core/compare.ts";
import type { Dispute, Party, RecordedDelta, RecordedScope, View } from "../core/dispute.ts";
import { invariant, TallyrootError } from "../core/errors.ts";
import type { Contents } from "./contents.ts";
import { latestOf } from "./customers.ts";
import { inSteps, openPause, type Pause } from "./in-steps.ts";
import { DELTAS_PER_READ, lookUp, type NamedEntry, openNames, searchReferences } from "./name-deltas.ts";
import type { LedgerStore, StoredDelta } from "./ports/ledgers.ts";
import type { Scope } from "./scope.ts";

/** The most deltas that one comparison goes through. */
export const MAX_COMPARED_DELTAS = 100_000;

/** What one party says of a scope: its balance, or its entries, or both. Units of 10^-18, counted from the scope's starting balance. */
export type Claim = { party: Party; balance: bigint | undefined; entries: readonly NamedEntry[] | undefined };

/** Where one party stands. `discrepancy` is its balance less the record's: the sum of its disputes' amounts. */
export type Outcome = {
  party: Party;
  balance: bigint;
  discrepancy: bigint;
  /** Of a party that sent a balance alone: after which delta the record stood at it; undefined where it did not. */
  stoodAt?: number | undefined;
  balanceAlone: boolean;
};

export type Compared = {
  computedBalance: bigint;
  deltasCount: number;
  outcomes: readonly Outcome[];
  confirmedCount: number;
  /** Deltas that a balance alone tells nothing about: neither confirmed nor disputed. */
  undecidedCount: number;
  /** The sequences of a page of the confirmed deltas. */
  confirmedPage(offset: number, limit: number): number[];
  /** In sequence order. */
  disputed: readonly Dispute[];
  divergence: Divergence | null;
  /** The deltas that were gone through; references were looked for among these as well. */
  searched: { from: number; to: number };
};

type Parts = { store: LedgerStore; contents: Contents };

/**
 * Compares what one or two parties say with the record of a scope, delta for delta.
 *
 * With entries the whole scope is read, and every delta of it is confirmed or disputed. With balances alone the record is searched
 * from its end for the last delta after which it stood at a claimed balance: what came later, that party has not seen. Where it never
 * stood there, the one dispute is the balance after the last delta, and nothing is confirmed.
 *
 * Others are let in between all along. Memory is bounded by MAX_COMPARED_DELTAS.
 *
 * @throws TallyrootError SCOPE_TOO_WIDE for entries over more deltas than that; BALANCE_OVERFLOW; CONTENT_ERASED
 */
export async function compare({ store, contents }: Parts, scope: Scope, claims: readonly Claim[]): Promise<Compared> {
  const { first, last, startingBalance, openingBalance, closingBalance } = scope;
  const computedBalance = addToBalance(startingBalance, closingBalance - openingBalance);
  const pause = openPause();
  const deltasCount = last - first + 1;
  const { recorded, views, searched } = claims.some(({ entries }) => entries)
    ? await viewsOfEntries({ store, contents, pause }, scope, claims)
    : await viewsOfBalances({ store, pause }, scope, claims);
  const comparison = await inSteps(
    comparing(
      recorded,
      views.map(({ view }) => view),
    ),
  );
  invariant(comparison.closingBalance === computedBalance, "the compared deltas lead to the computed balance");

  // What lies before the deltas that a balance was found among is as it was when the record stood there.
  const before = recorded.firstSequence - first;
  const decided =
    claims.length > 0 && views.every(({ claim, stoodAt }) => claim.entries !== undefined || stoodAt !== undefined);
  const confirmedCount = decided ? before + comparison.confirmed.length : 0;
  return {
    computedBalance,
    deltasCount,
    outcomes: comparison.views.map(({ party, closingBalance: balance, gap }, i): Outcome => {
      const { claim, stoodAt } = views[i]!;
      return { party, balance, discrepancy: gap, stoodAt, balanceAlone: claim.entries === undefined };
    }),
    confirmedCount,
    undecidedCount:
      claims.length === 0 ? deltasCount : deltasCount - confirmedCount - disputedDeltas(comparison, recorded),
    confirmedPage: (offset, limit) =>
      pageOf(comparison.confirmed, { first, before, count: confirmedCount }, offset, limit),
    disputed: comparison.disputed,
    divergence: comparison.divergence,
    searched,
  };
}

type ClaimedView = { claim: Claim; view: View; stoodAt: number | undefined };
type Prepared = { recorded: RecordedScope; views: ClaimedView[]; searched: { from: number; to: number } };

async function viewsOfEntries(
  { store, contents, pause }: Parts & { pause: Pause },
  scope: Scope,
  claims: readonly Claim[],
): Promise<Prepared> {
  const { ledger, first, last, startingBalance } = scope;
  if (last - first + 1 > MAX_COMPARED_DELTAS) {
    throw new TallyrootError(
      "SCOPE_TOO_WIDE",
      `entries are compared over at most ${MAX_COMPARED_DELTAS} deltas, this scope has ${last - first + 1}: narrow it, or find the point first with POST /api/v1/balance/compare/heads`,
      {
        maxComparedDeltas: MAX_COMPARED_DELTAS,
        deltasCount: last - first + 1,
      },
    );
  }
  const count = (await latestOf(store, ledger)).sequence;
  const names = openNames({ store, contents }, ledger, count, namedIn(claims));
  const deltas: RecordedDelta[] = [];
  for (let from = first; from <= last; from += DELTAS_PER_READ) {
    for (const delta of await store.deltas(ledger, from, Math.min(DELTAS_PER_READ, last - from + 1))) {
      await names.take(delta);
      deltas.push(inFrameOf(scope, delta));
    }
    await pause();
  }
  const recorded = { firstSequence: first, openingBalance: startingBalance, deltas };
  const place = { ledger, first, last, count };
  const searched = await searchReferences(
    { store, contents, pause },
    names,
    place,
    MAX_COMPARED_DELTAS - deltas.length,
  );
  const views: ClaimedView[] = [];
  for (const claim of claims) {
    const { party, balance, entries } = claim;
    if (entries) {
      const view = { party, entries: await lookUp({ store, pause }, names, place, entries), closingBalance: balance };
      views.push({ claim, view, stoodAt: undefined });
    } else {
      const stoodAt = sequenceWithBalance(recorded, balance!);
      views.push({ claim, view: viewOfBalance(recorded, claim, stoodAt), stoodAt });
    }
  }
  return { recorded, views, searched };
}

/** Reads the scope from its end until the record stood at every claimed balance, or as far as is allowed. */
async function viewsOfBalances(
  { store, pause }: { store: LedgerStore; pause: Pause },
  scope: Scope,
  claims: readonly Claim[],
): Promise<Prepared> {
  const { ledger, first, last, startingBalance, openingBalance, closingBalance } = scope;
  const pages: RecordedDelta[][] = [];
  const stood = new Map<Claim, number>();
  let from = last + 1;
  let opening = startingBalance + closingBalance - openingBalance;
  const lookFor = (page: RecordedScope) => {
    for (const claim of claims) {
      const sequence = stood.has(claim) ? undefined : sequenceWithBalance(page, claim.balance!);
      if (sequence !== undefined) stood.set(claim, sequence);
    }
  };
  lookFor({ firstSequence: from, openingBalance: opening, deltas: [] });
  while (stood.size < claims.length && from > first && last - from + 1 < MAX_COMPARED_DELTAS) {
    const limit = Math.min(DELTAS_PER_READ, from - first, MAX_COMPARED_DELTAS - (last - from + 1));
    const page = (await store.deltas(ledger, from - limit, limit)).map((delta) => inFrameOf(scope, delta));
    from -= limit;
    opening = page[0]!.balance - page[0]!.amount;
    lookFor({ firstSequence: from, openingBalance: opening, deltas: page });
    pages.push(page);
    await pause();
  }
  const recorded = { firstSequence: from, openingBalance: opening, deltas: pages.reverse().flat() };
  const views = claims.map((claim) => ({
    claim,
    view: viewOfBalance(recorded, claim, stood.get(claim)),
    stoodAt: stood.get(claim),
  }));
  return { recorded, views, searched: { from, to: last } };
}

/** The view of a party that has seen every delta up to one, or whose balance follows from no delta. */
function viewOfBalance(
  { firstSequence, deltas }: RecordedScope,
  { party, balance }: Claim,
  stoodAt: number | undefined,
): View {
  const seen = stoodAt === undefined ? deltas : deltas.slice(0, stoodAt - firstSequence + 1);
  return { party, entries: seen.map(({ sequence }) => ({ sequence })), closingBalance: balance };
}

/** A delta with its balance counted from the scope's starting balance. */
function inFrameOf(
  { startingBalance, openingBalance }: Scope,
  { sequence, amount, balance }: StoredDelta,
): RecordedDelta {
  return { sequence, amount, balance: balance - openingBalance + startingBalance };
}

function* namedIn(claims: readonly Claim[]): Generator<NamedEntry> {
  for (const { entries } of claims) yield* entries ?? [];
}

function disputedDeltas({ confirmed }: Comparison, { deltas }: RecordedScope): number {
  return deltas.length - confirmed.length;
}

function pageOf(
  confirmed: readonly RecordedDelta[],
  { first, before, count }: { first: number; before: number; count: number },
  offset: number,
  limit: number,
): number[] {
  const length = Math.max(0, Math.min(limit, count - offset));
  return Array.from({ length }, (_, i) =>
    offset + i < before ? first + offset + i : confirmed[offset + i - before]!.sequence,
  );
}

/** Recorded deltas by sequence, read in runs. Those that are not on record are left out. */
export async function deltasAt(
  store: LedgerStore,
  ledger: Scope["ledger"],
  sequences: readonly number[],
): Promise<Map<number, StoredDelta>> {
  const pause = openPause();
  const wanted = [...new Set(sequences)].sort((a, b) => a - b);
  const found = new Map<number, StoredDelta>();
  for (let i = 0; i < wanted.length; ) {
    let length = 1;
    while (length < DELTAS_PER_READ && wanted[i + length] === wanted[i]! + length) length += 1;
    for (const delta of await store.deltas(ledger, wanted[i]!, length)) found.set(delta.sequence, delta);
    i += length;
    await pause();
  }
  return found;
}
