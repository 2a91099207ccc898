import { setTimeout as sleep } from "node:timers/promises";
import { TallyrootError } from "../../core/errors.ts";
import { type Lease, LeaseLostError, type Leases } from "./leases.ts";

/** Milliseconds that a leader may not be heard of until another takes over. */
const LEASE_MS = 15_000;
/** How often it is heard of in that time, and how often the others look. */
const RENEWALS = 3;
/** Milliseconds that others may take with what a start has to wait for, and between two looks whether they are done. */
const STARTING_MS = 60_000;
const LOOK_AGAIN_MS = 100;

export type LeadParts = {
  leases: Leases;
  /** What is led. */
  name: string;
  /** Who this is, for those who look into the table. */
  holder: string;
  /** How `holder` began in an earlier life of this node that is over: it need not wait for what it had itself. */
  earlier?: string;
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
  { leases, name, holder, earlier, signal, standby, leaseMs = LEASE_MS }: LeadParts,
  work: (lease: Lease, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  // Two that took themselves for each other, as a server and a copy of its directory, would take the lease from one another for ever.
  let ours = earlier;
  while (!signal.aborted) {
    const lease = await orTrouble(leases.take(name, holder, leaseMs, ours));
    if (!(lease instanceof TallyrootError)) ours = undefined;
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

/** Does some work while no other node does such work. @throws TallyrootError SERVICE_UNAVAILABLE when others take too long. */
export type Alone = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * What only one of several nodes may do at a time, at its start. It may take as long as it takes: the lease is renewed meanwhile. One that
 * was killed in the middle holds up others only until it is not heard of for as long as a leader.
 *
 * @param node the node's name, where it has one: what it began in an earlier life, and was killed in, it does not wait for.
 */
export function openAlone({
  leases,
  node,
  leaseMs = LEASE_MS,
}: {
  leases: Leases;
  node: string | undefined;
  leaseMs?: number;
}): Alone {
  let earlier = node;
  return async (work) => {
    for (const end = performance.now() + STARTING_MS; performance.now() < end; await sleep(LOOK_AGAIN_MS)) {
      const lease = await leases.take("starting", node ?? "", leaseMs, earlier);
      // From now on, who has this name is this life.
      earlier = undefined;
      if (!lease) continue;
      const done = new AbortController();
      const kept = keep(leases, lease, { leaseMs, signal: done.signal });
      try {
        return await work();
      } finally {
        done.abort();
        await kept;
        await orTrouble(leases.leave(lease));
      }
    }
    throw new TallyrootError("SERVICE_UNAVAILABLE", "other nodes have been starting for too long: try again");
  };
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
