import type { KeyObject } from "node:crypto";
import { formatAmount } from "../../core/amount.ts";
import { invariant } from "../../core/errors.ts";
import { peakPositions } from "../../core/tree.ts";
import type { Erasure } from "../../ledger/ports/erasure.ts";
import type { Ledger, RecordOutcome, RecordRequest, RecordUnit, StoredDelta } from "../../ledger/ports/ledgers.ts";
import {
  type Draft,
  type DraftUnit,
  emptyDraft,
  notBefore,
  openDrafting,
  type StoredStanding,
  stateName,
} from "../draft.ts";
import { type Cell, rowDigest } from "../row-digest.ts";
import { busy, MOST_WAITING, stopping } from "../writer-refusals.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteEffects } from "./effects.ts";
import { openLedgerStates } from "./ledger-states.ts";
import type { SqliteReader } from "./reader.ts";
import { unavailable, writing } from "./refused-write.ts";
import { openStatedWindows, type StatedWindows } from "./stated-windows.ts";
import type { TailIndex } from "./tail-index.ts";
import type { UsageMeter } from "./usage-meter.ts";

/** Requests that one commit takes at most, so that no commit takes long. An atomic unit is never split. */
const GROUP = 1_000;
/** Keys that a commit moves into each index for each delta of its own: more than come in, so that batches are written before they fill up. */
const INDEXED_PER_DELTA = 2;
const NOT_RECORDED = "the record cannot be written now; nothing of this request was recorded";

/** A unit that waits for its commit. Whoever made it is told what came of it once that is on disk. */
export type WaitingUnit = DraftUnit & {
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
  /** Destroys the stored keys of a ledger, in a transaction of its own. */
  destroyKeys: (ledger: Ledger, at: number) => Erasure;
  /** Unix milliseconds. */
  clock: () => number;
  /** Called after each turn's commits, when everybody has been told. */
  committed?: () => void;
};

/** What everybody who records needs of the writer, in whichever thread it is. */
export type SqliteWriter = {
  record(requests: readonly RecordRequest[], atomic: boolean, unit?: RecordUnit): Promise<RecordOutcome[]>;
  /** Destroys the keys of a customer's ledger and forgets the open one, between two commits: the next delta looks up what is stored. */
  eraseKeys(tenantId: number, customerId: string, ledger: Ledger, at: number): Promise<Erasure>;
  /**
   * Waits for what was asked for and may be recorded as of before a time (Unix milliseconds); undefined when there is nothing. Whatever
   * is asked for later is recorded as of later, so what a window holds that has ended does not change any more.
   */
  writtenBefore(time: number): Promise<void> | undefined;
  close(): Promise<void>;
};

/** The writer where it is: the same, with units that are told themselves. */
export type LocalWriter = SqliteWriter & { enqueue(unit: WaitingUnit): void };

/**
 * The one writer of deltas: requests that arrive within one turn of the event loop share a transaction (group commit), so that
 * they share the one wait for the disk.
 */
