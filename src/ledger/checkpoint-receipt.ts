import { sameBytes } from "../core/bytes.ts";
import { EMPTY_ROOT } from "../core/checkpoint.ts";
import { invariant } from "../core/errors.ts";
import { type Delta, deltaFingerprint, leafOf } from "../core/fingerprint.ts";
import { type CheckpointReceipt, encodeReceipt, receiptText } from "../core/receipt.ts";
import { appendLeaf, EMPTY_FRONTIER, rootOf } from "../core/tree.ts";
import { openPause } from "./in-steps.ts";
import type { AnchorPlace } from "./ports/anchoring.ts";
import type { CheckpointStore, StoredCheckpoint } from "./ports/checkpoints.ts";
import type { LedgerStore } from "./ports/ledgers.ts";
import { anchorProofOf, deltaFieldsOf, type NotYet, referenceOf, verified } from "./receipts.ts";
import { standingOfCheckpoint } from "./status.ts";

/** Deltas read and checked in one go. */
const STEP = 50;

/**
 * The receipt of a checkpoint over a window, verified before it is given away. It does not list the window's deltas.
 *
 * @throws Error (our bug, or a damaged record) when the receipt does not verify.
 */
export async function checkpointReceiptOf(
  { store, place }: { store: LedgerStore & CheckpointStore; place: AnchorPlace },
  checkpoint: StoredCheckpoint,
): Promise<CheckpointReceipt | NotYet> {
  const { ledger } = checkpoint;
  invariant(checkpoint.kind === "window", "a selection has no receipt of its own");
  const { status, anchor, position } = await standingOfCheckpoint(store, checkpoint);
  if (status !== "VERIFIED") return { notYet: status };
  invariant(anchor !== undefined && position !== undefined, "a verified checkpoint is in an anchor");
  const { from, to, firstSequence, count, openingBalance, closingBalance, root } = checkpoint;
  return verified({
    kind: "checkpoint",
    receiptId: checkpoint.fingerprint,
    checkpoint: { ledger: ledger.address, from, to, firstSequence, count, openingBalance, closingBalance, root },
    anchorProof: await anchorProofOf(store, anchor, position),
    anchor: referenceOf(place, anchor),
  });
}

/**
 * The deltas of a window, checked on the way: their fingerprints from their fields, the balances by adding up, and at the end the root.
 *
 * @throws Error (our bug, or a damaged record) when they are not what the checkpoint states.
 */
async function* deltasIn(store: LedgerStore, checkpoint: StoredCheckpoint): AsyncGenerator<Delta[]> {
  const { ledger, firstSequence, count, openingBalance, closingBalance, root } = checkpoint;
  const pause = openPause();
  let balance = openingBalance;
  let tree = EMPTY_FRONTIER;
  for (let first = firstSequence; first < firstSequence + count; first += STEP) {
    const rows = await store.deltas(ledger, first, Math.min(STEP, firstSequence + count - first));
    const deltas = rows.map(deltaFieldsOf);
    for (const delta of deltas) {
      balance += delta.amount;
      invariant(delta.balance === balance, `the balance after delta ${delta.sequence} adds up`);
      tree = appendLeaf(tree, leafOf(deltaFingerprint(delta))).frontier;
    }
    yield deltas;
    await pause();
  }
  const found = tree.count === 0 ? EMPTY_ROOT : rootOf(tree);
  invariant(tree.count === count && balance === closingBalance, "a window's deltas are as many and as much as stated");
  invariant(sameBytes(found, root), "a window's deltas give its root");
}

/**
 * The file of a checkpoint's receipt with the deltas of its window listed, in pieces: the same text as `receiptText` makes of the whole, but
 * at no time are all of the deltas in memory, and others are let in between.
 *
 * @param receipt the receipt without them, verified.
 * @returns once every delta has been checked.
 */
export async function listedReceiptText(
  store: LedgerStore,
  checkpoint: StoredCheckpoint,
  receipt: CheckpointReceipt,
): Promise<AsyncGenerator<string>> {
  for await (const _ of deltasIn(store, checkpoint));
  return piecesOf(deltasIn(store, checkpoint), receipt);
}

async function* piecesOf(parts: AsyncIterable<Delta[]>, receipt: CheckpointReceipt): AsyncGenerator<string> {
  const whole = receiptText({ ...receipt, deltas: [] });
  const at = whole.indexOf("[]", whole.indexOf('"deltas"'));
  let before = `${whole.slice(0, at)}[\n`;
  let empty = true;
  for await (const deltas of parts) {
    const encoded = encodeReceipt({ ...receipt, deltas }).deltas as object[];
    const texts = encoded.map((delta) => JSON.stringify(delta, null, 2).replaceAll(/^/gm, "    "));
    yield before + texts.join(",\n");
    before = ",\n";
    empty = false;
  }
  yield empty ? whole : `\n  ]${whole.slice(at + 2)}`;
}
