import { ledgerAddress } from "../../core/address.ts";
import type { RecordOutcome, RecordRequest, RecordUnit } from "../../ledger/ports/ledgers.ts";
import { mapKey } from "../draft.ts";
import { busy, MOST_WAITING, stopping } from "../writer-refusals.ts";
import { type AddressedUnit, type RecordParts, recordGroup, type UnitCame } from "./record-group.ts";

/** Requests that one commit takes at most, so that no commit takes long. An atomic unit is never split. */
const GROUP = 1_000;
/** Commits under way at once: the next is composed while one waits for the database. */
const LANES = 2;
/** The same of those that wait for ledgers which other nodes hold: they wait in the database, and nobody else does. */
const WAITING_LANES = 2;
/** Units that are looked at to make up a commit. */
const MOST_LOOKED_AT = 5_000;

type WaitingUnit = AddressedUnit & {
  /** The same addresses as keys of a Map. */
  names: readonly string[];
  resolve(outcomes: RecordOutcome[]): void;
  reject(error: unknown): void;
};

export type PostgresWriter = {
  record(requests: readonly RecordRequest[], atomic: boolean, unit?: RecordUnit): Promise<RecordOutcome[]>;
  /** Records what waits, and nothing that comes later. */
  close(): Promise<void>;
};

/**
 * Records in groups: what arrives while a commit is under way shares the next one.
 *
 * No two commits of this node are in one ledger at once, so they never wait for each other. A ledger that another node holds is left out
 * at first; units that need it go on by themselves, and wait. So one hot ledger slows down nobody but those who record in it.
 */
export function openWriter(parts: RecordParts): PostgresWriter {
  const queue: WaitingUnit[] = [];
  /** Units that met another node, in their order. */
  const held: WaitingUnit[] = [];
  /** Ledgers in commits that are under way. */
  const underWay = new Set<string>();
  let lanes = 0;
  let waitingLanes = 0;
  let waitingRequests = 0;
  let scheduled = false;
  let closed = false;
  let idle: PromiseWithResolvers<void> | undefined;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(pump);
  }

  function pump(): void {
    scheduled = false;
    while (waitingLanes < WAITING_LANES && held.length > 0) {
      const first = held.find(isFree);
      if (!first) break;
      // Those in the same ledgers come along; others do not wait for this one's.
      const own = new Set(first.names);
      const group = takeFrom(held, (unit) => unit.names.every((name) => own.has(name)));
      if (group.length === 0) break;
      waitingLanes += 1;
      void commit(group, true).finally(() => {
        waitingLanes -= 1;
      });
    }
    while (lanes < LANES && queue.length > 0) {
      const waitedFor = new Set(held.flatMap(({ names }) => names));
      held.push(...takeFrom(queue, ({ names }) => names.some((name) => waitedFor.has(name))));
      const group = takeFrom(queue, isFree);
      if (group.length === 0) break;
      lanes += 1;
      void commit(group, false).finally(() => {
        lanes -= 1;
      });
    }
    if (lanes + waitingLanes + queue.length + held.length === 0) idle?.resolve();
  }

  function isFree({ names }: WaitingUnit): boolean {
    return !names.some((name) => underWay.has(name));
  }

  /** Takes units for one commit out of a list, in order: none overtakes one of the same ledger. */
  function takeFrom(list: WaitingUnit[], fits: (unit: WaitingUnit) => boolean): WaitingUnit[] {
    const taken: WaitingUnit[] = [];
    const left: WaitingUnit[] = [];
    const passedOver = new Set<string>();
    let size = 0;
    let at = 0;
    for (; at < list.length && at < MOST_LOOKED_AT && size < GROUP; at++) {
      const unit = list[at]!;
      const full = size > 0 && size + unit.requests.length > GROUP;
      if (full || !fits(unit) || unit.names.some((name) => passedOver.has(name))) {
        left.push(unit);
        for (const name of unit.names) passedOver.add(name);
      } else {
        taken.push(unit);
        size += unit.requests.length;
      }
    }
    list.splice(0, at, ...left);
    return taken;
  }

  async function commit(units: readonly WaitingUnit[], wait: boolean): Promise<void> {
    const names = new Set(units.flatMap((unit) => unit.names));
    for (const name of names) underWay.add(name);
    try {
      const came = await recordGroup(parts, units, wait);
      for (const [i, unit] of units.entries()) tell(unit, came[i]!);
    } catch (error) {
      for (const unit of units) settled(unit).reject(error);
    } finally {
      for (const name of names) underWay.delete(name);
      schedule();
    }
  }

  function tell(unit: WaitingUnit, came: UnitCame): void {
    if (came.kind === "held") held.push(unit);
    else if (came.kind === "failed") settled(unit).reject(came.error);
    else settled(unit).resolve(came.outcomes);
  }

  function settled(unit: WaitingUnit): WaitingUnit {
    waitingRequests -= unit.requests.length;
    return unit;
  }

  return {
    record(requests, atomic, unit = {}) {
      if (closed) return Promise.reject(stopping());
      if (waitingRequests + requests.length > MOST_WAITING) return Promise.reject(busy());
      return new Promise((resolve, reject) => {
        waitingRequests += requests.length;
        const addresses = addressesOf(requests);
        const names = [...addresses.keys()];
        queue.push({ ...unit, requests, atomic, addresses: [...addresses.values()], names, resolve, reject });
        schedule();
      });
    },
    async close() {
      closed = true;
      idle ??= Promise.withResolvers();
      schedule();
      await idle.promise;
    },
  };
}

/** The addresses of the ledgers that requests are for, by their keys of a Map. */
function addressesOf(requests: readonly RecordRequest[]): Map<string, Uint8Array> {
  const customers = new Set<string>();
  const addresses = new Map<string, Uint8Array>();
  for (const { tenant, customerId } of requests) {
    const customer = `${tenant.id} ${customerId}`;
    if (customers.has(customer)) continue;
    customers.add(customer);
    const address = ledgerAddress(tenant.namespace, customerId);
    addresses.set(mapKey(address), address);
  }
  return addresses;
}
