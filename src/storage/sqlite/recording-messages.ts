import { TallyrootError } from "../../core/errors.ts";
import type { RequestEffect } from "../../ledger/ports/effects.ts";
import type { Ledger, RecordedDelta, RecordOutcome, RecordRequest, Tenant } from "../../ledger/ports/ledgers.ts";
import type { DraftRequest } from "../draft.ts";

/**
 * What goes between the thread that answers requests and the thread that records.
 *
 * Columns instead of objects, for structured cloning writes the name of each member of each object; hashes in one buffer that changes
 * hands, for each small array would be a transfer of its own.
 */

/** Units to record, with the requests of all of them one after the other. */
export type Order = {
  kind: "record";
  /** Unix milliseconds: when it was sent. */
  now: number;
  units: UnitOrder[];
  /** Each tenant once. */
  tenants: DraftRequest["tenant"][];
  columns: {
    /** Places in `tenants`. */
    tenants: number[];
    customerIds: string[];
    amounts: bigint[];
    /** JSON of what is private. */
    contents: string[];
    /** One character for each byte; empty where there is none. */
    requestIds: string[];
  };
};

type UnitOrder = { id: number; size: number; atomic: boolean; allNew: boolean; request: RequestEffect | undefined };

export type EraseOrder = {
  kind: "erase";
  id: number;
  tenantId: number;
  customerId: string;
  ledger: Ledger;
  at: number;
};

/** What came of units: of all their requests, one after the other. */
export type Report = {
  kind: "recorded";
  units: UnitReport[];
  outcomes: OutcomeReport[];
  balances: bigint[];
  /** `WORDS` numbers for each balance: ledger, tenant, opening, sequence, time. */
  numbers: Float64Array<ArrayBuffer>;
  /** `HASHES` bytes for each balance: address, commitment, fingerprint. */
  hashes: Uint8Array<ArrayBuffer>;
};

type UnitReport = { id: number; size: number; failure: Failure | undefined };
/** Recorded (the next one of the deltas), replayed, or refused. */
export type OutcomeReport = 0 | { ledger: Ledger; sequence: number } | Failure;
/** An error as it crosses over: one of the catalogue, or a mistake of ours. */
export type Failure = {
  code: TallyrootError["code"] | undefined;
  message: string;
  facts: object;
  stack: string;
  cause: string;
};

/** What came of another order than to record. */
export type Done = { kind: "done"; id: number; result: unknown; failure: Failure | undefined };

const WORDS = 5;
const [ADDRESS, HASH] = [20, 32];
const HASHES = ADDRESS + 2 * HASH;

export function failureOf(error: unknown): Failure {
  const { message, stack = message, cause } = error instanceof Error ? error : new Error(String(error));
  const told = { message, stack, cause: cause === undefined ? "" : String(cause) };
  if (!(error instanceof TallyrootError)) return { ...told, code: undefined, facts: {} };
  return { ...told, code: error.code, facts: error.facts };
}

export function errorOf({ code, message, facts, stack, cause }: Failure): Error {
  // Why the disk refused is for the operator's log.
  const options = cause === "" ? {} : { cause: new Error(cause) };
  const error =
    code === undefined ? new Error(message, options) : new TallyrootError(code, message, { ...facts }, options);
  error.stack = stack;
  return error;
}

