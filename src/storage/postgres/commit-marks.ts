import { randomUUID } from "node:crypto";
import type { Transaction } from "./database.ts";

/**
 * What a transaction writes beside all else, so that it is known whether it was committed when the answer to that was lost.
 *
 * PostgreSQL's own number of a transaction does not tell that: one that was given before a crash or a failover, and of which nothing was
 * on disk or at the standby by then, is given again, and `pg_xact_status` speaks of whoever has it now.
 */
export type Mark = { readonly lane: string; readonly turn: number };

/** The lanes of one process. */
export type Lanes = {
  /** A lane that is free, or a new one, with its next turn. */
  next(): Mark;
  /** Lets the next transaction have a lane. MUST be called only once the one before has ended for certain: it would be waited for. */
  free(mark: Mark): void;
};

export function openLanes(): Lanes {
  const free: Mark[] = [];
  return {
    next() {
      const { lane, turn } = free.pop() ?? { lane: randomUUID(), turn: 0 };
      return { lane, turn: turn + 1 };
    },
    free: (mark) => void free.push(mark),
  };
}

/** Leaves a mark. From its answer on, whoever asks for the mark waits for the end of this transaction. */
export async function leaveMark(tx: Transaction, { lane, turn }: Mark): Promise<void> {
  await tx.query(
    "INSERT INTO commit_marks (lane, turn) VALUES ($1, $2) ON CONFLICT (lane) DO UPDATE SET turn = excluded.turn, at = excluded.at",
    [lane, turn],
  );
}

/**
 * Whether the transaction that left a mark was committed, here and in what this server has of its predecessors. One that has not ended is
 * waited for.
 *
 * It counts once the transaction that asks is committed itself: a standby that has to confirm commits has all that came before by then.
 */
export async function isMarked(tx: Transaction, { lane, turn }: Mark): Promise<boolean> {
  // Waits for the first of a lane; the other for the later ones.
  tx.query("INSERT INTO commit_marks (lane, turn) VALUES ($1, 0) ON CONFLICT DO NOTHING", [lane]);
  const [row] = await tx.query<{ turn: number }>("SELECT turn FROM commit_marks WHERE lane = $1 FOR UPDATE", [lane]);
  return row?.turn === turn;
}

/** Removes marks that nobody asks for any more. */
export async function dropOldMarks(tx: Transaction): Promise<void> {
  await tx.query("DELETE FROM commit_marks WHERE at < now() - interval '1 day'");
}
