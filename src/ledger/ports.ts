import type { KeyObject } from "node:crypto";
import { toHex } from "../core/bytes.ts";
import type { Adjusts, Json } from "../core/content.ts";
import type { TallyrootError } from "../core/errors.ts";
import type { AnchorReference } from "../core/receipt.ts";
import type { Position } from "../core/tree.ts";
import type { StoredCheckpoint } from "./checkpoint-ports.ts";
import type { Step } from "../core/verify-receipt.ts";
import type { RequestEffect } from "./effect-ports.ts";

/** What the verbs need from the outside: a store and a chain. Amounts in units of 10^-18, times in Unix milliseconds. */

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

/** A delta as it is stored. `nodes` are the tree nodes above leaf level that it completed, lowest first, 32 bytes each. */
export type StoredDelta = {
  ledger: Ledger;
  sequence: number;
  amount: bigint;
  balance: bigint;
  recordedAt: number;
  commitment: Uint8Array;
  fingerprint: Uint8Array;
  nodes: Uint8Array;
  /** Which of the ledger's keys the content is sealed with. */
  generation: number;
  sealed: Uint8Array;
  requestId: Uint8Array | null;
};

export type RecordOutcome =
  | { kind: "recorded"; delta: StoredDelta }
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

/** What an API key may do: `admin` everything, `write` record and read, `read` read. */
export type Scope = "admin" | "write" | "read";

export type ApiKeyRecord = {
  publicId: string;
  tenantId: number;
  /** SHA-256 of the secret: 32 random bytes need no slow hash. */
  secretHash: Uint8Array;
  scope: Scope;
  /** The one ledger that the key reads; null for a key of the whole tenant. */
  ledgerAddress: Uint8Array | null;
  label: string;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
};

export interface TenantStore {
  tenantByName(name: string): Promise<Tenant | undefined>;
  tenantById(id: number): Promise<Tenant | undefined>;
  /** Makes a tenant with a fresh secret, hence a fresh namespace. */
  addTenant(name: string, createdAt: number): Promise<Tenant>;
  /**
   * Makes a tenant with its first key, and notes the request that asked for it: all or nothing.
   *
   * @param key everything but its tenant.
   * @returns `taken` when there is a tenant of this name, `repeated` when this request had its effect before; nothing is done then.
   */
  addTenantWithKey(tenant: { name: string; createdAt: number }, key: Omit<ApiKeyRecord, "tenantId">, request?: RequestEffect): Promise<"added" | "taken" | "repeated">;
  /** The tenants in the order in which they were made. */
  tenants(page: Page): Promise<{ tenants: Tenant[]; total: number }>;

  /**
   * Adds a key, sets the end of the key that it follows, and notes the request that asked for it: all or nothing.
   *
   * @returns false, and nothing is done, when this request had its effect before.
   */
  addApiKey(key: ApiKeyRecord, also?: { ends?: { publicId: string; expiresAt: number }; request?: RequestEffect | undefined }): Promise<boolean>;
  /** A key as it is now: a change MUST be seen by every read that starts afterwards. */
  apiKey(publicId: string): Promise<ApiKeyRecord | undefined>;
  /** The tenant's keys in the order in which they were made. */
  apiKeys(tenantId: number, page: Page): Promise<{ keys: ApiKeyRecord[]; total: number }>;
  /**
   * Revokes a key for good; one that is revoked stays as it is.
   *
   * @returns `last`, and nothing is done, when it is the tenant's last admin key that can be used at this time: looked up and revoked in
   *   one transaction; `repeated` when this request had its effect before.
   */
  revokeApiKey(publicId: string, at: number, request?: RequestEffect): Promise<"revoked" | "last" | "repeated">;
  /** Notes that a key was used. It costs nothing now: it is written later, at most once a minute for each key, and a crash may lose it. */
  noteUse(publicId: string, at: number): void;
}

/** A leaf that is about to go into an anchor: a ledger's head, or a checkpoint with its own count, balance and root. */
export type AnchorLeaf = {
  ledgerId: number;
  count: number;
  balance: bigint;
  root: Uint8Array;
  leaf: Uint8Array;
  nodes: Uint8Array;
  checkpointId: number | null;
};

/** A signed transaction, stored before it is sent. */
export type AnchorTransaction = { attempt: number; nonce: number; hash: Uint8Array; raw: Uint8Array; createdAt: number };

