/**
 * What the server answers, as types. They are those of its schemas, written out so that whoever uses the client needs nothing but the
 * client; a test holds every one of them against its schema, in both directions.
 *
 * An amount is a number for convenience. Where the exact digits matter, the member of the same name with `Exact` has them as text.
 * Times are ISO-8601 UTC. Fingerprints, hashes and roots are 32 bytes as lower-case 0x hex; addresses are in EIP-55.
 */

export type DeltaStatus = "QUEUED" | "PROCESSING" | "VERIFIED" | "FAILED";
export type StatementStatus = "QUEUED" | "PROCESSING" | "VERIFIED";

export type OffsetPagination = { total: number; offset: number; limit: number };
export type CursorPagination = OffsetPagination & { nextCursor: string | null };
export type PagePagination = { total: number; page: number; limit: number; totalPages: number };

/** A recorded delta. Members that were erased are null. */
export type DeltaView = {
  recordId: string;
  /** The delta's fingerprint. Who has it can see the evidence for this delta: it is a capability. */
  receiptId: string;
  status: DeltaStatus;
  customerId: string | null;
  ledgerIdentifier: string;
  delta: number;
  deltaExact: string;
  balance: number;
  balanceExact: string;
  sequence: number;
  sequenceNumber: string;
  commitment: string;
  reason: string | null;
  referenceId: string | null;
  metadata: Record<string, unknown> | null;
  adjusts?: { recordId?: string | undefined; referenceId?: string | undefined } | undefined;
  recordedAt: string;
  createdAt: string;
  /** The server had recorded it before, under the same idempotency key. */
  idempotent?: boolean | undefined;
};

export type DeltaDetail = DeltaView & {
  verifiedAt: string | null;
  /** The hash of the anchor's transaction. */
  verificationReference: string | null;
  blockNumber: number | null;
  blockTimestamp: string | null;
  proof: DeltaProof | null;
};

export type DeltaProof = {
  proofHash: string;
  contentHash: string;
  previousProofHash: string | null;
  itemHashes: string[];
};

/** What came of one delta of a batch, in the order sent. */
export type BulkResult = {
  index: number;
  status: "QUEUED" | "FAILED";
  recordId?: string | undefined;
  receiptId?: string | undefined;
  customerId: string | null;
  delta: number | null;
  deltaExact?: string | undefined;
  idempotent?: boolean | undefined;
  error?: { code: string; message: string } | undefined;
};

export type BatchAnswer = {
  totalQueued: number;
  totalFailed: number;
  results: BulkResult[];
  idempotent?: boolean | undefined;
};

/** A scope as it was understood. `to` is not included. */
export type ScopeView = { from: string; to: string; period?: string | undefined };

export type Breakdown = { from: string; to: string; netChange: number; netChangeExact: string; deltasCount: number }[];

export type CheckpointSummary = {
  checkpointId: string;
  proofRoot: string;
  status: StatementStatus;
  from: string;
  to: string;
  endingBalance: number;
  endingBalanceExact: string;
};

/** What the record says of a scope of one ledger; balances and counts cover the scope, whatever page is shown. */
export type DerivationView = {
  customerId: string;
  ledgerIdentifier: string;
  startingBalance: number;
  computedBalance: number;
  computedBalanceExact: string;
  verifiedBalance: number;
  deltasCount: number;
  verifiedCount: number;
  pendingCount: number;
  latestReceiptId: string | null;
  latestRecordId: string | null;
  latestCheckpoint: CheckpointSummary | null;
  scope: ScopeView;
  breakdown?: Breakdown | undefined;
  deltas: DeltaView[];
  pagination: CursorPagination;
};

export type DisputeKind =
  | "MISSING"
  | "EXTRA"
  | "DIFFERENT_AMOUNT"
  | "DIFFERENT_BALANCE"
  | "DUPLICATE"
  | "REORDERED"
  | "NOT_ON_RECORD";
export type Party = "yours" | "theirs";

type RecordedPlace = {
  sequence: number;
  recordId: string | null;
  receiptId: string | null;
  recordedAt: string | null;
};

export type ConfirmedDelta = {
  sequence: number;
  recordId: string;
  receiptId: string;
  referenceId: string | null;
  recordedAt: string;
  delta: number;
  deltaExact: string;
  balance: number;
  balanceExact: string;
};

/** A disagreement. `amount` is what it adds to the party's balance less the record's. */
export type DisputeView = RecordedPlace & {
  referenceId: string | null;
  kind: DisputeKind;
  party: Party;
  amount: number;
  amountExact: string;
  recordedDelta: number | null;
  recordedDeltaExact: string | null;
  /** The index of the party's entry. */
  entry: number | null;
  sent: {
    receiptId?: string | undefined;
    recordId?: string | undefined;
    referenceId?: string | undefined;
    sequence?: number | undefined;
    delta?: number | undefined;
    deltaExact?: string | undefined;
    balance?: number | undefined;
    balanceExact?: string | undefined;
  } | null;
};

