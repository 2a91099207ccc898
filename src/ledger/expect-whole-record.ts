import { sameBytes, toHex } from "../core/bytes.ts";
import type { AnchorChain } from "./ports/anchoring.ts";
import type { LedgerStore } from "./ports/ledgers.ts";

/** The log on chain knows more than the record, or something else: a record that was lost in part, or an older copy of it. */
export class RecordBehindLogError extends Error {
  override readonly name = "RecordBehindLogError";
}

/** What the operator does about it, by where the record is kept. */
const WAYS_ON = {
  directory:
    "Nothing was recorded or sent. Put the newest copy of the data directory in its place; where none is whole, `tallyroot restore --accept-loss` makes a data directory that goes on in a new log",
  database:
    "This server recorded and sent nothing. Stop the others, and recover the database to its newest moment; where that is lost for good, start over an empty database, which gets a log of its own, and keep this one for its receipts",
} as const;

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
  keptIn,
}: {
  store: Pick<LedgerStore, "anchor" | "anchors">;
  chain: Pick<AnchorChain, "anchoredCount" | "anchoredRoot">;
  /** Whether the record is in a data directory, or in a database that several servers may share. */
  keptIn: keyof typeof WAYS_ON;
}): Promise<void> {
  const count = await chain.anchoredCount();
  if (count === 0) return;
  const stored = await store.anchor(count);
  const wayOn = WAYS_ON[keptIn];
  if (stored === undefined) {
    const { total } = await store.anchors({ offset: 0, limit: 1 });
    throw new RecordBehindLogError(
      `the log on chain has ${count} anchors and this record ${total}: it is an older copy, or the end of it was lost. ${wayOn}`,
    );
  }
  const root = await chain.anchoredRoot(count);
  // Undefined where a reorganisation took it back between the two questions.
  if (root === undefined || sameBytes(root, stored.root)) return;
  throw new RecordBehindLogError(
    `the log on chain has root ${toHex(root)} at index ${count}, and this record ${toHex(stored.root)}: another copy of it was anchored, or somebody else uses the publisher's key. ${wayOn}`,
  );
}
