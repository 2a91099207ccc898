import { setTimeout as sleep } from "node:timers/promises";
import { TallyrootError } from "../../core/errors.ts";
import { type Lease, LeaseLostError, type Leases } from "./leases.ts";

/** Milliseconds that a leader may not be heard of until another takes over. */
const LEASE_MS = 15_000;
/** How often it is heard of in that time, and how often the others look. */
const RENEWALS = 3;

export type LeadParts = {
  leases: Leases;
  /** What is led. */
  name: string;
  /** Who this is, for those who look into the table. */
  holder: string;
  /** Ends it all. */
  signal: AbortSignal;
  /** Told when another node has the lease, and when the database does not answer. */
  standby: (reason: TallyrootError | undefined) => void;
  /** `LEASE_MS` unless a drill needs less. */
  leaseMs?: number;
};

/**
 * Does some work as the only one of all nodes, whenever it is this one's turn; until the signal ends it.
 *
 * That the work has stopped when another node begins is not relied upon: what it writes is refused from then on (see `holdLease`).
 *
 * @param work is begun with the lease, and ended by its signal when that is lost; when it returns by itself, the node goes on leading
 *   without doing anything, so that no other does it over.
 */
export async function lead(
  { leases, name, holder, signal, standby, leaseMs = LEASE_MS }: LeadParts,
  work: (lease: Lease, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const lease = await orTrouble(leases.take(name, holder, leaseMs));
    if (lease === undefined || lease instanceof TallyrootError) {
      standby(lease);
      await pause(leaseMs / RENEWALS, signal);
      continue;
    }
    const lost = new AbortController();
    const ending = AbortSignal.any([signal, lost.signal]);
    const kept = keep(leases, lease, { leaseMs, signal: ending }).finally(() => lost.abort());
    try {
      await work(lease, ending);
      await kept;
    } catch (error) {
      // Somebody else goes on where this was: everything that was begun is stored.
      if (!(error instanceof LeaseLostError) && !ending.aborted) throw error;
    } finally {
      lost.abort();
      await kept;
      await orTrouble(leases.leave(lease));
    }
  }
}

/** Renews a lease until it is lost, or cannot be renewed in time. */
async function keep(
  leases: Leases,
  lease: Lease,
  { leaseMs, signal }: { leaseMs: number; signal: AbortSignal },
): Promise<void> {
  for (let until = performance.now() + leaseMs; performance.now() < until; ) {
    await pause(leaseMs / RENEWALS, signal);
    if (signal.aborted) return;
    const asked = performance.now();
    // An answer that comes after the lease has run out is none.
    const late = pause(Math.max(until - asked, 1), signal, false);
    const kept = await Promise.race([orTrouble(leases.renew(lease, leaseMs)), late]);
    if (kept === false) return;
    if (kept === true) until = asked + leaseMs;
  }
}

/** A database that does not answer is a reason to wait, not to end. */
async function orTrouble<T>(promise: Promise<T>): Promise<T | TallyrootError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof TallyrootError) return error;
    throw error;
  }
}

async function pause(milliseconds: number, signal: AbortSignal, ref = true): Promise<void> {
  await sleep(milliseconds, undefined, { signal, ref }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
