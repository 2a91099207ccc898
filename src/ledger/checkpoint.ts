import { setImmediate as yieldToOthers } from "node:timers/promises";
import { addToBalance } from "../core/amount.ts";
import { toHex } from "../core/bytes.ts";
import { checkpointContradiction, EMPTY_ROOT } from "../core/checkpoint.ts";
import { invariant, TallyrootError } from "../core/errors.ts";
import { checkpointFingerprint, leafOf, selectionFingerprint } from "../core/fingerprint.ts";
import { appendLeaf, EMPTY_FRONTIER, type Frontier, HASH_BYTES, rootOf } from "../core/tree.ts";
import type { Window } from "./calendar.ts";
import type { CheckpointBatch, CheckpointStore, NewCheckpoint, StoredCheckpoint } from "./checkpoint-ports.ts";
import { balanceAfter } from "./scope.ts";
import type { Ledger, LedgerStore, StoredDelta, Tenant } from "./ports.ts";

/** Fingerprints hashed in one go: others are let in between. */
const STEP = 1_000;
/** Ledgers read at once while every customer of a tenant is gone through. */
const LEDGERS_PER_READ = 200;

type Store = LedgerStore & CheckpointStore;

/**
 * The checkpoint of one ledger over a window. The same closed window again, or an open one with nothing new, gives the same checkpoint.
 *
 * @param now Unix milliseconds.
 * @throws TallyrootError VALIDATION_ERROR for a window that has not begun.
 */
export async function checkpointLedger(store: Store, ledger: Ledger, window: Window, now: number): Promise<StoredCheckpoint> {
  refuseFuture(window, now);
  const statement = await compose(store, ledger, window, now);
  const { checkpoints } = await store.addCheckpoints([statement], batchOver(ledger.tenantId, window, statement.statementId, now));
  return checkpoints[0]!;
}

/**
 * The checkpoints of every customer of a tenant with a delta in the window, to be anchored together.
 *
 * @throws TallyrootError VALIDATION_ERROR for a window that has not begun; NOT_FOUND when no customer was active in it.
 */
export async function checkpointAll(store: Store, tenant: Tenant, window: Window, now: number): Promise<CheckpointBatch> {
  refuseFuture(window, now);
  const statements: NewCheckpoint[] = [];
  for (let offset = 0; ; offset += LEDGERS_PER_READ) {
    const ledgers = await store.ledgers(tenant.id, { offset, limit: LEDGERS_PER_READ });
    for (const ledger of ledgers) {
      const statement = await compose(store, ledger, window, now);
      if (statement.count > 0) statements.push(statement);
    }
    await yieldToOthers();
    if (ledgers.length < LEDGERS_PER_READ) break;
  }
  if (statements.length === 0) throw new TallyrootError("NOT_FOUND", "no customer has a delta in this window", { from: window.from, to: window.to });
  const { batch } = await store.addCheckpoints(statements, batchOver(tenant.id, window, batchId(tenant, statements), now));
  return batch;
}

/**
 * A statement over chosen deltas of one ledger.
 *
 * @param deltas distinct, of one ledger, in order of sequence; at least one.
 */
export async function checkpointSelection(store: Store, deltas: readonly StoredDelta[], now: number): Promise<StoredCheckpoint> {
  const [first, last] = [deltas[0], deltas.at(-1)];
  invariant(first !== undefined && last !== undefined, "a selection has a delta");
  const { ledger } = first;
  const netChange = deltas.reduce((sum, delta) => addToBalance(sum, delta.amount), 0n);
  const root = rootOf(deltas.reduce((tree, delta) => appendLeaf(tree, leafOf(delta.fingerprint)).frontier, EMPTY_FRONTIER));
  const fingerprint = selectionFingerprint({ ledger: ledger.address, count: deltas.length, netChange, root });
  const window = { from: first.recordedAt, to: last.recordedAt + 1 };
  const statement: NewCheckpoint = {
    statementId: statementIdOf(fingerprint),
    tenantId: ledger.tenantId,
    ledger,
    kind: "selection",
    ...window,
    firstSequence: first.sequence,
    count: deltas.length,
    openingBalance: 0n,
    closingBalance: netChange,
    root,
    fingerprint,
    createdAt: now,
    selection: deltas.map((delta) => delta.sequence),
  };
  const { checkpoints } = await store.addCheckpoints([statement], batchOver(ledger.tenantId, window, statement.statementId, now));
  return checkpoints[0]!;
}

/** What the API calls a statement: from its leaf, which stands in the anchor tree for everybody, never from its fingerprint. */
function statementIdOf(fingerprint: Uint8Array): string {
  return `chk_${toHex(leafOf(fingerprint)).slice(2, 26)}`;
}

function batchId(tenant: Tenant, statements: readonly NewCheckpoint[]): string {
  const tree = statements.reduce((frontier: Frontier, { fingerprint }) => appendLeaf(frontier, leafOf(fingerprint)).frontier, EMPTY_FRONTIER);
  return `chk_${tenant.id.toString(36)}_${toHex(rootOf(tree)).slice(2, 26)}`;
}

function batchOver(tenantId: number, { from, to }: Window, statementId: string, createdAt: number) {
  return { statementId, tenantId, from, to, createdAt };
}

function refuseFuture(window: Window, now: number): void {
  if (window.from > now) throw new TallyrootError("VALIDATION_ERROR", "the window has not begun yet", { from: window.from });
}

/** Re-derives the statement over a window from the stored rows. Nothing is stored. */
async function compose(store: Store, ledger: Ledger, { from, to }: Window, now: number): Promise<NewCheckpoint> {
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
    root: await windowRoot(store, ledger, before + 1, through),
  };
  const fields = { ...statement, ledger: ledger.address };
  const contradiction = checkpointContradiction(fields);
  invariant(contradiction === undefined, `a checkpoint is free of contradiction: ${contradiction}`);
  const fingerprint = checkpointFingerprint(fields);
  return { ...statement, statementId: statementIdOf(fingerprint), tenantId: ledger.tenantId, kind: "window", fingerprint, createdAt: now };
}

async function windowRoot(store: Store, ledger: Ledger, first: number, last: number): Promise<Uint8Array> {
  if (last < first) return EMPTY_ROOT;
  let frontier = EMPTY_FRONTIER;
  for (let from = first; from <= last; from += STEP) {
    const fingerprints = await store.fingerprints(ledger, from, Math.min(STEP, last - from + 1));
    for (let at = 0; at < fingerprints.length; at += HASH_BYTES) {
      frontier = appendLeaf(frontier, leafOf(fingerprints.subarray(at, at + HASH_BYTES))).frontier;
    }
    if (last - first > STEP) await yieldToOthers();
  }
  invariant(frontier.count === last - first + 1, "every delta of the window is in its root");
  return rootOf(frontier);
}
