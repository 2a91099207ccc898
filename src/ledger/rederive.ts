import { concatBytes, sameBytes, toHex } from "../core/bytes.ts";
import { commitmentOf } from "../core/content.ts";
import { deltaFingerprint, type Head, leafOf } from "../core/fingerprint.ts";
import { extendedRoot, peakPositions, rootOf } from "../core/tree.ts";
import type { Contents } from "./contents.ts";
import type { AnchoredHead, AnchorStore, Ledger, StoredDelta } from "./ports.ts";

/** Deltas read at once. */
const STEP = 1_000;
/** Deltas of one ledger that one head takes in at most: their leaves are in memory together, 32 bytes each. */
const MOST_PER_HEAD = 1_000_000;

/** A stored row is not what its own fields say. The record was changed, or our code is wrong; either way nothing may be anchored. */
export class RecordDamagedError extends Error {
  override readonly name = "RecordDamagedError";
  readonly ledger: string;
  readonly sequence: number;

  constructor(ledger: Ledger, sequence: number, problem: string) {
    super(`ledger ${toHex(ledger.address)}, sequence ${sequence}: ${problem}`);
    this.ledger = toHex(ledger.address);
    this.sequence = sequence;
  }
}

/**
 * The head of a ledger, re-derived from the stored rows since its last anchored head.
 *
 * The rows' own hashes are not believed: commitment, fingerprint, balance and root are computed anew, the root by another
 * algorithm than the recorder's, and compared with what is stored. A stored node that was changed, a row that was edited, and a
 * bug in the recorder all end here and not on the chain.
 *
 * @throws RecordDamagedError naming the first row that is wrong and how.
 */
export async function rederiveHead(parts: { store: AnchorStore; contents: Contents }, ledger: Ledger, previous: AnchoredHead | undefined, last: StoredDelta): Promise<Head> {
  const { store } = parts;
  const before = previous?.count ?? 0;
  const count = Math.min(last.sequence, before + MOST_PER_HEAD);
  const known = { count: before, peaks: await store.nodes(ledger, peakPositions(before)) };
  if (previous && !sameBytes(rootOf(known), previous.root)) throw new RecordDamagedError(ledger, before, "the stored tree no longer gives the root that was anchored");

  const leaves: Uint8Array[] = [];
  let balance = previous?.balance ?? 0n;
  let recordedAt = 0;
  for (let first = before + 1; first <= count; first += STEP) {
    const limit = Math.min(STEP, count - first + 1);
    const deltas = await store.deltas(ledger, first, limit);
    if (deltas.length !== limit) throw new RecordDamagedError(ledger, first + deltas.length, "the delta is missing");
    for (const [i, delta] of deltas.entries()) {
      balance += delta.amount;
      leaves.push(await leafOfRow(parts.contents, ledger, delta, { sequence: first + i, balance, recordedAt }));
      recordedAt = delta.recordedAt;
    }
  }

  const root = extendedRoot(known, concatBytes(...leaves));
  const stored = { count, peaks: await store.nodes(ledger, peakPositions(count)) };
  if (!sameBytes(rootOf(stored), root)) throw new RecordDamagedError(ledger, count, "the stored tree does not give the root of the deltas");
  return { ledger: ledger.address, count, balance, root };
}

/** The leaf that a row's fields give, once they have been found to be what they must be. */
async function leafOfRow(contents: Contents, ledger: Ledger, delta: StoredDelta, expected: { sequence: number; balance: bigint; recordedAt: number }): Promise<Uint8Array> {
  const wrong = (problem: string) => new RecordDamagedError(ledger, expected.sequence, problem);
  if (delta.sequence !== expected.sequence) throw wrong(`sequence ${delta.sequence} stands in its place`);
  if (delta.balance !== expected.balance) throw wrong("the running balance does not add up");
  if (delta.recordedAt < expected.recordedAt) throw wrong("it was recorded before its predecessor");
  const content = await contents.contentOf(delta);
  if (content && !sameBytes(commitmentOf(content), delta.commitment)) throw wrong("the commitment is not that of the content");
  const fingerprint = deltaFingerprint({ ...delta, ledger: ledger.address });
  if (!sameBytes(fingerprint, delta.fingerprint)) throw wrong("the fingerprint is not that of the fields");
  return leafOf(fingerprint);
}
