import type { KeyObject } from "node:crypto";
import { ledgerAddress } from "../core/address.ts";
import { TallyrootError } from "../core/errors.ts";
import { EMPTY_FRONTIER, type Frontier } from "../core/tree.ts";
import { composeDelta, type LedgerState } from "../ledger/compose.ts";
import { makeLedgerKey, openLedgerKey } from "../ledger/keyring.ts";
import type { RequestEffect } from "../ledger/ports/effects.ts";
import type {
  Ledger,
  RecordedDelta,
  RecordOutcome,
  RecordRequest,
  RecordUnit,
  SealedKey,
  StoredDelta,
  Tenant,
} from "../ledger/ports/ledgers.ts";

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

/**
 * Where a ledger stands as it is stored, with the newest of its keys. `recordedAt`: nothing is recorded as of earlier, so where a window was
 * stated since, it is at least as of when.
 */
export type StoredStanding = {
  ledger: Ledger;
  balance: bigint;
  recordedAt: number;
  frontier: Frontier;
  key: SealedKey;
};

/** What composing needs of a store, all of it at hand: a draft is made in one go. */
export type DraftParts = {
  /** Undefined for a ledger that was never opened. */
  standing(tenantId: number, address: Uint8Array): StoredStanding | undefined;
  deltaByRequestId(requestId: Uint8Array): StoredDelta | undefined;
  /** What a request id was used for that recorded no delta. */
  routeOf(requestId: Uint8Array): string | undefined;
  /** Why a tenant may not record one delta more, when this draft already has `drafted` of it. */
  refusal(tenantId: number, drafted: number, now: number): TallyrootError | undefined;
  master: KeyObject;
  /** Where ledgers stand that were written lately, by `stateName`. What was stated since counts, as in `standing`. */
  state(name: string, now: number): LedgerState | undefined;
  /** The number of a ledger that is opened now; `opened` others are by the same draft. */
  newLedgerId(address: Uint8Array, opened: number): number;
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
export function openDrafting(parts: DraftParts) {
  const { master } = parts;

  /** Where the request's ledger stands, counting what this draft has composed so far. */
  function stateFor(request: DraftRequest, draft: Draft, now: number): LedgerState {
    const name = stateName(request.tenant.id, request.customerId);
    const known = draft.states.get(name) ?? parts.state(name, now);
    if (known) return known;
    const address = ledgerAddress(request.tenant.namespace, request.customerId);
    const stored = parts.standing(request.tenant.id, address);
    if (!stored) {
      const opened = {
        id: parts.newLedgerId(address, draft.opened),
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
    const { key: sealed, ...base } = stored;
    const open = openLedgerKey(master, base.ledger, sealed);
    if (open) return { ...base, generation: open.generation, key: open.key };
    // The content was erased: what is recorded from now on is sealed with a key of its own.
    const fresh = makeLedgerKey(master, address, sealed.generation + 1, request.customerId);
    const state = { ...base, generation: fresh.open.generation, key: fresh.open.key };
    draft.keys.push({ state, sealed: fresh.sealed, opensLedger: false });
    draft.states.set(name, state);
    return state;
  }

  function deltaOf(requestId: Uint8Array, draft: Draft): StoredDelta | undefined {
    return draft.byRequestId.get(mapKey(requestId)) ?? parts.deltaByRequestId(requestId);
  }

  function routeOf(requestId: Uint8Array, draft: Draft): string | undefined {
    return draft.effects.get(mapKey(requestId))?.route ?? parts.routeOf(requestId);
  }

  function outcomeOf(request: DraftRequest, draft: Draft, now: number): RecordOutcome {
    const { requestId } = request;
    const replayed = requestId && deltaOf(requestId, draft);
    if (replayed) return { kind: "replayed", delta: replayed };
    const route = requestId && routeOf(requestId, draft);
    if (route !== undefined) return { kind: "refused", error: usedFor(route) };
    const drafted = draft.counts.get(request.tenant.id) ?? 0;
    const overQuota = parts.refusal(request.tenant.id, drafted, now);
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
export function notBefore(state: LedgerState, time: number): LedgerState {
  return time > state.recordedAt ? { ...state, recordedAt: time } : state;
}

/** Bytes as the key of a Map: one character each. */
export function mapKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** An idempotency key that was used before for something else. */
function usedFor(what: string): TallyrootError {
  return new TallyrootError("IDEMPOTENCY_CONFLICT", `this idempotency key was used before for ${what}`, {
    differs: ["route"],
  });
}
