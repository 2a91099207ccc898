import type { Checkpoint, Delta, Head } from "./fingerprint.ts";
import { ANCHOR, type AnchorReference, CHECKPOINT, DELTA, HEAD, PROOF } from "./receipt.ts";
import { ADDRESS, constant, objectAt, objectOf, ShapeError } from "./shape.ts";

export const CONSISTENCY_FORMAT = "tallyroot-consistency/1";
export const CONSISTENCY_MEDIA_TYPE = "application/vnd.tallyroot.consistency+json";

/** The last delta of a checkpoint's window, in the window's root and in the head's: it ties the statement to the history. */
export type WindowEdge = { delta: Delta; windowProof: Uint8Array[]; ledgerProof: Uint8Array[] };

/** A checkpoint that one side was asked for by. `edge` is there exactly when its window has deltas. */
export type SideStatement = {
  checkpoint: Checkpoint;
  anchorProof: Uint8Array[];
  anchor: AnchorReference;
  edge?: WindowEdge;
};

/** One state of the ledger: head leaf → anchor.root. */
export type ConsistencySide = {
  head: Head;
  anchorProof: Uint8Array[];
  anchor: AnchorReference;
  statement?: SideStatement;
};

/** The evidence that a later state of a ledger extends an earlier one. */
export type Consistency = {
  ledger: Uint8Array;
  earlier: ConsistencySide;
  later: ConsistencySide;
  /** From `earlier.head.root` to `later.head.root`, RFC 9162 §2.1.4. */
  proof: Uint8Array[];
};

const EDGE = objectOf<WindowEdge>({ delta: DELTA, windowProof: PROOF, ledgerProof: PROOF });
const STATEMENT = objectOf<SideStatement>(
  { checkpoint: CHECKPOINT, anchorProof: PROOF, anchor: ANCHOR, edge: EDGE },
  { optional: ["edge"] },
);
const SIDE = objectOf<ConsistencySide>(
  { head: HEAD, anchorProof: PROOF, anchor: ANCHOR, statement: STATEMENT },
  { optional: ["statement"] },
);
export const CONSISTENCY = objectOf<Consistency & { format: typeof CONSISTENCY_FORMAT }>({
  format: constant(CONSISTENCY_FORMAT),
  ledger: ADDRESS,
  earlier: SIDE,
  later: SIDE,
  proof: PROOF,
});

/** A consistency file as its JSON value, with its members in a fixed order. @see FORMAT.md, section "Consistency file" */
export function encodeConsistency(consistency: Consistency): Record<string, unknown> {
  return CONSISTENCY.encode({ format: CONSISTENCY_FORMAT, ...consistency }) as Record<string, unknown>;
}

/** The bytes of a consistency file, as text. */
export function consistencyText(consistency: Consistency): string {
  return `${JSON.stringify(encodeConsistency(consistency), null, 2)}\n`;
}

/**
 * Reads the JSON value of a consistency file: step 1 of verification.
 *
 * @throws ShapeError naming the first member that is not of its form, and for an edge without a window or a window without an edge.
 */
export function decodeConsistency(value: unknown): Consistency {
  const { format: _, ...consistency } = CONSISTENCY.decode("", objectAt("consistency", value));
  edgeFits("earlier", consistency.earlier);
  edgeFits("later", consistency.later);
  return consistency;
}

function edgeFits(path: string, { statement }: ConsistencySide): void {
  if (!statement) return;
  const empty = BigInt(statement.checkpoint.count) === 0n;
  if (empty === (statement.edge !== undefined))
    throw new ShapeError(`${path}.statement.edge`, empty ? "has no place in an empty window" : "is missing");
}
