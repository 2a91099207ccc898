import type { StepFailure } from "../../../core/step-failures.ts";

export type Kind = "delta" | "checkpoint" | "consistency";

/** What a step is about, and what it means that it passed, for people who read invoices. `skipped` where there may be nothing to check. */
export type StepWords = { title: string; passed: string; skipped?: string };

const CHAIN: StepWords = {
  title: "The public contract holds it",
  passed:
    "The contract on the chain holds this root, in the block that the file names, and nobody has convicted its publisher.",
  skipped: "The chain was not reached, so nobody but the file says that this was anchored.",
};

const WORDS: Readonly<Record<Kind, readonly StepWords[]>> = {
  delta: [
    { title: "The file is complete", passed: "It is a receipt, with every member that belongs there and no other." },
    {
      title: "Customer and reason are those that were recorded",
      passed: "What the file says about customer, amount and reason is what was committed to when it was recorded.",
      skipped: "This receipt does not show customer and reason, so there is nothing to compare.",
    },
    {
      title: "The amount and the balance are what was recorded",
      passed: "A change of a single digit of amount, balance or time would give another receipt id.",
    },
    {
      title: "The delta is in the customer's ledger",
      passed: "The ledger's root contains this delta, at its place in the sequence.",
    },
    {
      title: "The ledger is in the anchor",
      passed: "The anchor's root contains this state of the ledger.",
    },
    CHAIN,
  ],
  checkpoint: [
    { title: "The file is complete", passed: "It is a receipt, with every member that belongs there and no other." },
    {
      title: "No private content",
      passed: "There is none.",
      skipped: "A statement has no customer and no reasons in it, so there is nothing to compare.",
    },
    {
      title: "Period, balances and count are what was stated",
      passed: "A change of a single digit of the statement would give another proof root.",
    },
    {
      title: "The statement adds up",
      passed: "The deltas in the file add up to the closing balance, and their root is the statement's.",
      skipped: "The deltas of the period are not in the file, so the sums were not computed again.",
    },
    { title: "The statement is in the anchor", passed: "The anchor's root contains this statement." },
    CHAIN,
  ],
  consistency: [
    {
      title: "The file is complete",
      passed: "It is a consistency file, with every member that belongs there and no other.",
    },
    {
      title: "No private content",
      passed: "There is none.",
      skipped: "A consistency file has no customer and no reasons in it, so there is nothing to compare.",
    },
    {
      title: "No id of its own",
      passed: "There is none.",
      skipped: "A consistency file has no receipt id, so there is nothing to compare.",
    },
    {
      title: "The later history begins with the earlier one",
      passed: "Nothing that was in the ledger earlier was changed, moved or left out later.",
    },
    {
      title: "Both states are in anchors of one log",
      passed: "The anchors' roots contain the earlier and the later state.",
    },
    {
      ...CHAIN,
      passed:
        "The contract on the chain holds these roots, in the blocks that the file names, and nobody has convicted their publisher.",
    },
  ],
};

/** @param kind null for what could not be read. @param step 1 to 6. */
export function stepWords(kind: Kind | null, step: number): StepWords {
  return WORDS[kind ?? "delta"][step - 1]!;
}

/** What each failure means to somebody who was given the file. */
export const FAILURE_WORDS: Readonly<Record<StepFailure, string>> = {
  SHAPE_INVALID: "This is not a file of evidence, or it was damaged on its way.",
  COMMITMENT_MISMATCH: "Customer, reason or another part of the content was changed after it was recorded.",
  CONTENT_AMOUNT_MISMATCH: "The content states another amount than the one that was recorded.",
  CUSTOMER_LEDGER_MISMATCH: "The ledger is not the one of the customer that the file names.",
  NAMESPACE_NOT_EXPECTED: "The file is of another provider's namespace than the one that you expect.",
  FINGERPRINT_MISMATCH:
    "The amount, the balance or another figure was changed: the receipt id stands for other figures.",
  FINGERPRINT_NOT_EXPECTED: "The file is genuine evidence of something else than what was asked for.",
  LEDGER_NOT_EXPECTED: "The file is about another customer's ledger than the one that you expect.",
  HEAD_OF_OTHER_LEDGER: "Parts of the file are about different ledgers.",
  SEQUENCE_BEYOND_HEAD: "The ledger that is shown is too short to contain this.",
  LEDGER_PROOF_INVALID: "The delta is not in the ledger that the file shows.",
  BALANCE_CONTRADICTION: "The file gives two balances for one moment.",
  CHECKPOINT_CONTRADICTION: "The statement contradicts itself or its deltas: it does not add up.",
  COUNT_DECREASES: "The later history is shorter than the earlier one.",
  CONSISTENCY_PROOF_INVALID: "The later history does not begin with the earlier one: something was changed in between.",
  WINDOW_PROOF_INVALID: "The last delta of the period is not in the statement.",
  ANCHOR_PROOF_INVALID: "The file does not lead to the root that was anchored.",
  LOGS_DIFFER: "The anchors in the file are of different logs.",
  ANCHORS_REVERSED: "The earlier state was anchored after the later one.",
  CHAIN_MISMATCH: "The file and the endpoint, or the file and what you expect, are of different chains.",
  CONTRACT_NOT_EXPECTED: "The file names another contract than the one that it is held against.",
  LOG_NOT_EXPECTED: "The file names another log than the one that it is held against.",
  CODE_MISMATCH: "The contract at this address is missing, or has other code than it must have.",
  LOG_UNKNOWN: "The contract has no anchor at the place that the file names.",
  ROOT_MISMATCH: "The contract holds another root at this place: this was never anchored.",
  LOG_MARKED:
    "The publisher of this log was proven to have contradicted itself. Nothing in its log can be relied on alone.",
  NOT_CONFIRMED: "The anchor is not in the block that the file names, or too few blocks have followed it.",
  ENDPOINTS_DISAGREE: "The endpoints that were asked say different things: at least one of them is wrong.",
};
