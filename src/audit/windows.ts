import { sameBytes } from "../core/bytes.ts";
import { EMPTY_ROOT } from "../core/checkpoint.ts";
import { appendLeaf, EMPTY_FRONTIER, type Frontier, rootOf } from "../core/tree.ts";
import type { Reached } from "./delta.ts";
import { exactAmount } from "./exact-amount.ts";
import type { FindingCode } from "./findings.ts";
import type { CheckpointRow, DeltaRow } from "./port.ts";

/** Holds the checkpoints over windows of one ledger against its deltas, while these go by in order. */
export type WindowWatch = {
  /** Where the ledger stands: told before the first delta and after each. */
  stands(reached: Reached): void;
  /** The next delta, before `stands` is told. */
  delta(row: Pick<DeltaRow, "sequence" | "recordedAt">, leaf: Uint8Array): void;
  /** The last delta has been told. */
  end(): void;
};

type Report = (checkpoint: CheckpointRow, code: FindingCode, problem: string) => void;

/**
 * Watches windows. Those that begin with the same delta share one growing tree, so a ledger that is closed again and again over an open
 * month costs one pass.
 */
export function watchWindows(windows: readonly CheckpointRow[], report: Report): WindowWatch {
  const opening = Map.groupBy(windows, ({ firstSequence }) => firstSequence - 1);
  const closing = Map.groupBy(windows, endOf);
  const waiting = new Set(windows);
  /** The trees by their first sequence, and how far each is needed. */
  const trees = new Map<number, { frontier: Frontier; through: number }>();

  /** Reports the first thing that is wrong with a checkpoint, and nothing more of it. */
  function judge(checkpoint: CheckpointRow, code: FindingCode, problem: string | false | undefined): void {
    if (!problem || !waiting.delete(checkpoint)) return;
    report(checkpoint, code, problem);
  }

  function open(checkpoint: CheckpointRow, { balance, recordedAt, frontier }: Reached): void {
    const { firstSequence, from, openingBalance } = checkpoint;
    const opens = exactAmount(openingBalance) === balance;
    judge(checkpoint, "CHECKPOINT_WRONG", !opens && "the opening balance is not the one before the window");
    const hidden = frontier.count > 0 && recordedAt >= from;
    judge(checkpoint, "CHECKPOINT_HIDES_DELTA", hidden && `delta ${frontier.count} is of the window, and not in it`);
    const through = Math.max(endOf(checkpoint), trees.get(firstSequence)?.through ?? 0);
    if (through >= firstSequence) trees.set(firstSequence, { frontier: EMPTY_FRONTIER, through });
  }

  function close(checkpoint: CheckpointRow, { balance, recordedAt }: Reached): void {
    const { count, firstSequence, closingBalance, to, root } = checkpoint;
    const closes = exactAmount(closingBalance) === balance;
    judge(checkpoint, "CHECKPOINT_WRONG", !closes && "the closing balance is not the one after the window");
    const late = count > 0 && recordedAt >= to;
    judge(checkpoint, "CHECKPOINT_WRONG", late && `delta ${endOf(checkpoint)} was recorded after the window`);
    const tree = trees.get(firstSequence);
    const expected = count > 0 && tree ? rootOf(tree.frontier) : EMPTY_ROOT;
    judge(checkpoint, "CHECKPOINT_WRONG", !sameBytes(expected, root) && "the root is not that of the window's deltas");
    // One that ended as it should still waits for the delta after it; without one nothing can be hidden.
    closed.add(checkpoint);
  }
  const closed = new Set<CheckpointRow>();

  return {
    stands(reached) {
      const at = reached.frontier.count;
      for (const checkpoint of opening.get(at) ?? []) open(checkpoint, reached);
      for (const checkpoint of closing.get(at) ?? []) close(checkpoint, reached);
      for (const [first, { through }] of trees) if (through <= at) trees.delete(first);
    },
    delta({ sequence, recordedAt }, leaf) {
      for (const checkpoint of opening.get(sequence - 1) ?? []) {
        const early = checkpoint.count > 0 && recordedAt < checkpoint.from;
        judge(checkpoint, "CHECKPOINT_WRONG", early && `delta ${sequence} was recorded before the window`);
      }
      for (const checkpoint of closing.get(sequence - 1) ?? []) {
        // A window may still have been open when the statement was made: what came after that was not hidden by it.
        const hidden = recordedAt < Math.min(checkpoint.to, checkpoint.createdAt);
        judge(checkpoint, "CHECKPOINT_HIDES_DELTA", hidden && `delta ${sequence} is of the window, and not in it`);
      }
      for (const tree of trees.values()) tree.frontier = appendLeaf(tree.frontier, leaf).frontier;
    },
    end() {
      for (const checkpoint of waiting) {
        const problem = `it goes as far as delta ${endOf(checkpoint)}, which is not there`;
        if (!closed.has(checkpoint)) judge(checkpoint, "CHECKPOINT_WRONG", problem);
      }
    },
  };
}

/** The sequence that a window ends with. */
function endOf({ firstSequence, count }: CheckpointRow): number {
  return firstSequence - 1 + count;
}
