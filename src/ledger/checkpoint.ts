import { addToBalance } from "../core/amount.ts";
import { toHex } from "../core/bytes.ts";
import { checkpointContradiction, EMPTY_ROOT } from "../core/checkpoint.ts";
import { invariant, TallyrootError } from "../core/errors.ts";
import { checkpointFingerprint, leafOf, selectionFingerprint } from "../core/fingerprint.ts";
import { appendLeaf, EMPTY_FRONTIER, HASH_BYTES, rootOf } from "../core/tree.ts";
import type { Window } from "./calendar.ts";
import { type Asked, earlierEffect, effectNote } from "./idempotent.ts";
import { openPause, type Pause } from "./in-steps.ts";
import type { CheckpointStore, NewCheckpoint } from "./ports/checkpoints.ts";
import type { EffectStore } from "./ports/effects.ts";
import type { Ledger, LedgerStore, StoredDelta, Tenant } from "./ports/ledgers.ts";
import { balanceAfter } from "./scope.ts";

/** Fingerprints read and hashed in one go: about a millisecond. */
const STEP = 250;
/** Ledgers read at once while every customer of a tenant is gone through. */
const LEDGERS_PER_READ = 200;

type Store = LedgerStore & CheckpointStore & EffectStore;

/** When a statement is asked for, in Unix milliseconds, and by which request if it may be a repetition. */
export type Asking = { now: number; asked?: Asked };

/** The name of the statement that was made or found, and whether the request itself was a repetition. */
export type Made = { statementId: string; replayed: boolean };

/**
 * Makes the checkpoint of one ledger over a window. The same closed window again, or an open one with nothing new, is the same checkpoint.
 *
 * @throws TallyrootError VALIDATION_ERROR for a window that has not begun; IDEMPOTENCY_CONFLICT
 */
export async function checkpointLedger(store: Store, ledger: Ledger, window: Window, asking: Asking): Promise<Made> {
  refuseFuture(window, asking.now);
  const statement = await compose(store, ledger, window, { now: asking.now, pause: openPause() });
  return add(store, [statement], statement.statementId, asking);
}

/**
 * Makes the checkpoints of every customer of a tenant with a delta in the window, to be anchored together.
 *
 * @returns undefined when no customer was active in the window: nothing is made then.
 * @throws TallyrootError VALIDATION_ERROR for a window that has not begun; IDEMPOTENCY_CONFLICT
 */
export async function checkpointAll(
  store: Store,
  tenant: Tenant,
  window: Window,
  asking: Asking,
): Promise<Made | undefined> {
  refuseFuture(window, asking.now);
  const pause = openPause();
  const statements: NewCheckpoint[] = [];
  let tree = EMPTY_FRONTIER;
  for (let offset = 0; ; offset += LEDGERS_PER_READ) {
    const ledgers = await store.ledgers(tenant.id, { offset, limit: LEDGERS_PER_READ });
    for (const ledger of ledgers) {
      await pause();
      const statement = await compose(store, ledger, window, { now: asking.now, pause });
      if (statement.count === 0) continue;
      statements.push(statement);
      tree = appendLeaf(tree, leafOf(statement.fingerprint)).frontier;
    }
    if (ledgers.length < LEDGERS_PER_READ) break;
  }
  if (statements.length === 0) return undefined;
  return add(store, statements, `chk_${tenant.id.toString(36)}_${shortHex(rootOf(tree))}`, asking);
}

/**
 * Makes a statement over chosen deltas of one ledger.
 *
 * @param deltas distinct, of one ledger, in order of sequence; at least one.
 * @throws TallyrootError IDEMPOTENCY_CONFLICT
 */
