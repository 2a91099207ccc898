import { concatBytes, sameBytes } from "../core/bytes.ts";
import { commitmentOf } from "../core/content.ts";
import { invariant } from "../core/errors.ts";
import { deltaFingerprint, type Head, leafOf } from "../core/fingerprint.ts";
import { appendLeaf, extendedRoot, type Frontier, peakPositions, rootOf } from "../core/tree.ts";
import type { Contents } from "./contents.ts";
import type { AnchorStore } from "./ports/anchoring.ts";
import { type AnchoredHead, type Ledger, RecordDamagedError, type StoredDelta } from "./ports/ledgers.ts";
import { SealBrokenError } from "./seal.ts";

/** Deltas read at once: few, so that they are garbage before they are old. */
const STEP = 250;
/** Deltas of one ledger that one head takes in at most: their leaves are in memory together, 32 bytes each. */
export const MOST_PER_HEAD = 1_000_000;

type Parts = {
  store: AnchorStore;
  contents: Contents;
  /** Called before each piece of reading. */
  look?: (() => Promise<void>) | undefined;
  /** Deltas that the head takes in at most; `MOST_PER_HEAD` unless a drill needs less. */
  mostPerHead?: number | undefined;
};

/** Where a ledger stands before its next delta, as far as the rows have been re-derived. */
type Reached = { balance: bigint; recordedAt: number; frontier: Frontier };

/**
 * The head of a ledger, re-derived from the stored rows since its last anchored head.
 *
 * The rows' own hashes are not believed: commitment, fingerprint, balance, tree nodes and root are computed anew, the root by
 * another algorithm than the recorder's, and compared with what is stored. A stored node that was changed, a row that was edited,
 * and a bug in the recorder all end here and not on the chain.
 *
 * @param last the sequence of the ledger's last delta.
 * @throws RecordDamagedError naming the first row that is wrong and how.
 */
export async function rederiveHead(
  parts: Parts,
  ledger: Ledger,
  previous: AnchoredHead | undefined,
  last: number,
): Promise<Head> {
  const { store, look, mostPerHead = MOST_PER_HEAD } = parts;
  const before = previous?.count ?? 0;
  if (last < before)
    throw new RecordDamagedError("the delta is missing, although it was anchored", {
      ledger,
      sequence: last + 1,
    });
  const count = Math.min(last, before + mostPerHead);
  const known = { count: before, peaks: await store.nodes(ledger, peakPositions(before)) };
  if (previous && !sameBytes(rootOf(known), previous.root))
    throw new RecordDamagedError("the stored tree no longer gives the root that was anchored", {
      ledger,
      sequence: before,
    });

  const leaves: Uint8Array[] = [];
  // Looked up once a content does not open, and not before: erasing may come in between.
  const isErased = async (generation: number) =>
    (await store.keysOf(ledger.id)).some((key) => key.generation === generation && key.wrapped === null);
  let reached: Reached = {
    balance: previous?.balance ?? 0n,
    recordedAt: 0,
    frontier: known,
  };
  // The delta before is read with them: they were recorded after it.
  for (let first = Math.max(1, before); first <= count; first += STEP) {
    await look?.();
    const limit = Math.min(STEP, count - first + 1);
    const deltas = await store.deltas(ledger, first, limit);
    for (const [i, delta] of deltas.entries()) {
      if (delta.sequence === before) {
        reached = { ...reached, recordedAt: delta.recordedAt };
        continue;
      }
      if (delta.sequence !== first + i)
        throw new RecordDamagedError("the delta is missing", { ledger, sequence: first + i });
      const leaf = await leafOfRow(parts.contents, delta, reached, isErased);
      leaves.push(leaf);
      reached = {
        balance: delta.balance,
        recordedAt: delta.recordedAt,
        frontier: frontierAfter(delta, leaf, reached.frontier),
      };
    }
    if (deltas.length !== limit)
      throw new RecordDamagedError("the delta is missing", { ledger, sequence: first + deltas.length });
  }

  const root = extendedRoot(known, concatBytes(...leaves));
  invariant(sameBytes(rootOf(reached.frontier), root), "both ways of computing the ledger's root agree");
  return { ledger: ledger.address, count, balance: reached.balance, root };
}

/** The leaf that a row's fields give, once they have been found to be what they must be. */
async function leafOfRow(
  contents: Contents,
  delta: StoredDelta,
  { balance, recordedAt }: Reached,
  isErased: (generation: number) => Promise<boolean>,
): Promise<Uint8Array> {
  const wrong = (problem: string) => new RecordDamagedError(problem, delta);
  if (delta.balance !== balance + delta.amount) throw wrong("the running balance does not add up");
  if (delta.recordedAt < recordedAt) throw wrong("it was recorded before its predecessor");
  const content = await contents.contentOf(delta).catch((error: unknown) => {
    if (!(error instanceof SealBrokenError)) throw error;
    throw wrong("the sealed content does not open");
  });
  if (!content && !(await isErased(delta.generation))) throw wrong("the key of its content is missing");
  if (content && !sameBytes(commitmentOf(content), delta.commitment))
    throw wrong("the commitment is not that of the content");
  const fingerprint = deltaFingerprint({ ...delta, ledger: delta.ledger.address });
  if (!sameBytes(fingerprint, delta.fingerprint)) throw wrong("the fingerprint is not that of the fields");
  return leafOf(fingerprint);
}

/** The tree after a row, once the nodes stored with the row are those that it completed. */
function frontierAfter(delta: StoredDelta, leaf: Uint8Array, before: Frontier): Frontier {
  const { frontier, completed } = appendLeaf(before, leaf);
  if (!sameBytes(concatBytes(...completed), delta.nodes))
    throw new RecordDamagedError("the stored tree nodes are not those of the deltas", delta);
  return frontier;
}
