import { concatBytes, sameBytes } from "../core/bytes.ts";
import { invariant } from "../core/errors.ts";
import { headFingerprint, leafOf } from "../core/fingerprint.ts";
import { appendLeaf, EMPTY_FRONTIER, rootOf, rootOfLeaves } from "../core/tree.ts";
import type { Contents } from "./contents.ts";
import type { AnchorLeaf, AnchorStore, Moments } from "./ports/anchoring.ts";
import type { Anchor } from "./ports/ledgers.ts";
import { rederiveHead } from "./rederive.ts";
import { rederiveCheckpoint } from "./rederive-checkpoint.ts";

/** Leaves stored at once while an anchor is being collected: recording waits no longer than that takes. */
const LEAF_STEP = 250;
/** Checkpoints read at once. */
const CHECKPOINT_STEP = 200;

type Parts = {
  store: AnchorStore;
  contents: Contents;
  clock: () => number;
  signal: AbortSignal;
  mostPerHead?: number | undefined;
};

/**
 * Makes the next anchor out of every ledger that moved and every checkpoint made since the last one, all re-derived by a second path.
 * Undefined when there is nothing new.
 *
 * @throws RecordDamagedError naming the first row that is wrong and how.
 */
export async function collect(parts: Parts): Promise<Anchor | undefined> {
  const { store, clock } = parts;
  const latest = await store.latest();
  const index = (latest?.anchor.index ?? 0) + 1;
  await store.dropLeavesFrom(index);
  const moments = store.moments();
  const tree = growTree(store, moments, index);
  try {
    const through = await addHeads(parts, tree, moments, latest?.through ?? 0);
    const throughCheckpoint = await addCheckpoints(parts, tree, moments, latest?.throughCheckpoint ?? 0);
    const grown = await tree.finish();
    if (!grown) return undefined;
    await store.prepare({ index, ...grown, through, throughCheckpoint, createdAt: clock() });
  } finally {
    moments.end();
  }
  return store.anchor(index);
}

type Tree = ReturnType<typeof growTree>;

/** The anchor's tree while it grows: each leaf is stored with the nodes that it completes. */
function growTree(store: AnchorStore, moments: Moments, index: number) {
  let frontier = EMPTY_FRONTIER;
  let waiting: AnchorLeaf[] = [];
  const leaves: Uint8Array[] = [];
  const put = async () => {
    moments.end();
    await store.addLeaves(index, frontier.count - waiting.length, waiting);
    waiting = [];
  };
  return {
    async add(leaf: Omit<AnchorLeaf, "nodes">): Promise<void> {
      const { frontier: next, completed } = appendLeaf(frontier, leaf.leaf);
      frontier = next;
      leaves.push(leaf.leaf);
      waiting.push({ ...leaf, nodes: concatBytes(...completed) });
      if (waiting.length === LEAF_STEP) await put();
    },
    async finish(): Promise<{ root: Uint8Array; size: number } | undefined> {
      if (frontier.count === 0) return undefined;
      await put();
      const root = rootOf(frontier);
      invariant(
        sameBytes(root, rootOfLeaves(concatBytes(...leaves))),
        "both ways of computing the anchor's root agree",
      );
      return { root, size: frontier.count };
    },
  };
}

/** Adds the heads of ledgers that moved. @returns how far the deltas have been looked at. */
async function addHeads(
  { store, contents, signal, mostPerHead }: Parts,
  tree: Tree,
  moments: Moments,
  before: number,
): Promise<number> {
  const { ledgers, through } = await store.moved(before);
  // A ledger that moved further than one head takes in is looked at again for the next anchor.
  let whole = true;
  for (const { ledgerId, last } of ledgers) {
    signal.throwIfAborted();
    await moments.look();
    const ledger = await store.ledger(ledgerId);
    const previous = await store.lastHead(ledgerId);
    // Not what has come since: a head that reached further would leave the next round nothing to go forward with.
    if (previous?.count === last) continue;
    const head = await rederiveHead({ store, contents, look: moments.look, mostPerHead }, ledger, previous, last);
    if (head.count !== last) whole = false;
    const leaf = leafOf(headFingerprint(head));
    await tree.add({
      ledgerId,
      count: Number(head.count),
      balance: head.balance,
      root: head.root,
      leaf,
      checkpointId: null,
    });
  }
  return whole ? through : before;
}

/** Adds the checkpoints whose batch is complete. @returns the last of them. */
async function addCheckpoints({ store, signal }: Parts, tree: Tree, moments: Moments, before: number): Promise<number> {
  for (let after = before; ; ) {
    signal.throwIfAborted();
    const checkpoints = await store.completeCheckpoints(after, CHECKPOINT_STEP);
    for (const checkpoint of checkpoints) {
      await moments.look();
      await rederiveCheckpoint(store, checkpoint, moments.look);
      const { id, ledger, count, closingBalance, root, fingerprint } = checkpoint;
      await tree.add({
        ledgerId: ledger.id,
        count,
        balance: closingBalance,
        root,
        leaf: leafOf(fingerprint),
        checkpointId: id,
      });
      after = id;
    }
    if (checkpoints.length < CHECKPOINT_STEP) return after;
  }
}
