import type { KeyObject } from "node:crypto";
import Database from "better-sqlite3";
import { formatAmount } from "../../core/amount.ts";
import { TallyrootError } from "../../core/errors.ts";
import type { LedgerState } from "../../ledger/compose.ts";
import type { RecordOutcome, RecordRequest, RecordUnit, StoredDelta } from "../../ledger/ports/ledgers.ts";
import type { Sqlite } from "./database.ts";
import { type Draft, type DraftUnit, emptyDraft, openDrafting, stateName } from "./draft.ts";
import type { SqliteEffects } from "./effects.ts";
import type { SqliteReader } from "./reader.ts";
import { type Cell, rowDigest } from "./row-digest.ts";
import type { TailIndex } from "./tail-index.ts";
import type { UsageMeter } from "./usage-meter.ts";

/** Requests that may wait for the next commit; beyond it the server says that it is busy. */
const MOST_WAITING = 50_000;
/** Requests that one commit takes at most, so that no commit takes long. An atomic unit is never split. */
const GROUP = 2_000;
/** Ledgers whose state is kept in memory, least recently used first out. */
const MOST_STATES = 20_000;

type Unit = DraftUnit & {
  resolve(outcomes: RecordOutcome[]): void;
  reject(error: unknown): void;
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
    "INSERT INTO deltas (id, ledger, sequence, amount, balance, recorded_at, commitment, fingerprint, nodes, generation, sealed, request_id, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const lastArrival = db.prepare<[], { id: number }>("SELECT coalesce(max(id), 0) AS id FROM deltas");
  let nextLedgerId = (db.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM ledgers").get()?.id ?? 0) + 1;

  const states = new Map<string, LedgerState>();
  const waiting: Unit[] = [];
  let waitingRequests = 0;
  let scheduled = false;
  let closed = false;
  const { composeUnit } = openDrafting({ reader, effects, usage, master, states, nextLedgerId: () => nextLedgerId });

  const store = db.transaction((draft: Draft, now: number): number[] => {
    usage.write(draft.counts, now);
    for (const effect of draft.effects.values()) effects.note(effect);
    for (const { state, sealed, opensLedger } of draft.keys) {
      const { ledger } = state;
      if (opensLedger) insertLedger.run(ledger.id, ledger.tenantId, ledger.address, ledger.openedAt);
      insertKey.run(ledger.id, sealed.generation, sealed.wrapped, sealed.sealedCustomerId);
    }
    const before = lastArrival.get()!.id;
    return draft.deltas.map((delta, i) => {
      const columns = columnsOf(before + 1 + i, delta);
      insertDelta.run(...columns, rowDigest("deltas", columns));
      return before + 1 + i;
    });
  });

  function commit(units: Unit[]): void {
    const draft = emptyDraft();
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
      states.delete(stateName(tenantId, customerId));
    },
    close() {
      while (waiting.length > 0) flush();
      closed = true;
    },
  };
}

/** A delta's columns but its digest, in their order. @param id its number by arrival. */
function columnsOf(id: number, delta: StoredDelta): Cell[] {
  return [
    id,
    delta.ledger.id,
    delta.sequence,
    formatAmount(delta.amount),
    formatAmount(delta.balance),
    delta.recordedAt,
    delta.commitment,
    delta.fingerprint,
    delta.nodes,
    delta.generation,
    delta.sealed,
    delta.requestId,
  ];
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