/** The exact point: the first dispute in sequence order, with the record's balance on either side. */
export type DivergenceView = RecordedPlace & {
  kind: DisputeKind;
  party: Party;
  amount: number;
  amountExact: string;
  balanceBefore: number;
  balanceBeforeExact: string;
  balanceAfter: number;
  balanceAfterExact: string;
};

export type ComparisonView = {
  customerId: string;
  ledgerIdentifier: string;
  startingBalance: number;
  computedBalance: number;
  computedBalanceExact: string;
  matchesYours: boolean | null;
  matchesTheirs: boolean | null;
  yourDiscrepancy: number | null;
  yourDiscrepancyExact: string | null;
  theirDiscrepancy: number | null;
  theirDiscrepancyExact: string | null;
  deltasCount: number;
  confirmedCount: number;
  disputedCount: number;
  undecidedCount: number;
  confirmed: ConfirmedDelta[];
  disputed: DisputeView[];
  divergence: DivergenceView | null;
  message: string;
  scope: ScopeView;
  breakdown?: Breakdown | undefined;
  pagination: { confirmed: OffsetPagination; disputed: OffsetPagination };
};

export type ComparedHead = {
  sequence: number;
  /** On record, and nothing that was sent is different. */
  agrees: boolean;
  onRecord: boolean;
  balanceAgrees: boolean | null;
  rootAgrees: boolean | null;
  balance: number | null;
  balanceExact: string | null;
  root: string | null;
};

export type ComparedHeadsView = {
  customerId: string;
  ledgerIdentifier: string;
  deltasCount: number;
  heads: ComparedHead[];
};

/** A statement about one ledger. `merkleRoot` is the root over its deltas, `proofRoot` its fingerprint. */
export type CheckpointView = {
  checkpointId: string;
  status: StatementStatus;
  mode: "window" | "selection";
  proofRoot: string;
  merkleRoot: string;
  customerId: string | null;
  ledgerIdentifier: string;
  period?: string | undefined;
  from: string;
  to: string;
  firstSequence: number;
  deltasCount: number;
  startingBalance: number;
  startingBalanceExact: string;
  endingBalance: number;
  endingBalanceExact: string;
  netChange: number;
  netChangeExact: string;
  createdAt: string;
  verifyUrl: string;
  verificationApiUrl: string;
  idempotent?: boolean | undefined;
};

/** The statements of every customer that was active in a window. */
export type CheckpointBatchView = {
  checkpointId: string;
  status: StatementStatus;
  from: string;
  to: string;
  period?: string | undefined;
  customersCount: number;
  createdAt: string;
  checkpoints: CheckpointView[];
  pagination: OffsetPagination;
  idempotent?: boolean | undefined;
};

export type CheckpointsView = { checkpoints: CheckpointView[]; pagination: CursorPagination };

/** The statement for an invoice: what goes on the invoice, and the lines behind it. */
export type InvoiceView = {
  customerId: string;
  ledgerIdentifier: string;
  period?: string | undefined;
  from: string;
  to: string;
  status: StatementStatus;
  proofRoot: string;
  merkleRoot: string;
  verifyUrl: string;
  verificationApiUrl: string;
  startingBalance: number;
  startingBalanceExact: string;
  endingBalance: number;
  endingBalanceExact: string;
  netChange: number;
  netChangeExact: string;
  deltasCount: number;
  checkpoint: CheckpointView;
  lines: InvoiceLine[];
  pagination: OffsetPagination;
};

export type InvoiceLine = {
  sequence: number;
  recordId: string;
  receiptId: string;
  time: string;
  delta: number;
  deltaExact: string;
  balance: number;
  balanceExact: string;
  reason: string | null;
  referenceId: string | null;
  status: DeltaStatus;
};

/** `erased`: its content was erased and nothing was recorded since. */
export type CustomerStatus = "active" | "erased";

export type CustomerView = {
  customerId: string | null;
  ledgerIdentifier: string;
  customerReference: string;
  totalDeltas: number;
  computedBalance: number;
  computedBalanceExact: string;
  firstDeltaAt: string;
  lastDeltaAt: string;
  status: CustomerStatus;
};

export type CustomersView = {
  customers: CustomerView[];
  pagination: PagePagination & { nextCursor: string | null };
};

export type Activity = {
  delta: number;
  deltaExact: string;
  reason: string | null;
  referenceId: string | null;
  status: DeltaStatus;
  time: string;
  recordId: string;
  receiptId: string;
  sequence: number;
  verificationReference: string | null;
};

export type CustomerDetail = CustomerView & {
  verifiedBalance: number;
  latestCheckpoint: CheckpointSummary | null;
  recentActivity: { items: Activity[]; pagination: PagePagination };
};

export type ReceiptsView = { receipts: DeltaView[]; pagination: CursorPagination };
