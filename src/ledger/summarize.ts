import { setImmediate as nextTurn } from "node:timers/promises";
import type { Tenant } from "./ports/ledgers.ts";
import type { LedgerStanding, SurveyStore } from "./ports/survey.ts";

/** Ledgers looked at in one turn of the event loop: a millisecond or so, while their pages are in memory. */
const STEP = 250;
/** Milliseconds back from now within which a delta makes its customer active. */
export const ACTIVE_MS = 30 * 86_400_000;
/** A summary that took longer than this many milliseconds is given again for this many times as long as it took. */
const SHORT_MS = 25;
const REST = 9;

/** All customers of a tenant in one sum. Balance in units of 10^-18. */
export type Summary = {
  customers: number;
  activeCustomers: number;
  totalDeltas: number;
  verifiedDeltas: number;
  netBalance: bigint;
};

/** Makes summaries, see `openSummaries`. */
export type Summaries = (tenant: Tenant) => Promise<Summary>;

/**
 * Sums up a tenant's customers from their ledgers' last rows: nothing is counted while recording.
 *
 * It goes through the ledgers in short steps, between which recording goes on, so a summary of very many customers is of no one instant.
 * Requests at the same time share one. What took long to make (tens of thousands of customers; 100,000 took 0.15 s) is given again for nine times as long, so that it
 * takes a tenth of the thread at most, however often it is asked for; below that, every answer is fresh.
 *
 * @param clock Unix milliseconds.
 */
export function openSummaries(store: SurveyStore, clock: () => number): Summaries {
  const known = new Map<number, { until: number; summary: Promise<Summary> }>();
  return async (tenant) => {
    const earlier = known.get(tenant.id);
    if (earlier && performance.now() < earlier.until) return earlier.summary;
    const began = performance.now();
    const entry = { until: Number.POSITIVE_INFINITY, summary: sumUp(store, tenant, clock() - ACTIVE_MS) };
    known.set(tenant.id, entry);
    try {
      await entry.summary;
      const ended = performance.now();
      const took = ended - began;
      entry.until = took < SHORT_MS ? ended : ended + REST * took;
    } catch (error) {
      known.delete(tenant.id);
      throw error;
    }
    return entry.summary;
  };
}

async function sumUp(store: SurveyStore, tenant: Tenant, activeSince: number): Promise<Summary> {
  const sum: Summary = { customers: 0, activeCustomers: 0, totalDeltas: 0, verifiedDeltas: 0, netBalance: 0n };
  for (let after = 0; ; ) {
    const standings = await store.ledgerStandings(tenant.id, after, STEP);
    for (const standing of standings) add(sum, standing, activeSince);
    if (standings.length < STEP) return sum;
    after = standings.at(-1)!.ledgerId;
    await nextTurn();
  }
}

function add(sum: Summary, { count, balance, lastDeltaAt, confirmed }: LedgerStanding, activeSince: number): void {
  sum.customers += 1;
  sum.totalDeltas += count;
  sum.verifiedDeltas += Math.min(count, confirmed);
  sum.netBalance += balance;
  if (lastDeltaAt >= activeSince) sum.activeCustomers += 1;
}
