import { concatBytes, sameBytes } from "../core/bytes.ts";
import { EMPTY_ROOT } from "../core/checkpoint.ts";
import { checkpointFingerprint, deltaFingerprint, leafOf, selectionFingerprint } from "../core/fingerprint.ts";
import { rootOfLeaves } from "../core/tree.ts";
import type { AnchorStore } from "./ports/anchoring.ts";
import type { StoredCheckpoint } from "./ports/checkpoints.ts";
import { RecordDamagedError, type StoredDelta } from "./ports/ledgers.ts";

/** Deltas read at once: few, so that they are garbage before they are old. */
const STEP = 250;

/**
 * Re-derives a checkpoint from the rows of its deltas before it is anchored: their fingerprints from their fields, the balances by
 * adding up, the root by another algorithm than the one that made it.
 *
 * @param look called between two pieces of reading.
 * @throws RecordDamagedError when the stored statement is not what the rows say.
 */
export async function rederiveCheckpoint(
  store: AnchorStore,
  checkpoint: StoredCheckpoint,
  look?: () => Promise<void>,
): Promise<void> {
  const { ledger, kind, count, openingBalance, closingBalance, root } = checkpoint;
  const wrong = (problem: string, sequence = checkpoint.firstSequence) =>
    new RecordDamagedError(`checkpoint ${checkpoint.statementId}: ${problem}`, { ledger, sequence });
  const leaves: Uint8Array[] = [];
  let balance = openingBalance;
  for await (const delta of kind === "window" ? windowOf(store, checkpoint) : selectionOf(store, checkpoint)) {
    balance += delta.amount;
    if (kind === "window" && balance !== delta.balance) throw wrong("the balances do not add up", delta.sequence);
    if (delta.recordedAt < checkpoint.from || delta.recordedAt >= checkpoint.to)
      throw wrong("the delta is outside of the window", delta.sequence);
    const fingerprint = deltaFingerprint({ ...delta, ledger: ledger.address });
    if (!sameBytes(fingerprint, delta.fingerprint))
      throw wrong("the fingerprint is not that of the fields", delta.sequence);
    leaves.push(leafOf(fingerprint));
    if (leaves.length % STEP === 0) await look?.();
  }
  if (leaves.length !== count) throw wrong(`${count} deltas are stated, ${leaves.length} are stored`);
  if (balance !== closingBalance) throw wrong("the closing balance does not add up");
  if (!sameBytes(root, leaves.length === 0 ? EMPTY_ROOT : rootOfLeaves(concatBytes(...leaves))))
    throw wrong("the root is not that of the deltas");
  const fingerprint =
    kind === "window"
      ? checkpointFingerprint({ ...checkpoint, ledger: ledger.address })
      : selectionFingerprint({ ledger: ledger.address, count, netChange: closingBalance, root });
  if (!sameBytes(fingerprint, checkpoint.fingerprint)) throw wrong("the fingerprint is not that of the fields");
}

async function* windowOf(
  store: AnchorStore,
  { ledger, firstSequence, count, openingBalance, ...checkpoint }: StoredCheckpoint,
): AsyncGenerator<StoredDelta> {
  const damaged = (problem: string) =>
    new RecordDamagedError(`checkpoint ${checkpoint.statementId}: ${problem}`, { ledger, sequence: firstSequence });
  const [before] = firstSequence > 1 ? await store.deltas(ledger, firstSequence - 1, 1) : [];
  if ((before?.balance ?? 0n) !== openingBalance) throw damaged("the opening balance is not that before the window");
  if (before && before.recordedAt >= checkpoint.from) throw damaged("a delta of the window is left out");
  for (let first = firstSequence; first < firstSequence + count; first += STEP) {
    yield* await store.deltas(ledger, first, Math.min(STEP, firstSequence + count - first));
  }
}

async function* selectionOf(store: AnchorStore, { id, ledger }: StoredCheckpoint): AsyncGenerator<StoredDelta> {
  for (let offset = 0; ; offset += STEP) {
    const sequences = await store.selectionOf(id, { offset, limit: STEP });
    for (const sequence of sequences) yield* await store.deltas(ledger, sequence, 1);
    if (sequences.length < STEP) return;
  }
}
