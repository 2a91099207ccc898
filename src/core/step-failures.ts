/**
 * What a verifier can find wrong, as data: each cheat has a name of its own, and each name its one step. Programs compare names;
 * the sentence is for people.
 *
 * @see FORMAT.md, section "Verification"
 */
export const STEP_FAILURES = {
  SHAPE_INVALID: { step: 1, meaning: "The file is not strict JSON of exactly the members and forms of its format." },
  COMMITMENT_MISMATCH: { step: 2, meaning: "The content is not what the delta's commitment commits to." },
  CONTENT_AMOUNT_MISMATCH: { step: 2, meaning: "The content states another amount than the delta." },
  CUSTOMER_LEDGER_MISMATCH: { step: 2, meaning: "The ledger is not that of this customer in this namespace." },
  NAMESPACE_NOT_EXPECTED: { step: 2, meaning: "The receipt is of another namespace than the verifier expects." },
  FINGERPRINT_MISMATCH: { step: 3, meaning: "The fields do not hash to the receipt's receiptId." },
  FINGERPRINT_NOT_EXPECTED: { step: 3, meaning: "The receipt is another one than the verifier asked for." },
  LEDGER_NOT_EXPECTED: { step: 4, meaning: "The evidence is of another ledger than the verifier expects." },
  HEAD_OF_OTHER_LEDGER: { step: 4, meaning: "A head, checkpoint or delta in the file is of another ledger." },
  SEQUENCE_BEYOND_HEAD: { step: 4, meaning: "The head does not reach the sequence that it is to prove." },
  LEDGER_PROOF_INVALID: { step: 4, meaning: "The proof does not lead from the delta to the ledger's root." },
  BALANCE_CONTRADICTION: { step: 4, meaning: "Two statements of the file give one moment two balances." },
  CHECKPOINT_CONTRADICTION: { step: 4, meaning: "A checkpoint contradicts itself or the deltas of its window." },
  COUNT_DECREASES: { step: 4, meaning: "The later head has fewer deltas than the earlier, or the earlier has none." },
  CONSISTENCY_PROOF_INVALID: { step: 4, meaning: "The later ledger is not shown to begin with the earlier one." },
  WINDOW_PROOF_INVALID: { step: 4, meaning: "The proof does not lead from the window's last delta to its root." },
  ANCHOR_PROOF_INVALID: { step: 5, meaning: "A proof does not lead to its anchored root." },
  LOGS_DIFFER: { step: 5, meaning: "The anchors of one file are not all of one chain, contract and log." },
  ANCHORS_REVERSED: { step: 5, meaning: "The earlier head was anchored after the later one." },
  CHAIN_MISMATCH: { step: 6, meaning: "The anchor or the endpoint is of another chain." },
  CONTRACT_NOT_EXPECTED: { step: 6, meaning: "The file names another contract than the verifier pinned." },
  LOG_NOT_EXPECTED: { step: 6, meaning: "The file names another log than the verifier pinned." },
  CODE_MISMATCH: { step: 6, meaning: "The code at the contract's address is not the one that the verifier pinned." },
  LOG_UNKNOWN: { step: 6, meaning: "The log has no anchor at this index." },
  ROOT_MISMATCH: { step: 6, meaning: "The contract holds another root at this index." },
  LOG_MARKED: { step: 6, meaning: "The log's publisher was proven to have contradicted itself." },
  NOT_CONFIRMED: { step: 6, meaning: "The anchor is not in the block that the file names, or not final enough." },
  ENDPOINTS_DISAGREE: { step: 6, meaning: "Two endpoints of the chain say different things." },
} as const satisfies Record<string, { step: 1 | 2 | 3 | 4 | 5 | 6; meaning: string }>;

export type StepFailure = keyof typeof STEP_FAILURES;