/** An anchor as it is made: how far deltas, in order of arrival, and checkpoints had been looked at for it. */
export type NewAnchor = { index: number; root: Uint8Array; size: number; through: number; throughCheckpoint: number; createdAt: number };

/** The anchoring side of the store. Every step MUST be durable when its promise resolves. */
export interface AnchorStore {
  /** The latest anchor, and how far the arrival order of deltas had been collected for it. */
  latest(): Promise<{ anchor: Anchor; through: number; throughCheckpoint: number } | undefined>;
  /** The earliest anchor that is not confirmed. */
  firstOpen(): Promise<Anchor | undefined>;
  anchor(index: number): Promise<Anchor | undefined>;
  /**
   * Ledgers with deltas after `through` in arrival order, ascending by id, with the place of the last delta seen.
   *
   * @throws RecordDamagedError when a delta in between is missing.
   */
  moved(through: number): Promise<{ ledgerIds: number[]; through: number }>;
  ledger(id: number): Promise<Ledger>;
  keysOf(ledgerId: number): Promise<SealedKey[]>;
  lastHead(ledgerId: number): Promise<AnchoredHead | undefined>;
  lastDelta(ledger: Ledger): Promise<StoredDelta | undefined>;
  deltas(ledger: Ledger, first: number, limit: number): Promise<StoredDelta[]>;
  nodes(ledger: Ledger, positions: readonly Position[]): Promise<Uint8Array[]>;
  /** Checkpoints after `through`, in order, as far as the batches that they belong to are complete. */
  completeCheckpoints(through: number, limit: number): Promise<StoredCheckpoint[]>;
  selectionOf(checkpointId: number, page: Page): Promise<number[]>;
  /** Stores leaves of anchor `index` from `position` on; they count only once `prepare` has stored their anchor. */
  addLeaves(index: number, position: number, leaves: readonly AnchorLeaf[]): Promise<void>;
  /** Drops leaves that a crash left behind without their anchor. */
  dropLeavesFrom(index: number): Promise<void>;
  prepare(anchor: NewAnchor): Promise<void>;
  addTransaction(index: number, transaction: AnchorTransaction): Promise<void>;
  transactions(index: number): Promise<AnchorTransaction[]>;
  markSent(index: number): Promise<void>;
  markConfirmed(index: number, mined: { transactionHash: Uint8Array; blockNumber: number; blockHash: Uint8Array; blockTime: number; confirmedAt: number }): Promise<void>;
  /** Takes a confirmed anchor back to `sent`: its block was reorganised away. */
  markUnconfirmed(index: number): Promise<void>;
}

/** Where the anchors of this server are. */
export type AnchorPlace = { chainId: number; contract: Uint8Array; log: Uint8Array };

/** The block that a transaction is in. `final`: it has the configured confirmations. Block time in Unix seconds. */
export type Mined = { blockNumber: number; blockHash: Uint8Array; blockTime: number; succeeded: boolean; final: boolean };

/** One log of the contract, as its publisher sees it. Every method may throw ChainUnavailableError. */
export interface AnchorChain {
  readonly place: AnchorPlace;
  /** The latest index of the log; 0 when nothing is anchored yet. */
  anchoredCount(): Promise<number>;
  /** The root at an index of the log, undefined when there is none. */
  anchoredRoot(index: number): Promise<Uint8Array | undefined>;
  /** How many transactions of the publisher are in blocks: every nonce below it is spent. */
  nextNonce(): Promise<number>;
  /**
   * Signs `append` under the next nonce.
   *
   * @param replaces the raw transaction to replace: its nonce is kept, and each of its fees is raised by at least an eighth.
   */
  sign(append: { index: number; root: Uint8Array; size: number; replaces?: Uint8Array | undefined }): Promise<{ nonce: number; hash: Uint8Array; raw: Uint8Array }>;
  /** Sends a signed transaction; one that the chain knows already is sent. */
  send(raw: Uint8Array): Promise<void>;
  /** The block of a transaction, undefined while it has none. */
  mined(hash: Uint8Array): Promise<Mined | undefined>;
}

/** What the contract says now about one anchor: an outsider's look, which needs no key. */
export type Witness = {
  /** Step 6 of verifying a receipt. @throws ChainUnavailableError */
  check(anchor: AnchorReference): Promise<Step>;
};

/** Where operators read what happens: facts for programs, a sentence for people. */
export type Log = Record<"debug" | "info" | "warn" | "error", (facts: object, message: string) => void>;
