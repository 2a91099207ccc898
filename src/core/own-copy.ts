import { formatAmount, MAX_BALANCE, MIN_BALANCE } from "./amount.ts";
import { sameBytes } from "./bytes.ts";
import { windowRoot } from "./checkpoint.ts";
import { type Checkpoint, type Delta, deltaFingerprint, type Uint64 } from "./fingerprint.ts";

/** One delta as a counterparty wrote it down for itself. Amounts in units of 10^-18, time in Unix milliseconds. */
export type OwnDelta = {
  sequence: Uint64;
  amount: bigint;
  balance?: bigint | undefined;
  recordedAt: Uint64;
  commitment?: Uint8Array | undefined;
};

export type OwnCopyComparison = {
  /** The first difference, with the sequence of its row; undefined when there is none. */
  contradiction: string | undefined;
  /** Whether the root was recomputed from the own rows. Without it, only what the own copy knows was compared. */
  rootRecomputed: boolean;
};

/**
 * Compares a checkpoint with a counterparty's own copy of the ledger, row by row in order of sequence, and recomputes the sums and,
 * where every row of the window has its commitment, the root.
 *
 * Rows may come in any order, and rows outside of the window may be among them: a row belongs to it by its sequence or by its time. A
 * delta that the checkpoint leaves out is thus found by its time, one that it made up by its sequence.
 *
 * @param rows the counterparty's own deltas of this one ledger; the whole window must be among them.
 * @param listed the deltas that the checkpoint's receipt lists, once steps 1 to 5 have passed for it; then a difference is named by
 *   its row and member even where hashes or sums alone could not tell which it is.
 */
export function ownCopyContradiction(
  checkpoint: Checkpoint,
  rows: readonly OwnDelta[],
  listed?: readonly Delta[],
): OwnCopyComparison {
  const [from, to, first] = [checkpoint.from, checkpoint.to, checkpoint.firstSequence].map(BigInt) as [
    bigint,
    bigint,
    bigint,
  ];
  const end = first + BigInt(checkpoint.count);
  const inTime = ({ recordedAt }: OwnDelta) => BigInt(recordedAt) >= from && BigInt(recordedAt) < to;
  const inSequence = ({ sequence }: OwnDelta) => BigInt(sequence) >= first && BigInt(sequence) < end;
  const own = rows.filter((row) => inTime(row) || inSequence(row)).sort(bySequence);
  const found = (contradiction: string): OwnCopyComparison => ({ contradiction, rootRecomputed: false });

  let balance = checkpoint.openingBalance;
  const deltas: Delta[] = [];
  for (const [i, row] of own.entries()) {
    const expected = first + BigInt(i);
    const sequence = BigInt(row.sequence);
    if (i > 0 && sequence === BigInt(own[i - 1]!.sequence)) return found(`the own copy has delta ${sequence} twice`);
    if (!inSequence(row))
      return found(`delta ${sequence} of the own copy is in the window by its time, but not in the checkpoint`);
    if (sequence !== expected) return found(`delta ${expected} is missing from the own copy`);
    if (!inTime(row))
      return found(`delta ${sequence} is in the checkpoint, but outside of its window by the own copy's time`);
    const difference = listed && rowDifference(row, listed[i]!);
    if (difference) return found(difference);
    balance += row.amount;
    if (balance < MIN_BALANCE || balance > MAX_BALANCE)
      return found(`the balance after delta ${sequence} is beyond int256 by the opening balance and the own amounts`);
    if (row.balance !== undefined && row.balance !== balance)
      return found(
        `the balance after delta ${sequence} is ${formatAmount(row.balance)} in the own copy, and ${formatAmount(balance)} by the opening balance and the own amounts`,
      );
    if (row.commitment) deltas.push({ ...row, ledger: checkpoint.ledger, balance, commitment: row.commitment });
  }
  const missing = first + BigInt(own.length);
  if (missing < end) return found(`delta ${missing} is missing from the own copy`);
  if (balance !== checkpoint.closingBalance)
    return found(
      `the own amounts close with ${formatAmount(balance)}, the checkpoint with ${formatAmount(checkpoint.closingBalance)}`,
    );
  if (deltas.length < own.length) return { contradiction: undefined, rootRecomputed: false };
  const sameRoot = sameBytes(windowRoot(deltas.map(deltaFingerprint)), checkpoint.root);
  return {
    contradiction: sameRoot ? undefined : "the own deltas have the checkpoint's sums, but another root",
    rootRecomputed: true,
  };
}

function bySequence(a: OwnDelta, b: OwnDelta): number {
  const [left, right] = [BigInt(a.sequence), BigInt(b.sequence)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function rowDifference(own: OwnDelta, listed: Delta): string | undefined {
  const where = `delta ${own.sequence}`;
  if (own.amount !== listed.amount)
    return `${where} is ${formatAmount(own.amount)} in the own copy, ${formatAmount(listed.amount)} in the receipt`;
  if (BigInt(own.recordedAt) !== BigInt(listed.recordedAt))
    return `${where} was recorded at ${own.recordedAt} by the own copy, at ${listed.recordedAt} by the receipt`;
  if (own.balance !== undefined && own.balance !== listed.balance)
    return `${where} leaves ${formatAmount(own.balance)} in the own copy, ${formatAmount(listed.balance)} in the receipt`;
  if (own.commitment && !sameBytes(own.commitment, listed.commitment))
    return `${where} has another commitment in the own copy than in the receipt`;
  return undefined;
}
