import { ledgerAddress } from "../../../src/core/address.ts";
import { toHex } from "../../../src/core/bytes.ts";
import { TallyrootError } from "../../../src/core/errors.ts";
import { type Doubts, openDoubts } from "../../../src/ledger/doubts.ts";
import type { AnchorChain } from "../../../src/ledger/ports/anchoring.ts";
import type { Ledger } from "../../../src/ledger/ports/ledgers.ts";
import type { Random } from "../random.ts";
import type { Chain } from "./chain.ts";
import type { Model, Tenant } from "./plain-ledger.ts";
import type { Clock, SimulatedRecord } from "./record.ts";

/** The customers of every tenant. */
export const CUSTOMERS = ["a", "b", "c", "d"] as const;

/** One run under way: the product's parts, the model of them, and what the run owns. */
export type Simulation = {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly confirmations: number;
  /** Deltas of one ledger that one head takes in at most; undefined for the product's own limit. */
  readonly mostPerHead: number | undefined;
  record: SimulatedRecord;
  /** What the checkpoint job keeps from round to round: gone with its process. */
  job: Job;
  model: Model;
  /** How often the process was killed. */
  kills: number;
  /** Waits so far, in simulated time. */
  waits: number;
  reorganisations: number;
  /** The command that is under way may end with the process: nothing may be done in between. */
  dying: boolean;
  /** Sends once more what was sent last. */
  resend: (() => Promise<string>) | undefined;
  /** Receipts by fingerprint: their bytes do not change as long as no block is taken back. */
  receipts: Map<string, string>;
  /** A block was taken back, and no round has come to its end since. */
  reorganised: boolean;
  readonly counts: Map<string, number>;
};

/** The checkpoint job of one process. */
export type Job = { chain: AnchorChain; doubts: Doubts };

/** Milliseconds for which the chain has to contradict the record until anchoring halts: longer than any trouble here lasts. */
const HALT_AFTER_MS = 10 * 365 * 86_400_000;

export function openJob({ chain, clock, confirmations }: Pick<Simulation, "chain" | "clock" | "confirmations">): Job {
  return {
    chain: chain.publisher(confirmations),
    doubts: openDoubts({ clock: () => clock.now, haltAfterMs: HALT_AFTER_MS }),
  };
}

/** The product does something else than the model. */
export class MismatchError extends Error {
  override readonly name = "MismatchError";
}

export function count(sim: Simulation, what: string, by = 1): void {
  sim.counts.set(what, (sim.counts.get(what) ?? 0) + by);
}

/** A value as text, whatever is in it. */
export function show(value: unknown): string {
  return (
    JSON.stringify(value, (_, member: unknown) => {
      if (typeof member === "bigint") return `${member}`;
      if (member instanceof Uint8Array) return toHex(member);
      return member instanceof Map ? [...member] : member;
    }) ?? "undefined"
  );
}

/** @throws MismatchError unless both are the same. @returns the text of them. */
export function expectSame(what: string, actual: unknown, expected: unknown): string {
  const [is, should] = [show(actual), show(expected)];
  if (is !== should) throw new MismatchError(`${what}: the product has ${is}, the model ${should}`);
  return is;
}

export function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new MismatchError(what);
}

/** What something comes to: its value, or the code that it was refused with. */
export async function orCode<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return error.code;
  }
}

/** A tenant that has a part in a command: the product's, and the model's. */
export type Side = { index: number; tenant: SimulatedRecord["tenants"][number]; model: Tenant };

export function drawSide(sim: Simulation, random: Random): Side {
  // The first has most of the business.
  const index = random.chance(0.6) ? 0 : random.between(1, sim.record.tenants.length);
  return sideOf(sim, index);
}

export const sideOf = (sim: Simulation, index: number): Side => ({
  index,
  tenant: sim.record.tenants[index]!,
  model: sim.model.tenants[index]!,
});

/** A customer with something on record; undefined while there is none. */
export function drawAccount(side: Side, random: Random): string | undefined {
  const customers = [...side.model.accounts.keys()];
  return customers.length > 0 ? random.oneOf(customers) : undefined;
}

export async function ledgerOf(sim: Simulation, { tenant }: Side, customer: string): Promise<Ledger> {
  const ledger = await sim.record.store.ledger(tenant.id, ledgerAddress(tenant.namespace, customer));
  if (!ledger) throw new MismatchError(`tenant ${tenant.name} has no ledger of ${customer}`);
  return ledger;
}

/** Which customer's a ledger is. */
export function customerOf({ tenant }: Side, ledger: Pick<Ledger, "address">): string {
  const address = toHex(ledger.address);
  return CUSTOMERS.find((name) => toHex(ledgerAddress(tenant.namespace, name)) === address) ?? `nobody at ${address}`;
}

/** Every account of the model, with whose it is. */
export function* accounts(sim: Simulation) {
  for (const index of sim.model.tenants.keys()) {
    const side = sideOf(sim, index);
    for (const [customer, account] of side.model.accounts) yield { side, customer, account };
  }
}

/**
 * Ends the process that had the record open, and opens what it left on disk.
 *
 * @param since where the disk stood when the last thing was answered: what came after may have got there in part.
 */
export async function kill(sim: Simulation, random: Random, since?: number): Promise<void> {
  sim.kills += 1;
  sim.record = await sim.record.killed(random, since);
  sim.job = openJob(sim);
}

export async function restart(sim: Simulation): Promise<void> {
  sim.record = await sim.record.reopened();
  sim.job = openJob(sim);
}
