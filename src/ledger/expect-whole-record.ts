import { sameBytes, toHex } from "../core/bytes.ts";
import type { AnchorChain } from "./ports/anchoring.ts";
import type { LedgerStore } from "./ports/ledgers.ts";

/** The log on chain knows more than the record, or something else: a record that was lost in part, or an older copy of it. */
export class RecordBehindLogError extends Error {
  override readonly name = "RecordBehindLogError";
}

const WAY_ON =
  "Nothing was recorded or sent. Put the newest copy of the data directory in its place; where none is whole, `tallyroot restore --accept-loss` makes a data directory that goes on in a new log";

/**
 * Makes sure that the record holds everything that its log on chain has taken, before anything is recorded or anchored.
 *
 * An anchor is stored before it is sent, so a log is never ahead of a whole record. Where it is, deltas are missing that somebody may
 * hold receipts for. Recording would give out their sequences a second time, and two deltas at one sequence are what the contract
 * marks a log for as forked. What was acknowledged and not anchored yet has left no trace on chain: this cannot see that it is missing.
 *
 * @throws RecordBehindLogError; ChainUnavailableError
 */
export async function expectWholeRecord({
  store,
  chain,
}: {
  store: Pick<LedgerStore, "anchor" | "anchors">;
  chain: Pick<AnchorChain, "anchoredCount" | "anchoredRoot">;
}): Promise<void> {
  const count = await chain.anchoredCount();
  if (count === 0) return;
  const stored = await store.anchor(count);
  if (stored === undefined) {
    const { total } = await store.anchors({ offset: 0, limit: 1 });
    throw new RecordBehindLogError(
      `the log on chain has ${count} anchors and this record ${total}: it is an older copy, or the end of it was lost. ${WAY_ON}`,
    );
  }
  const root = await chain.anchoredRoot(count);
  // Undefined where a reorganisation took it back between the two questions.
  if (root === undefined || sameBytes(root, stored.root)) return;
  throw new RecordBehindLogError(
    `the log on chain has root ${toHex(root)} at index ${count}, and this record ${toHex(stored.root)}: another copy of it was anchored, or somebody else uses the publisher's key. ${WAY_ON}`,
  );
}