export function openWriter(
  db: Sqlite,
  { reader, fingerprints, requestIds, effects, usage, master, destroyKeys, clock, committed }: WriterParts,
): LocalWriter {
  const insertLedger = db.prepare("INSERT INTO ledgers (id, tenant, address, opened_at) VALUES (?, ?, ?, ?)");
  const insertKey = db.prepare(
    "INSERT INTO ledger_keys (ledger, generation, wrapped, sealed_customer_id) VALUES (?, ?, ?, ?)",
  );
  const insertDelta = db.prepare(
    "INSERT INTO deltas (id, ledger, sequence, amount, balance, recorded_at, commitment, fingerprint, nodes, generation, sealed, request_id, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const lastArrival = db.prepare<[], { id: number }>("SELECT coalesce(max(id), 0) AS id FROM deltas");
  let nextLedgerId = (db.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM ledgers").get()?.id ?? 0) + 1;

  const indexes = [fingerprints, requestIds];
  const states = openLedgerStates();
  const waiting: WaitingUnit[] = [];
  let waitingRequests = 0;
  let scheduled = false;
  let closed = false;
  const stated = openStatedWindows(db);
  const { composeUnit } = openDrafting({
    standing: (tenantId, address) => standingOf(reader, stated, tenantId, address),
    deltaByRequestId: reader.deltaByRequestId,
    routeOf: (requestId) => effects.find(requestId)?.route,
    refusal: usage.refusal,
    master,
    state(name, now) {
      const state = states.get(name);
      return state && notBefore(state, stated.throughLately(state.ledger.id, now));
    },
    newLedgerId: (_, opened) => nextLedgerId + opened,
  });

  const store = db.transaction((draft: Draft, now: number): number => {
    usage.write(draft.counts, now);
    for (const effect of draft.effects.values()) effects.note(effect);
    for (const { state, sealed, opensLedger } of draft.keys) {
      const { ledger } = state;
      if (opensLedger) insertLedger.run(ledger.id, ledger.tenantId, ledger.address, ledger.openedAt);
      insertKey.run(ledger.id, sealed.generation, sealed.wrapped, sealed.sealedCustomerId);
    }
    const before = lastArrival.get()!.id;
    for (const [i, delta] of draft.deltas.entries()) {
      const columns = columnsOf(before + 1 + i, delta);
      insertDelta.run(...columns, rowDigest("deltas", columns));
    }
    for (const index of indexes) index.write(INDEXED_PER_DELTA * draft.deltas.length);
    return before + 1;
  });

  /** @returns the number of the first delta. */
  function write(draft: Draft, now: number): number {
    let committed = false;
    try {
      const first = store.immediate(draft, now);
      committed = true;
      return first;
    } finally {
      for (const index of indexes) index.written(committed);
    }
  }

  function commit(units: WaitingUnit[]): void {
    const draft = emptyDraft();
    const now = clock();
    try {
      stated.look();
    } catch (error) {
      for (const unit of units) unit.reject(unavailable(error, NOT_RECORDED));
      return;
    }
    const outcomes: RecordOutcome[][] = [];
    for (const unit of units) {
      try {
        outcomes.push(composeUnit(unit, draft, now));
      } catch (error) {
        // A ledger that cannot be read harms whoever asked for it, and nobody whose request came at the same time.
        unit.reject(unavailable(error, NOT_RECORDED));
        commit(units.filter((other) => other !== unit));
        return;
      }
    }
    try {
      // Ledgers that were opened for a refused request only are not stored.
      const used = new Set(draft.deltas.map((delta) => delta.ledger.id));
      draft.keys = draft.keys.filter((key) => used.has(key.state.ledger.id));
      const first = draft.deltas.length > 0 || draft.effects.size > 0 ? write(draft, now) : 0;
      usage.written(draft.counts, now);
      nextLedgerId = draft.keys.reduce((next, { state }) => Math.max(next, state.ledger.id + 1), nextLedgerId);
      draft.deltas.forEach((delta, i) => {
        fingerprints.add(delta.fingerprint, first + i);
        requestIds.add(delta.requestId, first + i);
      });
      remember(draft, used);
      units.forEach((unit, i) => {
        unit.resolve(outcomes[i]!);
      });
    } catch (error) {
      // Nothing was written: the states in memory are still those on disk.
      for (const unit of units) unit.reject(unavailable(error, NOT_RECORDED));
    }
  }

  function remember(draft: Draft, used: Set<number>): void {
    for (const [name, state] of draft.states) {
      if (used.has(state.ledger.id)) states.put(name, state);
    }
  }

  function flush(): void {
    scheduled = false;
    if (closed) return;
    const units: WaitingUnit[] = [];
    let size = 0;
    while (waiting.length > 0 && (size === 0 || size + waiting[0]!.requests.length <= GROUP)) {
      const unit = waiting.shift()!;
      units.push(unit);
      size += unit.requests.length;
    }
    waitingRequests -= size;
    if (units.length > 0) commit(units);
    if (waiting.length > 0) schedule();
    committed?.();
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  function enqueue(unit: WaitingUnit): void {
    waiting.push(unit);
    waitingRequests += unit.requests.length;
    schedule();
  }

  return {
    record(requests, atomic, unit = {}) {
      if (closed) return Promise.reject(stopping());
      if (waitingRequests + requests.length > MOST_WAITING) return Promise.reject(busy());
      return new Promise((resolve, reject) => enqueue({ ...unit, requests, atomic, resolve, reject }));
    },
    enqueue,
    // What waits here gets its time when it is written, which is later than any look at the clock before.
    writtenBefore: () => undefined,
    async eraseKeys(tenantId, customerId, ledger, at) {
      // What came before is recorded before, with the key that is destroyed now.
      while (waiting.length > 0) flush();
      const erasure = writing(() => destroyKeys(ledger, at));
      states.delete(stateName(tenantId, customerId));
      return erasure;
    },
    async close() {
      while (waiting.length > 0) flush();
      closed = true;
    },
  };
}

/** Where a ledger stands, read from its rows. */
function standingOf(
  reader: SqliteReader,
  stated: Pick<StatedWindows, "through">,
  tenantId: number,
  address: Uint8Array,
): StoredStanding | undefined {
  const ledger = reader.ledger(tenantId, address);
  if (!ledger) return undefined;
  const last = reader.lastDelta(ledger);
  invariant(last !== undefined, "a ledger has at least one delta");
  const key = reader.keysOf(ledger.id).at(-1);
  invariant(key !== undefined, "a ledger has a key");
  const frontier = { count: last.sequence, peaks: reader.nodes(ledger, peakPositions(last.sequence)) };
  const recordedAt = Math.max(last.recordedAt, stated.through(ledger.id));
  return { ledger, balance: last.balance, recordedAt, frontier, key };
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