export async function checkpointSelection(store: Store, deltas: readonly StoredDelta[], asking: Asking): Promise<Made> {
  const [first, last] = [deltas[0], deltas.at(-1)];
  invariant(first !== undefined && last !== undefined, "a selection has a delta");
  const { ledger } = first;
  const pause = openPause();
  let netChange = 0n;
  let tree = EMPTY_FRONTIER;
  for (const delta of deltas) {
    netChange = addToBalance(netChange, delta.amount);
    tree = appendLeaf(tree, leafOf(delta.fingerprint)).frontier;
    await pause();
  }
  const root = rootOf(tree);
  const fingerprint = selectionFingerprint({ ledger: ledger.address, count: deltas.length, netChange, root });
  const statement: NewCheckpoint = {
    statementId: statementIdOf(fingerprint),
    tenantId: ledger.tenantId,
    ledger,
    kind: "selection",
    from: first.recordedAt,
    to: last.recordedAt + 1,
    firstSequence: first.sequence,
    count: deltas.length,
    openingBalance: 0n,
    closingBalance: netChange,
    root,
    fingerprint,
    createdAt: asking.now,
    selection: deltas.map((delta) => delta.sequence),
  };
  return add(store, [statement], statement.statementId, asking);
}

async function add(
  store: Store,
  statements: readonly NewCheckpoint[],
  statementId: string,
  { now, asked }: Asking,
): Promise<Made> {
  const { tenantId, from, to } = statements[0]!;
  const note = asked && effectNote(asked, statementId, now);
  const outcome = await store.addCheckpoints(statements, { statementId, tenantId, from, to, createdAt: now }, note);
  if (outcome === "added") return { statementId, replayed: false };
  // The same request came twice at once, and the other one was first.
  const earlier = await earlierEffect(store, asked!);
  invariant(earlier !== undefined, "a request that is repeated has an effect");
  return { statementId: earlier, replayed: true };
}

/** What the API calls a statement: from its leaf, which stands in the anchor tree for everybody, never from its fingerprint. */
function statementIdOf(fingerprint: Uint8Array): string {
  return `chk_${shortHex(leafOf(fingerprint))}`;
}

function shortHex(hash: Uint8Array): string {
  return toHex(hash).slice(2, 26);
}

function refuseFuture(window: Window, now: number): void {
  if (window.from <= now) return;
  throw new TallyrootError("VALIDATION_ERROR", "the window has not begun yet", { from: window.from });
}

/** Derives the statement over a window from the stored rows. Nothing is stored. */
async function compose(
  store: LedgerStore,
  ledger: Ledger,
  { from, to }: Window,
  { now, pause }: { now: number; pause: Pause },
): Promise<NewCheckpoint> {
  const before = await store.countBefore(ledger, from);
  const through = await store.countBefore(ledger, to);
  const statement = {
    ledger,
    from,
    to,
    firstSequence: before + 1,
    count: through - before,
    openingBalance: await balanceAfter(store, ledger, before),
    closingBalance: await balanceAfter(store, ledger, through),
    root: await windowRoot(store, ledger, { first: before + 1, last: through, pause }),
  };
  const fields = { ...statement, ledger: ledger.address };
  const contradiction = checkpointContradiction(fields);
  invariant(contradiction === undefined, `a checkpoint is free of contradiction: ${contradiction}`);
  const fingerprint = checkpointFingerprint(fields);
  return {
    ...statement,
    statementId: statementIdOf(fingerprint),
    tenantId: ledger.tenantId,
    kind: "window",
    fingerprint,
    createdAt: now,
  };
}

async function windowRoot(
  store: LedgerStore,
  ledger: Ledger,
  { first, last, pause }: { first: number; last: number; pause: Pause },
): Promise<Uint8Array> {
  if (last < first) return EMPTY_ROOT;
  let tree = EMPTY_FRONTIER;
  for (let from = first; from <= last; from += STEP) {
    const fingerprints = await store.fingerprints(ledger, from, Math.min(STEP, last - from + 1));
    for (let at = 0; at < fingerprints.length; at += HASH_BYTES) {
      tree = appendLeaf(tree, leafOf(fingerprints.subarray(at, at + HASH_BYTES))).frontier;
    }
    await pause();
  }
  invariant(tree.count === last - first + 1, "every delta of the window is in its root");
  return rootOf(tree);
}
