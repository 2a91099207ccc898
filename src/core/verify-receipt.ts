import { ledgerAddress } from "./address.ts";
import { formatAmount } from "./amount.ts";
import { sameBytes } from "./bytes.ts";
import { checkpointContradiction } from "./checkpoint.ts";
import { commitmentOf } from "./content.ts";
import { checkpointFingerprint, deltaFingerprint, headFingerprint, leafOf } from "./fingerprint.ts";
import { verifyInclusion } from "./proof.ts";
import {
  type CheckpointReceipt,
  type DeltaReceipt,
  decodeReceipt,
  type Receipt,
  ReceiptShapeError,
} from "./receipt.ts";

/** The steps of verification, in their order. */
export const STEPS = ["shape", "content", "fingerprint", "ledger", "anchor", "chain"] as const;
export type StepName = (typeof STEPS)[number];

/** What is wrong, as data: each cheat that a verifier can meet has its own name. */
export type StepFailure =
  | "SHAPE_INVALID"
  | "COMMITMENT_MISMATCH"
  | "CONTENT_AMOUNT_MISMATCH"
  | "CUSTOMER_LEDGER_MISMATCH"
  | "FINGERPRINT_MISMATCH"
  | "HEAD_OF_OTHER_LEDGER"
  | "SEQUENCE_BEYOND_HEAD"
  | "LEDGER_PROOF_INVALID"
  | "BALANCE_CONTRADICTION"
  | "CHECKPOINT_CONTRADICTION"
  | "ANCHOR_PROOF_INVALID"
  | "CHAIN_MISMATCH"
  | "CODE_MISMATCH"
  | "LOG_UNKNOWN"
  | "ROOT_MISMATCH"
  | "NOT_CONFIRMED"
  | "LOG_MARKED"
  | "ENDPOINTS_DISAGREE";

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

type Check = { failure: StepFailure; detail: string } | { passed: string } | { skipped: string };

/**
 * Steps 1 to 5 of verifying a receipt: everything that needs nothing but the file.
 *
 * Passing them means: if the named contract holds `anchor.root` at `anchor.index` of `anchor.log`, the delta or checkpoint was
 * anchored as stated. Step 6 asks the contract.
 *
 * @param file the JSON value of the receipt file; anything at all may be given.
 * @see FORMAT.md, section "Verification"
 */
export function verifyReceipt(file: unknown): Verification {
  let receipt: Receipt;
  try {
    receipt = decodeReceipt(file);
  } catch (error) {
    if (!(error instanceof ReceiptShapeError)) throw error;
    return { steps: [stepOf(1, { failure: "SHAPE_INVALID", detail: error.message })] };
  }
  const steps = [stepOf(1, { passed: "the file has exactly the members of tallyroot-receipt/1" })];
  const checks = [checkContent, checkFingerprint, checkLedger, checkAnchor];
  for (const [i, check] of checks.entries()) {
    const step = stepOf(i + 2, check(receipt));
    steps.push(step);
    if (step.outcome === "failed") break;
  }
  return { steps, receipt };
}

/** One step's outcome under its number and name. */
export function stepOf(step: number, check: Check): Step {
  const name = STEPS[step - 1]!;
  if ("failure" in check) return { step, name, outcome: "failed", ...check };
  if ("skipped" in check) return { step, name, outcome: "skipped", detail: check.skipped };
  return { step, name, outcome: "passed", detail: check.passed };
}

function checkContent(receipt: Receipt): Check {
  if (receipt.kind === "checkpoint") return { skipped: "a checkpoint has no private content" };
  const { content, namespace, delta } = receipt;
  if (!content || !namespace) return { skipped: "a blind receipt: customer, reason and reference are not shown" };
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
  return { passed: "the content is what the delta commits to, and the ledger is this customer's" };
}

function checkFingerprint(receipt: Receipt): Check {
  const fingerprint =
    receipt.kind === "delta" ? deltaFingerprint(receipt.delta) : checkpointFingerprint(receipt.checkpoint);
  return sameBytes(fingerprint, receipt.receiptId)
    ? { passed: `the fields of the ${receipt.kind} give its receiptId` }
    : { failure: "FINGERPRINT_MISMATCH", detail: `the fields of the ${receipt.kind} do not give its receiptId` };
}

function checkLedger(receipt: Receipt): Check {
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
