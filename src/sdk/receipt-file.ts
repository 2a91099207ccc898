import type { CheckpointFields } from "./verification-answers.ts";

/** Receipt files as JSON: integers as decimal text, bytes as 0x hex; see FORMAT.md, section "Receipt". */

export type DeltaFields = {
  ledger: string;
  sequence: string;
  amount: string;
  balance: string;
  recordedAt: string;
  commitment: string;
};

export type AnchorFields = {
  chainId: string;
  contract: string;
  log: string;
  index: string;
  root: string;
  size: string;
  transactionHash: string;
  blockNumber: string;
  blockHash: string;
  blockTime: string;
};

type Common = { format: "tallyroot-receipt/1"; receiptId: string; anchorProof: string[]; anchor: AnchorFields };

export type DeltaReceiptFile = Common & {
  kind: "delta";
  delta: DeltaFields;
  /** With `namespace`, or neither in a blind receipt. */
  content?: {
    customerId: string;
    delta: string;
    reason: string;
    referenceId?: string;
    metadata?: Record<string, unknown>;
    adjusts?: { recordId: string } | { referenceId: string };
    salt: string;
  };
  namespace?: string;
  ledgerProof: string[];
  head: { ledger: string; count: string; balance: string; root: string };
};

export type CheckpointReceiptFile = Common & {
  kind: "checkpoint";
  checkpoint: CheckpointFields;
  deltas?: DeltaFields[];
};

export type ReceiptFile = DeltaReceiptFile | CheckpointReceiptFile;
