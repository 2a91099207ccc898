import { invariant } from "../core/errors.ts";
import { verifyConsistency } from "../core/proof.ts";
import { consistencyPositions, consistencyProof, peakPositions, rootOf } from "../core/tree.ts";
import type { Ledger, LedgerStore } from "./ports/ledgers.ts";
import { readerOver } from "./receipts.ts";

/** A ledger's tree after some deltas. Undefined root: before the first. */
export type TreeAt = { count: number; root: Uint8Array | undefined };

/** The root of a ledger's tree after `count` deltas, from the stored nodes: O(log count) reads. */
export async function rootAt(store: LedgerStore, ledger: Ledger, count: number): Promise<Uint8Array | undefined> {
  if (count === 0) return undefined;
  return rootOf({ count, peaks: await store.nodes(ledger, peakPositions(count)) });
}

/**
 * The proof that a ledger's tree after `second` deltas extends its tree after `first` (RFC 9162 §2.1.4), verified before it is
 * given away. Empty when nothing was there first, or nothing came after.
 */
export async function proveConsistency(
  store: LedgerStore,
  ledger: Ledger,
  first: number,
  second: number,
): Promise<{ earlier: TreeAt; later: TreeAt; proof: Uint8Array[] }> {
  const earlier = { count: first, root: await rootAt(store, ledger, first) };
  const later = { count: second, root: await rootAt(store, ledger, second) };
  if (!earlier.root || !later.root || first === second) return { earlier, later, proof: [] };
  const positions = consistencyPositions(first, second);
  const proof = consistencyProof(first, second, readerOver(positions, await store.nodes(ledger, positions)));
  invariant(
    verifyConsistency(first, second, earlier.root, later.root, proof),
    "a consistency proof verifies before it is sent",
  );
  return { earlier, later, proof };
}
