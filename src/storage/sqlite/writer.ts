import type { KeyObject } from "node:crypto";
import Database from "better-sqlite3";
import { ledgerAddress } from "../../core/address.ts";
import { formatAmount } from "../../core/amount.ts";
import { invariant, TallyrootError } from "../../core/errors.ts";
import { EMPTY_FRONTIER, peakPositions } from "../../core/tree.ts";
import { composeDelta, type LedgerState } from "../../ledger/compose.ts";
import { makeLedgerKey, openLedgerKey } from "../../ledger/keyring.ts";
import type { RequestEffect } from "../../ledger/ports/effects.ts";
import type { RecordOutcome, RecordRequest, RecordUnit, SealedKey, StoredDelta } from "../../ledger/ports/ledgers.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteEffects } from "./effects.ts";
import type { SqliteReader } from "./reader.ts";
import type { TailIndex } from "./tail-index.ts";
import type { UsageMeter } from "./usage-meter.ts";

/** Requests that may wait for the next commit; beyond it the server says that it is busy. */
const MOST_WAITING = 50_000;
/** Requests that one commit takes at most, so that no commit takes long. An atomic unit is never split. */
const GROUP = 2_000;
/** Ledgers whose state is kept in memory, least recently used first out. */
const MOST_STATES = 20_000;

type Unit = RecordUnit & {
  requests: readonly RecordRequest[];
  atomic: boolean;
  resolve(outcomes: RecordOutcome[]): void;
  reject(error: unknown): void;
};

type NewKey = { state: LedgerState; sealed: SealedKey; opensLedger: boolean };

/** What one commit is about to write: nothing of it is seen outside before it is on disk. */
type Draft = {
  states: Map<string, LedgerState>;
  keys: NewKey[];
  deltas: StoredDelta[];
  byRequestId: Map<string, StoredDelta>;
  effects: Map<string, RequestEffect>;
  /** Deltas per tenant. */
  counts: Map<number, number>;
};

export type WriterParts = {
  reader: SqliteReader;
  fingerprints: TailIndex;
  requestIds: TailIndex;
  effects: SqliteEffects;
  usage: UsageMeter;
  master: KeyObject;
  /** Unix milliseconds. */
  clock: () => number;
  report: (message: string, error: Error) => void;
};

export type SqliteWriter = {
  record(requests: readonly RecordRequest[], atomic: boolean, unit?: RecordUnit): Promise<RecordOutcome[]>;
  /** Forgets the open key of a customer's ledger: the next delta looks up what is stored. */
  forget(tenantId: number, customerId: string): void;
  close(): void;
};

/**
 * The one writer of deltas: requests that arrive within one turn of the event loop share a transaction (group commit), so that
 * they share the one wait for the disk.
 */
