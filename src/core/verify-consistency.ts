import { sameBytes } from "./bytes.ts";
import { checkpointContradiction } from "./checkpoint.ts";
import { type Consistency, type ConsistencySide, decodeConsistency, type SideStatement } from "./consistency.ts";
import { checkpointFingerprint, deltaFingerprint, type Head, headFingerprint, leafOf } from "./fingerprint.ts";
import { verifyConsistency, verifyInclusion } from "./proof.ts";
import type { AnchorReference } from "./receipt.ts";
import { ShapeError } from "./shape.ts";
import { type Check, type Expected, ledgerNotExpected, type Step, stepOf, stepsOf } from "./verify-receipt.ts";

export type ConsistencyVerification = {
  /** Steps 1 to 5 in order, up to the first that failed. */
  steps: Step[];
  /** The decoded file, when its shape is right. */
  consistency?: Consistency;
};

/**
 * Steps 1 to 5 of verifying a consistency file.
 *
 * Passing them means: if the named contract holds the anchored roots, the ledger's later head extends its earlier one, delta for
 * delta, and the statements on either side close on deltas of that one history.
 *
 * @param file the JSON value of the file; anything at all may be given.
 * @see FORMAT.md, section "Consistency file"
 */
export function verifyConsistencyFile(file: unknown, expected: Expected = {}): ConsistencyVerification {
  let consistency: Consistency;
  try {
    consistency = decodeConsistency(file);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { steps: [stepOf(1, { failure: "SHAPE_INVALID", detail: error.message })] };
  }
  const notCompared = expected.fingerprint ? "; the expected one was not compared" : "";
  const steps = stepsOf([
    () => ({ passed: "the file has exactly the members of tallyroot-consistency/1" }),
    () => ({ skipped: "a consistency file has no private content" }),
    () => ({ skipped: `a consistency file has no fingerprint of its own${notCompared}` }),
    () => checkHistory(consistency, expected),
    () => checkAnchors(consistency),
  ]);
  return { steps, consistency };
}

/** Every anchor that a consistency file names, the earlier side's first. */
export function anchorsOf({ earlier, later }: Consistency): AnchorReference[] {
  return [earlier, later].flatMap(({ anchor, statement }) => (statement ? [anchor, statement.anchor] : [anchor]));
}

function checkHistory({ ledger, earlier, later, proof }: Consistency, expected: Expected): Check {
  const other = ledgerNotExpected(ledger, expected);
  if (other) return other;
  const [first, second] = [earlier.head, later.head];
  if (!sameBytes(first.ledger, ledger) || !sameBytes(second.ledger, ledger))
    return { failure: "HEAD_OF_OTHER_LEDGER", detail: "a head is of another ledger than the file" };
  if (BigInt(first.count) < 1n || BigInt(first.count) > BigInt(second.count))
    return { failure: "COUNT_DECREASES", detail: `a ledger of ${second.count} cannot extend one of ${first.count}` };
  if (first.count === second.count && first.balance !== second.balance)
    return { failure: "BALANCE_CONTRADICTION", detail: `two balances after delta ${first.count}` };
  if (!verifyConsistency(first.count, second.count, first.root, second.root, proof))
    return { failure: "CONSISTENCY_PROOF_INVALID", detail: "the later root does not extend the earlier one" };
  const wrong = checkStatement("earlier", earlier) ?? checkStatement("later", later);
  return wrong ?? { passed: `the ledger of ${second.count} begins with the ledger of ${first.count}` };
}

/** What is wrong with a side's statement: in itself, with the delta at its edge, or against the head. */
function checkStatement(side: string, { head, statement }: ConsistencySide): Check | undefined {
  if (!statement) return undefined;
  const { checkpoint } = statement;
  if (!sameBytes(checkpoint.ledger, head.ledger))
    return { failure: "HEAD_OF_OTHER_LEDGER", detail: `the ${side} checkpoint is of another ledger than the file` };
  const contradiction = checkpointContradiction(checkpoint);
  if (contradiction) return { failure: "CHECKPOINT_CONTRADICTION", detail: `the ${side} checkpoint: ${contradiction}` };
  return edgeContradiction(side, statement) ?? checkAgainstHead(side, head, statement);
}

