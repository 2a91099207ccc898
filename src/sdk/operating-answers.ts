import type { CursorPagination, DeltaProof, OffsetPagination } from "./answers.ts";

/** Answers about keys, webhooks, limits and use; see answers.ts. */

export type GapsView = {
  customerId: string;
  ledgerIdentifier: string;
  expected: number;
  present: number;
  hasGaps: boolean;
  gaps: { from: number; to: number }[];
};

/** Without a quota, `allowed` and `remaining` are null. `period` is the current UTC month. */
export type UsageView = {
  allowed: number | null;
  remaining: number | null;
  used: number;
  period: string;
  plan: "unlimited" | "monthly";
};

/** All customers in one sum. `activeCustomers`: with a delta in the last 30 days. */
export type SummaryView = {
  customers: number;
  activeCustomers: number;
  totalDeltas: number;
  verifiedDeltas: number;
  pendingDeltas: number;
  failedDeltas: number;
  netBalance: number;
  netBalanceExact: string;
};

/** What was erased for good. */
export type ErasureView = { customerId: string; ledgerIdentifier: string; erasedDeltas: number; erasedAt: string };

export type LimitsView = {
  customerIdLength: number;
  reasonLength: number;
  referenceIdLength: number;
  metadataBytes: number;
  metadataDepth: number;
  idempotencyKeyLength: number;
  pageSize: number;
  customersPageSize: number;
  amountDecimals: number;
  largestDelta: number;
  bodyBytes: number;
  batchItems: number;
  batchBodyBytes: number;
  streamLineBytes: number;
  selectionItems: number;
  comparedEntries: number;
  comparedBodyBytes: number;
  comparedHeads: number;
  labelLength: number;
  tenantNameLength: number;
  keyOverlapSeconds: number;
  webhookEndpoints: number;
  webhookUrlLength: number;
  webhookDescriptionLength: number;
  deliveriesOffset: number;
  maxScopeMonths: number;
  maxLastNDays: number;
  maxGapSequences: number;
  maxComparedDeltas: number;
  maxRetentionDays: null;
  deltasPerMonth: number | null;
};

export type KeyScope = "admin" | "write" | "read";

/** An API key without its secret. `customerReference`: the one ledger that it reads, null for all. */
export type KeyView = {
  publicId: string;
  scope: KeyScope;
  customerReference: string | null;
  label: string | null;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
};

/** The same with the key itself, once: a repeated request answers null. */
export type GivenKeyView = KeyView & { apiKey: string | null; idempotent?: boolean | undefined };

/** The key that asks. `customerId`: the one customer that it reads, null for all, and while that customer is unknown or erased. */
export type CurrentKeyView = { key: KeyView; tenant: string; customerId: string | null; mode: "test" | "live" };

export type KeysView = { keys: KeyView[]; pagination: OffsetPagination };

export type EventName =
  | "delta.verified"
  | "delta.failed"
  | "checkpoint.verified"
  | "anchor.confirmed"
  | "anchoring.halted";

export type EndpointView = {
  id: string;
  url: string;
  events: EventName[];
  description: string | null;
  enabled: boolean;
  createdAt: string;
  lastTriggered: string | null;
  successCount: number;
  failureCount: number;
};

/** The same with its secret, once: a repeated request answers null. */
export type GivenEndpointView = EndpointView & {
  secret: string | null;
  previousSecretUntil?: string | null | undefined;
  idempotent?: boolean | undefined;
};

export type EndpointsView = { webhooks: EndpointView[]; pagination: OffsetPagination };

export type DeletedEndpointView = { id: string; deleted: true };

/** What came of a `webhook.test` event that was sent at once. */
export type TestView = {
  eventId: string;
  delivered: boolean;
  statusCode: number | null;
  error: string | null;
  durationMs: number;
  idempotent?: boolean | undefined;
};

export type DeliveryState = "pending" | "delivered" | "parked";

/** One event on its way to one endpoint. */
export type DeliveryView = {
  eventId: string;
  event: EventName;
  endpointId: string;
  status: DeliveryState;
  attempts: number;
  createdAt: string;
  nextAttemptAt: string | null;
  lastAttemptAt: string | null;
  lastStatusCode: number | null;
  lastError: string | null;
  deliveredAt: string | null;
};

export type DeliveriesView = { deliveries: DeliveryView[]; pagination: CursorPagination };

export type RetryView = { eventId: string; deliveries: DeliveryView[]; idempotent?: boolean | undefined };

/** The data of each event. What was erased is null. */
export type WebhookEventData = {
  "delta.verified": {
    recordId: string;
    receiptId: string;
    verificationReference: string;
    customerId: string | null;
    delta: number;
    sequenceNumber: string;
    referenceId: string | null;
    blockTimestamp: string;
    proof: DeltaProof;
  };
  "delta.failed": { recordId: string; customerId: string | null; delta: number; error: string; failedAt: string };
  "checkpoint.verified": {
    checkpointId: string;
    mode: "window" | "selection";
    proofRoot: string;
    merkleRoot: string;
    customerId: string | null;
    ledgerIdentifier: string;
    from: string;
    to: string;
    deltasCount: number;
    startingBalance: number;
    endingBalance: number;
    netChange: number;
    verificationReference: string;
    blockTimestamp: string;
    verifyUrl: string;
    verificationApiUrl: string;
  };
  "anchor.confirmed": {
    index: number;
    root: string;
    size: number;
    verificationReference: string;
    blockNumber: number;
    blockHash: string;
    blockTimestamp: string;
    chainId: number;
    contract: string;
    log: string;
  };
  "anchoring.halted": { haltedAt: string; message: string; reason: string | null; next: string | null };
  "webhook.test": { endpointId: string; message: string };
};

/** The body of a delivery; `event` says which data it has. */
export type WebhookEvent = {
  [Name in keyof WebhookEventData]: {
    id: string;
    event: Name;
    tenantId: string;
    createdAt: string;
    timestamp: string;
    data: WebhookEventData[Name];
  };
}[keyof WebhookEventData];
