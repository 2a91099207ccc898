import { CONSISTENCY_FORMAT, type Consistency } from "./consistency.ts";
import { ANCHOR, type AnchorReference, RECEIPT_FORMAT, type Receipt } from "./receipt.ts";
import { JsonTextError, parseStrictJson } from "./strict-json.ts";
import { anchorsOf, verifyConsistencyFile } from "./verify-consistency.ts";
import { type Expected, type Step, stepOf, verifyReceipt } from "./verify-receipt.ts";

export type FileVerification = {
  /** Null when step 1 failed: what cannot be read is of no kind. */
  kind: "delta" | "checkpoint" | "consistency" | null;
  /** As the file states it, which only a passed step 3 makes true. Null for a consistency file and when step 1 failed. */
  receiptId: Uint8Array | null;
  /** Steps 1 to 5 in order, up to the first that failed. */
  steps: Step[];
  /** The anchors that step 6 has to ask for, each once; none unless steps 1 to 5 are without failure. */
  anchors: AnchorReference[];
  receipt?: Receipt;
  consistency?: Consistency;
};

/**
 * Steps 1 to 5 of verifying a file of evidence, whichever it is: a receipt of a delta or checkpoint, or a consistency file.
 *
 * It starts from the bytes, because two readers that take one text for two values would verify two things.
 *
 * @param bytes the file; anything at all may be given.
 * @param expected what the evidence must be about. Without it, genuine evidence of something else passes.
 * @see FORMAT.md, section "Verification"
 */
export function verifyFile(bytes: Uint8Array, expected: Expected = {}): FileVerification {
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    return refused(error.message);
  }
  const format = formatOf(value);
  if (format === CONSISTENCY_FORMAT) {
    const { steps, consistency } = verifyConsistencyFile(value, expected);
    if (!consistency) return { kind: null, receiptId: null, steps, anchors: [] };
    const anchors = withoutFailure(steps) ? distinct(anchorsOf(consistency)) : [];
    return { kind: "consistency", receiptId: null, steps, anchors, consistency };
  }
  if (format !== RECEIPT_FORMAT) return refused(`format: must be "${RECEIPT_FORMAT}" or "${CONSISTENCY_FORMAT}"`);
  const { steps, receipt } = verifyReceipt(value, expected);
  if (!receipt) return { kind: null, receiptId: null, steps, anchors: [] };
  const anchors = withoutFailure(steps) ? [receipt.anchor] : [];
  return { kind: receipt.kind, receiptId: receipt.receiptId, steps, anchors, receipt };
}

function refused(detail: string): FileVerification {
  return { kind: null, receiptId: null, steps: [stepOf(1, { failure: "SHAPE_INVALID", detail })], anchors: [] };
}

function formatOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
}

function withoutFailure(steps: readonly Step[]): boolean {
  return steps.every(({ outcome }) => outcome !== "failed");
}

/** Two anchors are one when they agree in every member: each member is something that the chain is asked about. */
function distinct(anchors: readonly AnchorReference[]): AnchorReference[] {
  return [...new Map(anchors.map((anchor) => [JSON.stringify(ANCHOR.encode(anchor)), anchor])).values()];
}
