import type { KeyObject } from "node:crypto";
import { toHex } from "../../core/bytes.ts";
import type { Adjusts, Json } from "../../core/content.ts";
import type { TallyrootError } from "../../core/errors.ts";
import type { Position } from "../../core/tree.ts";
import type { RequestEffect } from "./effects.ts";

/** The record: what the verbs need of a store. Amounts in units of 10^-18, times in Unix milliseconds. */

/** The owner of API keys and of a namespace. */
export type Tenant = { id: number; name: string; namespace: Uint8Array; requestKey: KeyObject; createdAt: number };

/** What a caller asks to be recorded; already parsed, so every member is true to its type. */
export type RecordRequest = {
  tenant: Tenant;
  customerId: string;
  amount: bigint;
  reason: string;
  referenceId?: string;
  metadata?: { [member: string]: Json };
  adjusts?: Adjusts;
  /** The caller's idempotency key as it is stored: 16 bytes of its HMAC under the tenant's request key. */
  requestId?: Uint8Array;
};

/** A ledger's fixed facts. */
export type Ledger = { id: number; tenantId: number; address: Uint8Array; openedAt: number };

/** What everybody may see of a delta once it is recorded. */
export type RecordedDelta = {
  ledger: Ledger;
  sequence: number;
  amount: bigint;
  balance: bigint;
  recordedAt: number;
  commitment: Uint8Array;
  fingerprint: Uint8Array;
};

/** A delta as it is stored. `nodes` are the tree nodes above leaf level that it completed, lowest first, 32 bytes each. */
export type StoredDelta = RecordedDelta & {
  nodes: Uint8Array;
  /** Which of the ledger's keys the content is sealed with. */
  generation: number;
  sealed: Uint8Array;
  requestId: Uint8Array | null;
};

export type RecordOutcome =
  | { kind: "recorded"; delta: RecordedDelta }
  | { kind: "replayed"; delta: StoredDelta }
  | { kind: "refused"; error: TallyrootError };

/** What holds for requests that are recorded together. */
export type RecordUnit = {
  /** What the whole unit came of, stored in the same transaction. A conflict when its request id was used before, by whatever. */
  request?: RequestEffect | undefined;
  /** The caller has looked: none of the request ids is known yet. A conflict when one of them has become known since. */
  allNew?: boolean;
};

/** A ledger's key and the customer id sealed with it. `wrapped` is null once the content was erased. */
export type SealedKey = { generation: number; wrapped: Uint8Array | null; sealedCustomerId: Uint8Array | null };

/** A head as it was put into an anchor. */
export type AnchoredHead = {
  anchorIndex: number;
  position: number;
  ledgerId: number;
  count: number;
  balance: bigint;
  root: Uint8Array;
};

/** How far an anchor is. It counts as final in `confirmed` only. */
export type AnchorState = "prepared" | "sent" | "confirmed";

export type Anchor = {
  index: number;
  root: Uint8Array;
  size: number;
  createdAt: number;
  state: AnchorState;
  transactionHash: Uint8Array | null;
  blockNumber: number | null;
  blockHash: Uint8Array | null;
  /** Unix seconds, as the chain has it. */
  blockTime: number | null;
  confirmedAt: number | null;
  /** Gas that its transaction used; null also where it was confirmed before the gas was kept. */
  gasUsed: number | null;
};

/** How far a ledger is anchored: the counts of its latest confirmed head and of its latest head in any anchor; 0 for none. */
export type AnchoredCounts = { confirmed: number; underWay: number };

export type Page = { offset: number; limit: number };

/**
 * A stored row is not what its own fields say, or is not there. The record was changed, or our code is wrong; either way nothing
 * may be anchored.
 */
export class RecordDamagedError extends Error {
  override readonly name = "RecordDamagedError";
  /** The ledger's address, and the sequence of the first row that is wrong; undefined where a missing row cannot tell. */
  readonly ledger: string | undefined;
  readonly sequence: number | undefined;

  constructor(problem: string, row?: { ledger: Pick<Ledger, "address">; sequence: number }) {
    super(row ? `ledger ${toHex(row.ledger.address)}, sequence ${row.sequence}: ${problem}` : problem);
    this.ledger = row && toHex(row.ledger.address);
    this.sequence = row?.sequence;
  }
}

/**
 * The record. Everything that a promise of `record` has answered MUST be on disk before it is answered, and MUST be found by every
 * read that starts afterwards. Sequences of one ledger MUST be 1, 2, 3 … without holes, whoever writes at the same time.
 */
export interface LedgerStore {
  /**
   * Records requests in the order given. `atomic`: all or none; otherwise each stands alone. When one of an atomic unit is refused,
   * every outcome that it would have brought about is `refused` too.
   *
   * @throws TallyrootError SERVICE_UNAVAILABLE when the record cannot be written now; nothing of it was recorded then.
   * @throws TallyrootError IDEMPOTENCY_CONFLICT as `RecordUnit` says; nothing of it was recorded then either.
   */
  record(requests: readonly RecordRequest[], atomic: boolean, unit?: RecordUnit): Promise<RecordOutcome[]>;

  ledger(tenantId: number, address: Uint8Array): Promise<Ledger | undefined>;
  ledgerById(id: number): Promise<Ledger>;
  /** The tenant's ledgers in the order in which they were opened. */
  ledgers(tenantId: number, page: Page): Promise<Ledger[]>;
  ledgerCount(tenantId: number): Promise<number>;
  /** Every key the ledger ever had, oldest first. */
  keysOf(ledgerId: number): Promise<SealedKey[]>;

  delta(ledger: Ledger, sequence: number): Promise<StoredDelta | undefined>;
  lastDelta(ledger: Ledger): Promise<StoredDelta | undefined>;
  /** Deltas `first` … `first + limit - 1`, as far as there are. */
  deltas(ledger: Ledger, first: number, limit: number): Promise<StoredDelta[]>;
  deltaByFingerprint(fingerprint: Uint8Array): Promise<StoredDelta | undefined>;
  deltaByRequestId(requestId: Uint8Array): Promise<StoredDelta | undefined>;
  /**
   * The time of the record, Unix milliseconds: of the clock that deltas get theirs from. A delta with an earlier time is in every
   * `countBefore` that is asked for afterwards, so a statement that bears this time hides none, and puts no later one into the future.
   */
  now(): Promise<number>;
  /** How many deltas of the ledger were recorded before a time (Unix milliseconds); O(log n) reads. */
  countBefore(ledger: Ledger, time: number): Promise<number>;
  /** The fingerprints of deltas `first` … `first + limit - 1`, one after the other, 32 bytes each. */
  fingerprints(ledger: Ledger, first: number, limit: number): Promise<Uint8Array>;
  /** Stored nodes of the ledger's tree, in the order of the positions; all MUST exist. */
  nodes(ledger: Ledger, positions: readonly Position[]): Promise<Uint8Array[]>;

  anchoredCounts(ledgerId: number): Promise<AnchoredCounts>;
  /** The heads of this ledger in any anchor whose count is at least `sequence`, in order. */
  headsFrom(ledgerId: number, sequence: number, limit: number): Promise<AnchoredHead[]>;
  /** The ledger's head in one anchor. */
  headIn(ledgerId: number, anchorIndex: number): Promise<AnchoredHead | undefined>;
  anchor(index: number): Promise<Anchor | undefined>;
  anchors(page: Page): Promise<{ anchors: Anchor[]; total: number }>;
  /** Stored nodes of an anchor's tree. */
  anchorNodes(index: number, positions: readonly Position[]): Promise<Uint8Array[]>;
}