/** The last sequence of a window; of an empty one, that before it. */
function lastSequence({ firstSequence, count }: SideStatement["checkpoint"]): bigint {
  return BigInt(firstSequence) + BigInt(count) - 1n;
}

function edgeContradiction(side: string, { checkpoint, edge }: SideStatement): Check | undefined {
  if (!edge) return undefined;
  const { delta } = edge;
  if (!sameBytes(delta.ledger, checkpoint.ledger))
    return { failure: "HEAD_OF_OTHER_LEDGER", detail: `the ${side} window's last delta is of another ledger` };
  const problem = (detail: string): Check => ({ failure: "CHECKPOINT_CONTRADICTION", detail });
  if (BigInt(delta.sequence) !== lastSequence(checkpoint))
    return problem(`the ${side} window ends at ${lastSequence(checkpoint)}, its last delta is ${delta.sequence}`);
  if (delta.balance !== checkpoint.closingBalance)
    return problem(`the ${side} closing balance is not that after the window's last delta`);
  if (BigInt(delta.recordedAt) < BigInt(checkpoint.from) || BigInt(delta.recordedAt) >= BigInt(checkpoint.to))
    return problem(`the ${side} window's last delta is recorded outside of the window`);
  if (BigInt(checkpoint.count) === 1n && checkpoint.openingBalance + delta.amount !== delta.balance)
    return problem(`the ${side} window's only delta does not lead from the opening to the closing balance`);
  return undefined;
}

function checkAgainstHead(side: string, head: Head, { checkpoint, edge }: SideStatement): Check | undefined {
  const last = lastSequence(checkpoint);
  if (last > BigInt(head.count))
    return {
      failure: "SEQUENCE_BEYOND_HEAD",
      detail: `the ${side} window ends at ${last}, in a ledger of ${head.count}`,
    };
  if (edge) {
    const leaf = leafOf(deltaFingerprint(edge.delta));
    if (!verifyInclusion(leaf, edge.windowProof, checkpoint.root))
      return { failure: "WINDOW_PROOF_INVALID", detail: `the ${side} window's last delta is not in its root` };
    if (!verifyInclusion(leaf, edge.ledgerProof, head.root))
      return { failure: "LEDGER_PROOF_INVALID", detail: `the ${side} window's last delta is not in the ledger's root` };
  }
  if (last === BigInt(head.count) && checkpoint.closingBalance !== head.balance)
    return { failure: "BALANCE_CONTRADICTION", detail: `the ${side} head and checkpoint close with other balances` };
  return undefined;
}

function checkAnchors(consistency: Consistency): Check {
  for (const [name, side] of [
    ["earlier", consistency.earlier],
    ["later", consistency.later],
  ] as const) {
    if (!verifyInclusion(leafOf(headFingerprint(side.head)), side.anchorProof, side.anchor.root))
      return { failure: "ANCHOR_PROOF_INVALID", detail: `the ${name} head is not in its anchored root` };
    const { statement } = side;
    if (!statement) continue;
    const leaf = leafOf(checkpointFingerprint(statement.checkpoint));
    if (!verifyInclusion(leaf, statement.anchorProof, statement.anchor.root))
      return { failure: "ANCHOR_PROOF_INVALID", detail: `the ${name} checkpoint is not in its anchored root` };
  }
  const [anchor, ...others] = anchorsOf(consistency);
  if (others.some((other) => !sameLog(other, anchor!)))
    return { failure: "LOGS_DIFFER", detail: "the anchors are not all of one chain, contract and log" };
  const { earlier, later } = consistency;
  if (earlier.anchor.index > later.anchor.index)
    return {
      failure: "ANCHORS_REVERSED",
      detail: `the earlier head was anchored at ${earlier.anchor.index}, the later at ${later.anchor.index}`,
    };
  return { passed: "both heads, and the checkpoints beside them, are in anchored roots of one log" };
}

function sameLog(a: AnchorReference, b: AnchorReference): boolean {
  return a.chainId === b.chainId && sameBytes(a.contract, b.contract) && sameBytes(a.log, b.log);
}