export function openWriter(
  db: Sqlite,
  { reader, fingerprints, requestIds, effects, usage, master, clock, report }: WriterParts,
): SqliteWriter {
  const insertLedger = db.prepare("INSERT INTO ledgers (id, tenant, address, opened_at) VALUES (?, ?, ?, ?)");
  const insertKey = db.prepare(
    "INSERT INTO ledger_keys (ledger, generation, wrapped, sealed_customer_id) VALUES (?, ?, ?, ?)",
  );
  const insertDelta = db.prepare(
    "INSERT INTO deltas (ledger, sequence, amount, balance, recorded_at, commitment, fingerprint, nodes, generation, sealed, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  let nextLedgerId = (db.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM ledgers").get()?.id ?? 0) + 1;

  const states = new Map<string, LedgerState>();
  const waiting: Unit[] = [];
  let waitingRequests = 0;
  let scheduled = false;
  let closed = false;

  /** Where the request's ledger stands, counting what this draft has composed so far. */
  function stateFor(request: RecordRequest, draft: Draft, now: number): LedgerState {
    const name = `${request.tenant.id} ${request.customerId}`;
    const known = draft.states.get(name) ?? states.get(name);
    if (known) return known;
    const address = ledgerAddress(request.tenant.namespace, request.customerId);
    const ledger = reader.ledger(request.tenant.id, address);
    if (!ledger) {
      const opened = {
        id: nextLedgerId + draft.keys.filter((key) => key.opensLedger).length,
        tenantId: request.tenant.id,
        address,
        openedAt: now,
      };
      const { open, sealed } = makeLedgerKey(master, address, 1, request.customerId);
      const state = {
        ledger: opened,
        balance: 0n,
        recordedAt: 0,
        frontier: EMPTY_FRONTIER,
        generation: 1,
        key: open.key,
      };
      draft.keys.push({ state, sealed, opensLedger: true });
      draft.states.set(name, state);
      return state;
    }
    const last = reader.lastDelta(ledger);
    invariant(last !== undefined, "a ledger has at least one delta");
    const sealed = reader.keysOf(ledger.id).at(-1);
    invariant(sealed !== undefined, "a ledger has a key");
    const peaks = reader.nodes(ledger, peakPositions(last.sequence));
    const base = {
      ledger,
      balance: last.balance,
      recordedAt: last.recordedAt,
      frontier: { count: last.sequence, peaks },
    };
    const open = openLedgerKey(master, ledger, sealed);
    if (open) return { ...base, generation: open.generation, key: open.key };
    // The content was erased: what is recorded from now on is sealed with a key of its own.
    const fresh = makeLedgerKey(master, address, sealed.generation + 1, request.customerId);
    const state = { ...base, generation: fresh.open.generation, key: fresh.open.key };
    draft.keys.push({ state, sealed: fresh.sealed, opensLedger: false });
    draft.states.set(name, state);
    return state;
  }

  function deltaOf(requestId: Uint8Array, draft: Draft): StoredDelta | undefined {
    return draft.byRequestId.get(mapKey(requestId)) ?? reader.deltaByRequestId(requestId);
  }

  function routeOf(requestId: Uint8Array, draft: Draft): string | undefined {
    return (draft.effects.get(mapKey(requestId)) ?? effects.find(requestId))?.route;
  }

  function outcomeOf(request: RecordRequest, draft: Draft, now: number): RecordOutcome {
    const { requestId } = request;
    const replayed = requestId && deltaOf(requestId, draft);
    if (replayed) return { kind: "replayed", delta: replayed };
    const route = requestId && routeOf(requestId, draft);
    if (route !== undefined) return { kind: "refused", error: usedFor(route) };
    const drafted = draft.counts.get(request.tenant.id) ?? 0;
    const overQuota = usage.refusal(request.tenant.id, drafted, now);
    if (overQuota) return { kind: "refused", error: overQuota };
    try {
      const { delta, next } = composeDelta(stateFor(request, draft, now), request, now);
      draft.states.set(`${request.tenant.id} ${request.customerId}`, next);
      draft.deltas.push(delta);
      draft.counts.set(request.tenant.id, drafted + 1);
      if (delta.requestId) draft.byRequestId.set(mapKey(delta.requestId), delta);
      return { kind: "recorded", delta };
    } catch (error) {
      if (!(error instanceof TallyrootError)) throw error;
      return { kind: "refused", error };
    }
  }

  function composeUnit(unit: Unit, draft: Draft, now: number): RecordOutcome[] {
    const id = unit.request?.requestId;
    if (id && deltaOf(id, draft)) throw usedFor("a single delta");
    const route = id && routeOf(id, draft);
    if (route !== undefined) throw usedFor(route);
    const outcomes = unit.atomic
      ? composeAtomic(unit, draft, now)
      : unit.requests.map((request) => outcomeOf(request, draft, now));
    if (unit.request && !outcomes.some(({ kind }) => unit.atomic && kind === "refused"))
      draft.effects.set(mapKey(unit.request.requestId), unit.request);
    return outcomes;
  }

  function composeAtomic(unit: Unit, draft: Draft, now: number): RecordOutcome[] {
    const trial = {
      states: new Map(draft.states),
      keys: [...draft.keys],
      deltas: [...draft.deltas],
      byRequestId: new Map(draft.byRequestId),
      effects: draft.effects,
      counts: new Map(draft.counts),
    };
    const outcomes = unit.requests.map((request) => outcomeOf(request, trial, now));
    const own = unit.allNew && new Set(trial.deltas.slice(draft.deltas.length));
    if (own && outcomes.some((outcome) => outcome.kind === "replayed" && !own.has(outcome.delta)))
      throw usedFor("another delta");
    const index = outcomes.findIndex((outcome) => outcome.kind === "refused");
    const refused = outcomes[index];
    if (refused?.kind !== "refused") {
      Object.assign(draft, trial);
      return outcomes;
    }
    const dropped = new Set(trial.deltas.slice(draft.deltas.length));
    const error = new TallyrootError(
      refused.error.code,
      `not recorded, because item ${index} of the same unit was refused: ${refused.error.message}`,
      { index },
    );
    return outcomes.map((outcome) =>
      outcome.kind !== "refused" && dropped.has(outcome.delta) ? { kind: "refused", error } : outcome,
    );
  }

  const store = db.transaction((draft: Draft, now: number): number[] => {
    usage.write(draft.counts, now);
    for (const effect of draft.effects.values()) effects.note(effect);
    for (const { state, sealed, opensLedger } of draft.keys) {
      const { ledger } = state;
      if (opensLedger) insertLedger.run(ledger.id, ledger.tenantId, ledger.address, ledger.openedAt);
      insertKey.run(ledger.id, sealed.generation, sealed.wrapped, sealed.sealedCustomerId);
    }
    return draft.deltas.map((d) =>
      Number(
        insertDelta.run(
          d.ledger.id,
          d.sequence,
          formatAmount(d.amount),
          formatAmount(d.balance),
          d.recordedAt,
          d.commitment,
          d.fingerprint,
          d.nodes,
          d.generation,
          d.sealed,
          d.requestId,
        ).lastInsertRowid,
      ),
    );
  });

  function commit(units: Unit[]): void {
    const draft: Draft = {
      states: new Map(),
      keys: [],
      deltas: [],
      byRequestId: new Map(),
      effects: new Map(),
      counts: new Map(),
    };
    const now = clock();
    const outcomes: RecordOutcome[][] = [];
    for (const unit of units) {
      try {
        outcomes.push(composeUnit(unit, draft, now));
      } catch (error) {
        // A ledger that cannot be read harms whoever asked for it, and nobody whose request came at the same time.
        unit.reject(unavailable(error));
        commit(units.filter((other) => other !== unit));
        return;
      }
    }
    try {
      // Ledgers that were opened for a refused request only are not stored.
      const used = new Set(draft.deltas.map((delta) => delta.ledger.id));
      draft.keys = draft.keys.filter((key) => used.has(key.state.ledger.id));
      const ids = draft.deltas.length > 0 || draft.effects.size > 0 ? store.immediate(draft, now) : [];
      usage.written(draft.counts, now);
      nextLedgerId = draft.keys.reduce((next, { state }) => Math.max(next, state.ledger.id + 1), nextLedgerId);
      draft.deltas.forEach((delta, i) => {
        fingerprints.add(delta.fingerprint, ids[i]!);
        requestIds.add(delta.requestId, ids[i]!);
      });
      remember(draft, used);
      units.forEach((unit, i) => {
        unit.resolve(outcomes[i]!);
      });
    } catch (error) {
      // Nothing was written: the states in memory are still those on disk.
      for (const unit of units) unit.reject(unavailable(error));
    }
  }

  function remember(draft: Draft, used: Set<number>): void {
    for (const [name, state] of draft.states) {
      if (!used.has(state.ledger.id)) continue;
      states.delete(name);
      states.set(name, state);
    }
    for (const name of states.keys()) {
      if (states.size <= MOST_STATES) break;
      states.delete(name);
    }
  }

  function flush(): void {
    scheduled = false;
    if (closed) return;
    const units: Unit[] = [];
    let size = 0;
    while (waiting.length > 0 && (size === 0 || size + waiting[0]!.requests.length <= GROUP)) {
      const unit = waiting.shift()!;
      units.push(unit);
      size += unit.requests.length;
    }
    waitingRequests -= size;
    if (units.length > 0) commit(units);
    if (waiting.length > 0) schedule();
    else settleIndexes();
  }

  /** The indexes behind the record may lag: a disk that refuses now is tried again after the next commit. */
  function settleIndexes(): void {
    try {
      fingerprints.settle();
      requestIds.settle();
    } catch (error) {
      if (!(error instanceof Database.SqliteError)) throw error;
      report("the indexes behind the record could not be written", error);
    }
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  return {
    record(requests, atomic, unit = {}) {
      if (closed) return Promise.reject(new TallyrootError("SERVICE_UNAVAILABLE", "the server is stopping"));
      if (waitingRequests + requests.length > MOST_WAITING) {
        return Promise.reject(
          new TallyrootError("SERVICE_UNAVAILABLE", "too many deltas are waiting to be written", {
            retryAfterSeconds: 1,
          }),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ ...unit, requests, atomic, resolve, reject });
        waitingRequests += requests.length;
        schedule();
      });
    },
    forget(tenantId, customerId) {
      states.delete(`${tenantId} ${customerId}`);
    },
    close() {
      while (waiting.length > 0) flush();
      closed = true;
    },
  };
}

/** Bytes as the key of a Map: one character each. */
function mapKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** An idempotency key that was used before for something else. */
function usedFor(what: string): TallyrootError {
  return new TallyrootError("IDEMPOTENCY_CONFLICT", `this idempotency key was used before for ${what}`, {
    differs: ["route"],
  });
}

/** A failing disk is the world's failure: it is answered 503. Anything else is our bug and goes on as it is. */
function unavailable(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  return new TallyrootError(
    "SERVICE_UNAVAILABLE",
    "the record cannot be written now; nothing of this request was recorded",
    { retryAfterSeconds: 1 },
    { cause: error },
  );
}
