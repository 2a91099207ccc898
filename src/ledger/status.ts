import { invariant } from "../core/errors.ts";
import type { CheckpointStore, StoredCheckpoint } from "./ports/checkpoints.ts";
import type { Anchor, AnchoredHead, Ledger, LedgerStore } from "./ports/ledgers.ts";

/** The life of a delta; FAILED is what was refused for good. */
export type DeltaStatus = "QUEUED" | "PROCESSING" | "VERIFIED" | "FAILED";

/** Where a delta is: in no anchor yet, or in one that is on its way or final. */
export type Standing = { status: DeltaStatus; head?: AnchoredHead; anchor?: Anchor };

/** Heads read at once at most, while the standings of a page are looked up. */
const HEADS_PER_READ = 100;

/**
 * The standings of deltas `first` … `last` of a ledger, in order. Derived, never written: a delta is as far as the earliest
 * anchored head that reaches it.
 */
export async function standings(store: LedgerStore, ledger: Ledger, first: number, last: number): Promise<Standing[]> {
  const result: Standing[] = [];
  const anchors = new Map<number, Anchor>();
  const perRead = Math.min(HEADS_PER_READ, last - first + 1);
  let heads = await store.headsFrom(ledger.id, first, perRead);
  let next = 0;
  for (let sequence = first; sequence <= last; sequence++) {
    while (next < heads.length && heads[next]!.count < sequence) next += 1;
    if (next === heads.length && heads.length === perRead) {
      heads = await store.headsFrom(ledger.id, sequence, perRead);
      next = 0;
    }
    const head = heads[next];
    if (!head) {
      result.push({ status: "QUEUED" });
      continue;
    }
    const anchor = anchors.get(head.anchorIndex) ?? (await store.anchor(head.anchorIndex));
    invariant(anchor !== undefined, "an anchored head is in an anchor");
    anchors.set(head.anchorIndex, anchor);
    result.push({ status: anchor.state === "confirmed" ? "VERIFIED" : "PROCESSING", head, anchor });
  }
  return result;
}

export async function standingOf(store: LedgerStore, ledger: Ledger, sequence: number): Promise<Standing> {
  const [standing] = await standings(store, ledger, sequence, sequence);
  return standing!;
}

/** How far a checkpoint is, and its place in its anchor once it is in one. */
export async function standingOfCheckpoint(
  store: LedgerStore & CheckpointStore,
  checkpoint: Pick<StoredCheckpoint, "id">,
): Promise<{ status: "QUEUED" | "PROCESSING" | "VERIFIED"; anchor?: Anchor; position?: number }> {
  const leaf = await store.checkpointLeaf(checkpoint.id);
  if (!leaf) return { status: "QUEUED" };
  const anchor = await store.anchor(leaf.anchorIndex);
  invariant(anchor !== undefined, "a checkpoint's leaf is in an anchor");
  return { status: anchor.state === "confirmed" ? "VERIFIED" : "PROCESSING", anchor, position: leaf.position };
}
