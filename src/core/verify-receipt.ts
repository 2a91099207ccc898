import { checksumAddress, ledgerAddress } from "./address.ts";
import { formatAmount } from "./amount.ts";
import { sameBytes, toHex } from "./bytes.ts";
import { checkpointContradiction } from "./checkpoint.ts";
import { commitmentOf } from "./content.ts";
import { checkpointFingerprint, deltaFingerprint, headFingerprint, leafOf } from "./fingerprint.ts";
import { verifyInclusion } from "./proof.ts";
import { type CheckpointReceipt, type DeltaReceipt, decodeReceipt, type Receipt } from "./receipt.ts";
import { ShapeError } from "./shape.ts";
import type { StepFailure } from "./step-failures.ts";

/** The steps of verification, in their order. */
export const STEPS = ["shape", "content", "fingerprint", "ledger", "anchor", "chain"] as const;
export type StepName = (typeof STEPS)[number];

/** The outcome of one step. `skipped` means that nothing was checked, and `detail` says why. */
export type Step =
  | { step: number; name: StepName; outcome: "passed" | "skipped"; detail: string }
  | { step: number; name: StepName; outcome: "failed"; failure: StepFailure; detail: string };

export type Verification = {
  /** Steps 1 to 5 in order, up to the first that failed. */
  steps: Step[];
  /** The decoded receipt, when its shape is right. */
  receipt?: Receipt;
};

export type Check = { failure: StepFailure; detail: string } | { passed: string } | { skipped: string };

/** What a verifier knows from elsewhere about the evidence that it asked for. What is left out is not compared. */
export type Expected = { fingerprint?: Uint8Array; namespace?: Uint8Array; ledger?: Uint8Array };

/**
 * Steps 1 to 5 of verifying a receipt: everything that needs nothing but the file.
 *
 * Passing them means: if the named contract holds `anchor.root` at `anchor.index` of `anchor.log`, the delta or checkpoint was
 * anchored as stated. Step 6 asks the contract.
 *
 * @param file the JSON value of the receipt file; anything at all may be given.
 * @param expected what the evidence must be about. Without it, a genuine receipt of something else passes.
 * @see FORMAT.md, section "Verification"
 */
export function verifyReceipt(file: unknown, expected: Expected = {}): Verification {
  let receipt: Receipt;
  try {
    receipt = decodeReceipt(file);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { steps: [stepOf(1, { failure: "SHAPE_INVALID", detail: error.message })] };
  }
  const steps = stepsOf([
    () => ({ passed: "the file has exactly the members of tallyroot-receipt/1" }),
    () => checkContent(receipt, expected),
    () => checkFingerprint(receipt, expected),
    () => checkLedger(receipt, expected),
    () => checkAnchor(receipt),
  ]);
  return { steps, receipt };
}

/** Checks as the steps from 1 on, up to the first that fails. */
export function stepsOf(checks: readonly (() => Check)[]): Step[] {
  const steps: Step[] = [];
  for (const [i, check] of checks.entries()) {
    const step = stepOf(i + 1, check());
    steps.push(step);
    if (step.outcome === "failed") break;
  }
  return steps;
}

/** One step's outcome under its number and name. */
export function stepOf(step: number, check: Check): Step {
  const name = STEPS[step - 1]!;
  if ("failure" in check) return { step, name, outcome: "failed", ...check };
  if ("skipped" in check) return { step, name, outcome: "skipped", detail: check.skipped };
  return { step, name, outcome: "passed", detail: check.passed };
}

function checkContent(receipt: Receipt, expected: Expected): Check {
  const notCompared = expected.namespace ? "; the expected namespace was not compared" : "";
  if (receipt.kind === "checkpoint") return { skipped: `a checkpoint has no private content${notCompared}` };
  const { content, namespace, delta } = receipt;
  if (!content || !namespace)
    return { skipped: `a blind receipt: customer, reason and reference are not shown${notCompared}` };
  if (!sameBytes(commitmentOf(content), delta.commitment)) {
    return { failure: "COMMITMENT_MISMATCH", detail: "the content is not what the delta's commitment commits to" };
  }
  if (content.delta !== formatAmount(delta.amount)) {
    return {
      failure: "CONTENT_AMOUNT_MISMATCH",
      detail: `the content says ${content.delta}, the delta ${formatAmount(delta.amount)}`,
    };
  }
  if (!sameBytes(ledgerAddress(namespace, content.customerId), delta.ledger)) {
    return { failure: "CUSTOMER_LEDGER_MISMATCH", detail: "the ledger is not that of this customer in this namespace" };
  }
  if (expected.namespace && !sameBytes(namespace, expected.namespace)) {
    return {
      failure: "NAMESPACE_NOT_EXPECTED",
      detail: `the receipt is of namespace ${checksumAddress(namespace)}, not of ${checksumAddress(expected.namespace)}`,
    };
  }
  return { passed: "the content is what the delta commits to, and the ledger is this customer's" };
}