/** An order that takes in units until it is sent. */
export function openOrder(now: number): {
  order: Order;
  add(unit: Omit<UnitOrder, "size">, requests: readonly RecordRequest[]): void;
} {
  const tenants = new Map<Tenant, number>();
  const columns: Order["columns"] = { tenants: [], customerIds: [], amounts: [], contents: [], requestIds: [] };
  const order: Order = { kind: "record", now, units: [], tenants: [], columns };
  return {
    order,
    add(unit, requests) {
      order.units.push({ ...unit, size: requests.length });
      for (const { tenant, customerId, amount, reason, referenceId, metadata, adjusts, requestId } of requests) {
        let place = tenants.get(tenant);
        if (place === undefined) {
          place = order.tenants.push({ id: tenant.id, namespace: tenant.namespace }) - 1;
          tenants.set(tenant, place);
        }
        columns.tenants.push(place);
        columns.customerIds.push(customerId);
        columns.amounts.push(amount);
        // Members that are undefined are not in the text.
        columns.contents.push(JSON.stringify({ reason, referenceId, metadata, adjusts }));
        columns.requestIds.push(requestId ? Buffer.from(requestId).toString("latin1") : "");
      }
    },
  };
}

/** The units of an order, in their order. */
export function* unitsOf(order: Order): Generator<UnitOrder & { requests: DraftRequest[] }> {
  const { tenants, customerIds, amounts, contents, requestIds } = order.columns;
  let at = 0;
  for (const unit of order.units) {
    const requests: DraftRequest[] = [];
    for (const end = at + unit.size; at < end; at++) {
      const requestId = requestIds[at]!;
      requests.push({
        ...(JSON.parse(contents[at]!) as Pick<RecordRequest, "reason">),
        tenant: order.tenants[tenants[at]!]!,
        customerId: customerIds[at]!,
        amount: amounts[at]!,
        ...(requestId !== "" && { requestId: Buffer.from(requestId, "latin1") }),
      });
    }
    yield { ...unit, requests };
  }
}

/** A report that takes in what came of units until it is sent. */
export function openReport() {
  const units: UnitReport[] = [];
  const outcomes: OutcomeReport[] = [];
  const deltas: RecordedDelta[] = [];
  return {
    failed(id: number, error: unknown): void {
      units.push({ id, size: 0, failure: failureOf(error) });
    },
    came(id: number, of: readonly RecordOutcome[]): void {
      units.push({ id, size: of.length, failure: undefined });
      for (const outcome of of) {
        if (outcome.kind === "refused") outcomes.push(failureOf(outcome.error));
        else if (outcome.kind === "replayed")
          outcomes.push({ ledger: outcome.delta.ledger, sequence: outcome.delta.sequence });
        else {
          outcomes.push(0);
          deltas.push(outcome.delta);
        }
      }
    },
    /** Everything since the last time; undefined when there is nothing. */
    take(): Report | undefined {
      if (units.length === 0) return undefined;
      const numbers = new Float64Array(WORDS * deltas.length);
      const hashes = new Uint8Array(HASHES * deltas.length);
      for (const [i, { ledger, sequence, recordedAt, commitment, fingerprint }] of deltas.entries()) {
        numbers.set([ledger.id, ledger.tenantId, ledger.openedAt, sequence, recordedAt], WORDS * i);
        hashes.set(ledger.address, HASHES * i);
        hashes.set(commitment, HASHES * i + ADDRESS);
        hashes.set(fingerprint, HASHES * i + ADDRESS + HASH);
      }
      const balances = deltas.splice(0).map(({ balance }) => balance);
      return { kind: "recorded", units: units.splice(0), outcomes: outcomes.splice(0), balances, numbers, hashes };
    },
  };
}

/** A delta of a report. */
export function deltaIn({ balances, numbers, hashes }: Report, place: number, amount: bigint): RecordedDelta {
  const [word, at] = [WORDS * place, HASHES * place];
  return {
    ledger: {
      id: numbers[word]!,
      tenantId: numbers[word + 1]!,
      address: hashes.subarray(at, at + ADDRESS),
      openedAt: numbers[word + 2]!,
    },
    sequence: numbers[word + 3]!,
    amount,
    balance: balances[place]!,
    recordedAt: numbers[word + 4]!,
    commitment: hashes.subarray(at + ADDRESS, at + ADDRESS + HASH),
    fingerprint: hashes.subarray(at + ADDRESS + HASH, at + HASHES),
  };
}
