import type { KeyObject } from "node:crypto";
import { ledgerAddress } from "../../core/address.ts";
import { invariant, TallyrootError } from "../../core/errors.ts";
import { EMPTY_FRONTIER, peakPositions } from "../../core/tree.ts";
import { composeDelta, type LedgerState } from "../../ledger/compose.ts";
import { makeLedgerKey, openLedgerKey } from "../../ledger/keyring.ts";
import type { RequestEffect } from "../../ledger/ports/effects.ts";
import type {
  RecordedDelta,
  RecordOutcome,
  RecordRequest,
  RecordUnit,
  SealedKey,
  StoredDelta,
  Tenant,
} from "../../ledger/ports/ledgers.ts";
import type { SqliteEffects } from "./effects.ts";
import type { LedgerStates } from "./ledger-states.ts";
import type { SqliteReader } from "./reader.ts";
import type { StatedWindows } from "./stated-windows.ts";
import type { UsageMeter } from "./usage-meter.ts";

export type NewKey = { state: LedgerState; sealed: SealedKey; opensLedger: boolean };

/** What one commit is about to write: nothing of it is seen outside before it is on disk. */
export type Draft = {
  states: Map<string, LedgerState>;
  keys: NewKey[];
  deltas: StoredDelta[];
  byRequestId: Map<string, StoredDelta>;
  effects: Map<string, RequestEffect>;
  /** Deltas per tenant. */
  counts: Map<number, number>;
  /** Ledgers that it opens, those of refused requests included. */
  opened: number;
};

/** Requests that stand or fall together, or each alone. */
export type DraftUnit = RecordUnit & { requests: readonly DraftRequest[]; atomic: boolean };

/** A request, with what a ledger's address depends on of its tenant. */
export type DraftRequest = Omit<RecordRequest, "tenant"> & { tenant: Pick<Tenant, "id" | "namespace"> };

export type DraftParts = {
  reader: SqliteReader;
  effects: SqliteEffects;
  usage: UsageMeter;
  master: KeyObject;
  /** Where ledgers stand that were written lately, by `stateName`. */
  states: Pick<LedgerStates, "get">;
  stated: Pick<StatedWindows, "through" | "throughLately">;
  nextLedgerId: () => number;
};

export function emptyDraft(): Draft {
  return {
    states: new Map(),
    keys: [],
    deltas: [],
    byRequestId: new Map(),
    effects: new Map(),
    counts: new Map(),
    opened: 0,
  };
}

/** How a customer's ledger is called among the states in memory. */
export function stateName(tenantId: number, customerId: string): string {
  return `${tenantId} ${customerId}`;
}

/** Composes what one commit is to write, in memory: sequences, balances, seals and outcomes. */
export function openDrafting({ reader, effects, usage, master, states, stated, nextLedgerId }: DraftParts) {
  /** Where the request's ledger stands, counting what this draft has composed so far. */
  function stateFor(request: DraftRequest, draft: Draft, now: number): LedgerState {
    const name = stateName(request.tenant.id, request.customerId);
    const known = draft.states.get(name) ?? states.get(name);
    if (known) return notBefore(known, stated.throughLately(known.ledger.id, now));
    const address = ledgerAddress(request.tenant.namespace, request.customerId);
    const ledger = reader.ledger(request.tenant.id, address);
    if (!ledger) {
      const opened = {
        id: nextLedgerId() + draft.opened,
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
      draft.opened += 1;
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
      recordedAt: Math.max(last.recordedAt, stated.through(ledger.id)),
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

  function outcomeOf(request: DraftRequest, draft: Draft, now: number): RecordOutcome {
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
      draft.states.set(stateName(request.tenant.id, request.customerId), next);
      draft.deltas.push(delta);
      draft.counts.set(request.tenant.id, drafted + 1);
      if (delta.requestId) draft.byRequestId.set(mapKey(delta.requestId), delta);
      return { kind: "recorded", delta };
    } catch (error) {
      if (!(error instanceof TallyrootError)) throw error;
      return { kind: "refused", error };
    }
  }

  function composeUnit(unit: DraftUnit, draft: Draft, now: number): RecordOutcome[] {
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

  function composeAtomic(unit: DraftUnit, draft: Draft, now: number): RecordOutcome[] {
    const trial = {
      states: new Map(draft.states),
      keys: [...draft.keys],
      deltas: [...draft.deltas],
      byRequestId: new Map(draft.byRequestId),
      effects: draft.effects,
      counts: new Map(draft.counts),
      opened: draft.opened,
    };
    const outcomes = unit.requests.map((request) => outcomeOf(request, trial, now));
    const own = unit.allNew && new Set<RecordedDelta>(trial.deltas.slice(draft.deltas.length));
    if (own && outcomes.some((outcome) => outcome.kind === "replayed" && !own.has(outcome.delta)))
      throw usedFor("another delta");
    const index = outcomes.findIndex((outcome) => outcome.kind === "refused");
    const refused = outcomes[index];
    if (refused?.kind !== "refused") {
      Object.assign(draft, trial);
      return outcomes;
    }
    const dropped = new Set<RecordedDelta>(trial.deltas.slice(draft.deltas.length));
    const error = new TallyrootError(
      refused.error.code,
      `not recorded, because item ${index} of the same unit was refused: ${refused.error.message}`,
      { index },
    );
    return outcomes.map((outcome) =>
      outcome.kind !== "refused" && dropped.has(outcome.delta) ? { kind: "refused", error } : outcome,
    );
  }

  return { composeUnit };
}

/** A ledger whose next delta is recorded as of a time at the earliest. */
function notBefore(state: LedgerState, time: number): LedgerState {
  return time > state.recordedAt ? { ...state, recordedAt: time } : state;
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
