import { type Hex, toHex } from "../core/bytes.ts";
import { inclusionPositions, inclusionProof } from "../core/tree.ts";
import type { LedgerStore, StoredDelta } from "./ports/ledgers.ts";
import { readerOver } from "./receipts.ts";

/** Hashes of a delta, and the siblings that lead from it to its ledger's root. */
export type DeltaProof = { proofHash: Hex; contentHash: Hex; previousProofHash: Hex | null; itemHashes: Hex[] };

/** The proof of a delta in the first `count` deltas of its ledger. */
export async function proofOfDelta(
  store: Pick<LedgerStore, "delta" | "nodes">,
  delta: StoredDelta,
  count: number,
): Promise<DeltaProof> {
  const index = delta.sequence - 1;
  const previous = index > 0 ? await store.delta(delta.ledger, index) : undefined;
  const positions = inclusionPositions(index, count);
  const nodes = await store.nodes(delta.ledger, positions);
  return {
    proofHash: toHex(delta.fingerprint),
    contentHash: toHex(delta.commitment),
    previousProofHash: previous ? toHex(previous.fingerprint) : null,
    itemHashes: inclusionProof(index, count, readerOver(positions, nodes)).map(toHex),
  };
}