function checkFingerprint(receipt: Receipt, expected: Expected): Check {
  const fingerprint =
    receipt.kind === "delta" ? deltaFingerprint(receipt.delta) : checkpointFingerprint(receipt.checkpoint);
  if (!sameBytes(fingerprint, receipt.receiptId))
    return { failure: "FINGERPRINT_MISMATCH", detail: `the fields of the ${receipt.kind} do not give its receiptId` };
  if (expected.fingerprint && !sameBytes(receipt.receiptId, expected.fingerprint)) {
    return {
      failure: "FINGERPRINT_NOT_EXPECTED",
      detail: `the receipt is ${toHex(receipt.receiptId)}, not ${toHex(expected.fingerprint)}`,
    };
  }
  return { passed: `the fields of the ${receipt.kind} give its receiptId` };
}

/** Undefined when the ledger is the expected one, or none is expected. */
export function ledgerNotExpected(ledger: Uint8Array, expected: Expected): Check | undefined {
  if (!expected.ledger || sameBytes(ledger, expected.ledger)) return undefined;
  return {
    failure: "LEDGER_NOT_EXPECTED",
    detail: `the file is of ledger ${checksumAddress(ledger)}, not of ${checksumAddress(expected.ledger)}`,
  };
}

function checkLedger(receipt: Receipt, expected: Expected): Check {
  const { ledger } = receipt.kind === "delta" ? receipt.delta : receipt.checkpoint;
  const other = ledgerNotExpected(ledger, expected);
  if (other) return other;
  return receipt.kind === "delta" ? checkDeltaInHead(receipt) : checkWindow(receipt);
}

function checkDeltaInHead({ delta, head, ledgerProof, receiptId }: DeltaReceipt): Check {
  if (!sameBytes(delta.ledger, head.ledger))
    return { failure: "HEAD_OF_OTHER_LEDGER", detail: "the head is of another ledger than the delta" };
  if (BigInt(delta.sequence) < 1n || BigInt(delta.sequence) > BigInt(head.count)) {
    return {
      failure: "SEQUENCE_BEYOND_HEAD",
      detail: `sequence ${delta.sequence} is not in a ledger of ${head.count}`,
    };
  }
  if (!verifyInclusion(leafOf(receiptId), ledgerProof, head.root)) {
    return { failure: "LEDGER_PROOF_INVALID", detail: "the proof does not lead from the delta to the ledger's root" };
  }
  if (BigInt(delta.sequence) === 1n && delta.balance !== delta.amount) {
    return { failure: "BALANCE_CONTRADICTION", detail: "the first delta's balance is not its amount" };
  }
  if (BigInt(delta.sequence) === BigInt(head.count) && delta.balance !== head.balance) {
    return { failure: "BALANCE_CONTRADICTION", detail: "the ledger's balance is not that after its last delta" };
  }
  return { passed: `delta ${delta.sequence} of ${head.count} is in the ledger's root` };
}

function checkWindow({ checkpoint, deltas }: CheckpointReceipt): Check {
  const contradiction = checkpointContradiction(checkpoint, deltas);
  if (contradiction) return { failure: "CHECKPOINT_CONTRADICTION", detail: contradiction };
  if (!deltas) return { skipped: "the window's deltas are not in the file: its root and sums were not recomputed" };
  return { passed: `the ${deltas.length} listed deltas give the window's root, count and balances` };
}

function checkAnchor(receipt: Receipt): Check {
  const leaf = leafOf(receipt.kind === "delta" ? headFingerprint(receipt.head) : receipt.receiptId);
  return verifyInclusion(leaf, receipt.anchorProof, receipt.anchor.root)
    ? { passed: `the ${receipt.kind === "delta" ? "ledger's head" : "checkpoint"} is in the anchored root` }
    : { failure: "ANCHOR_PROOF_INVALID", detail: "the proof does not lead to the anchored root" };
}
