import type { DeltaStatus, OffsetPagination } from "./answers.ts";

/** Answers about evidence; see answers.ts. */

/** What the server says of a receiptId or a proofRoot. */
export type VerificationView = {
  verified: boolean;
  kind: "delta" | "checkpoint";
  receiptId?: string | undefined;
  proofRoot?: string | undefined;
  recordedAt: string;
  verifiedAt: string | null;
  status: DeltaStatus;
  message: string;
  summary: {
    recordCount: number;
    netChange: number;
    startingBalance: number;
    endingBalance: number;
    firstRecordAt: string | null;
    lastRecordAt: string | null;
  };
  records: {
    amount: number;
    amountExact: string;
    status: DeltaStatus;
    time: string;
    reason?: string | null | undefined;
    referenceId?: string | null | undefined;
  }[];
  pagination: OffsetPagination;
  contentHash: string;
  proofHash: string;
  verification: VerificationEvidence | null;
};

export type VerificationEvidence = {
  verificationReference: string;
  verificationApiUrl: string;
  verificationExplorerUrl: string | null;
  chainId: number;
  contract: string;
  log: string;
  index: number;
  root: string;
  blockNumber: number;
  blockHash: string;
  proof: {
    ledgerProof?: string[] | undefined;
    head?: { ledger: string; count: string; balance: string; root: string } | undefined;
    checkpoint?: CheckpointFields | undefined;
    selection?: { ledger: string; count: string; netChange: string; root: string } | undefined;
    anchorProof: string[];
  };
};

export type CheckpointFields = {
  ledger: string;
  from: string;
  to: string;
  firstSequence: string;
  count: string;
  openingBalance: string;
  closingBalance: string;
  root: string;
};
