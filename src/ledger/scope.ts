import { fromHex, sameBytes } from "../core/bytes.ts";
import { invariant, TallyrootError } from "../core/errors.ts";
import { parseRecordId } from "../core/record-id.ts";
import type { AsOf, NamedWindow, ScopeRequest, StartingPoint } from "../core/scope.ts";
import { monthWindow, periodOf, type Window } from "./calendar.ts";
import { latestOf } from "./customers.ts";
import type { CheckpointStore } from "./ports/checkpoints.ts";
import type { Ledger, LedgerStore, StoredDelta } from "./ports/ledgers.ts";

/** The widest window that a request may name, in months of 31 days. */
export const MAX_SCOPE_MONTHS = 120;
const MONTH_MS = 31 * 86_400_000;

/** A part of a ledger: deltas first … last (none when last < first), and the balances around it, in units of 10^-18. */
export type Scope = {
  ledger: Ledger;
  first: number;
  last: number;
  /** The ledger's own running balance before the scope. */
  openingBalance: bigint;
  /** The ledger's own running balance after it. */
  closingBalance: bigint;
  /** What the caller starts from. */
  startingBalance: bigint;
  window: Window;
  /** The month, where the scope is exactly one. */
  period: string | undefined;
  /** Its last delta, where it has one. */
  latest: StoredDelta | undefined;
};

/** The window that a request names, in Unix milliseconds. @throws TallyrootError SCOPE_TOO_WIDE */
export function windowOf(named: NamedWindow, now: number): Window & { period: string | undefined } {
  if (named.kind === "month") return { ...monthWindow(named.period), period: named.period };
  if (named.kind === "current_month") return { ...monthWindow(periodOf(now)), period: periodOf(now) };
  if (named.to - named.from > MAX_SCOPE_MONTHS * MONTH_MS) {
    throw new TallyrootError("SCOPE_TOO_WIDE", `a scope spans at most ${MAX_SCOPE_MONTHS} months`, {
      maxScopeMonths: MAX_SCOPE_MONTHS,
    });
  }
  return { from: named.from, to: named.to, period: undefined };
}

type Store = LedgerStore & CheckpointStore;

/**
 * Finds the deltas of a scope. The cost is that of a few bisections, whatever the ledger's length.
 *
 * @throws TallyrootError NOT_FOUND for a starting point that this ledger does not have; VALIDATION_ERROR; SCOPE_TOO_WIDE
 */
export async function resolveScope(store: Store, ledger: Ledger, request: ScopeRequest, now: number): Promise<Scope> {
  const latest = await latestOf(store, ledger);
  // Most scopes end with the ledger: its last delta is read once.
  const at = async (sequence: number) =>
    sequence === latest.sequence ? latest : await deltaAt(store, ledger, sequence);
  const balanceAt = async (sequence: number) => (sequence === 0 ? 0n : (await at(sequence)).balance);
  const named = request.window && windowOf(request.window, now);
  const start = request.startingPoint && (await startAfter(store, ledger, request.startingPoint));
  const from = named ? (await store.countBefore(ledger, named.from)) + 1 : (start?.sequence ?? 0) + 1;

  let last = latest.sequence;
  if (named) last = await store.countBefore(ledger, named.to);
  else if (request.at && "time" in request.at) last = await store.countBefore(ledger, request.at.time);
  else if (request.at) {
    if (request.at.sequence > latest.sequence)
      throw new TallyrootError("VALIDATION_ERROR", `at: the ledger has ${latest.sequence} deltas`, {
        issues: [{ path: "at", message: "is beyond the record" }],
      });
    last = request.at.sequence;
  }
  if (request.finality === "verified") last = Math.min(last, (await store.anchoredCounts(ledger.id)).confirmed);

  const openingBalance = start?.balance ?? (await balanceAt(from - 1));
  return {
    ledger,
    first: from,
    last: Math.max(last, from - 1),
    openingBalance,
    closingBalance: last >= from ? await balanceAt(last) : openingBalance,
    startingBalance: request.startingBalance ?? start?.balance ?? 0n,
    window: named ?? (await windowAround(at, { ledger, latest, after: start?.sequence ?? 0, last, asOf: request.at })),
    period: named?.period,
    latest: last >= from ? await at(last) : undefined,
  };
}

/** The times of a scope that was not named by times: from the point that it starts after, to the end of its last delta or as of when it is. */
async function windowAround(
  at: (sequence: number) => Promise<StoredDelta>,
  {
    ledger,
    latest,
    after,
    last,
    asOf,
  }: { ledger: Ledger; latest: StoredDelta; after: number; last: number; asOf: AsOf | undefined },
): Promise<Window> {
  const from = after === 0 ? ledger.openedAt : (await at(after)).recordedAt;
  const end = last > after ? (await at(last)).recordedAt + 1 : from;
  return {
    from,
    to: asOf && "time" in asOf ? Math.max(end, Math.min(asOf.time, latest.recordedAt + 1)) : end,
  };
}

async function deltaAt(store: LedgerStore, ledger: Ledger, sequence: number): Promise<StoredDelta> {
  const delta = await store.delta(ledger, sequence);
  invariant(delta !== undefined, "a sequence within the ledger is stored");
  return delta;
}

/** The ledger's running balance after a sequence; 0 before the first. */
export async function balanceAfter(store: LedgerStore, ledger: Ledger, sequence: number): Promise<bigint> {
  return sequence === 0 ? 0n : (await deltaAt(store, ledger, sequence)).balance;
}

async function startAfter(
  store: Store,
  ledger: Ledger,
  point: StartingPoint,
): Promise<{ sequence: number; balance: bigint }> {
  const unknown = () =>
    new TallyrootError("NOT_FOUND", `this ledger has no ${point.type} ${point.id}`, { startingCheckpoint: point.id });
  if (point.type === "proofRoot" || point.type === "itemsRoot") {
    if (!/^0x[0-9a-f]{64}$/.test(point.id)) throw unknown();
    const hash = fromHex(point.id, 32);
    const found =
      point.type === "proofRoot"
        ? await store.checkpointByFingerprint(hash)
        : await store.checkpointByRoot(ledger.id, hash);
    if (!found || found.ledger.id !== ledger.id || found.kind !== "window") throw unknown();
    return { sequence: found.firstSequence + found.count - 1, balance: found.closingBalance };
  }
  if (point.type === "recordId") {
    const place = parseRecordId(point.id);
    const delta =
      place && sameBytes(place.ledger, ledger.address) ? await store.delta(ledger, place.sequence) : undefined;
    if (!delta) throw unknown();
    return { sequence: delta.sequence, balance: delta.balance };
  }
  const head = /^[1-9][0-9]{0,15}$/.test(point.id) ? await store.headIn(ledger.id, Number(point.id)) : undefined;
  if (!head) throw unknown();
  return { sequence: head.count, balance: head.balance };
}
