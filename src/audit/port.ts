import type { RowName } from "./findings.ts";

/**
 * What the audit reads: every row of the record as it is stored, in an order, a page at a time. Nothing is interpreted but what the
 * storage engine alone can tell: whether a row could be read at all, whether its columns are of their kinds, and its digest.
 */

/**
 * What came of comparing a row with its digest. `none`: the row is from before there were digests. `missing`: it has none although it is
 * not.
 */
export type Digest = "matches" | "differs" | "none" | "missing";

/** A row under the key that it was looked up by. Without `row` it is there but is not one: `problem` says why. */
export type Entry<Key, Row> = { key: Key } & ({ row: Row } | { row?: undefined; problem: RowProblem });

/** `missing`: an index names a row that is not there. `unreadable`: the file is damaged there. `malformed`: a column is of another kind. */
export type RowProblem = { kind: "missing" | "unreadable" | "malformed"; detail: string };

export type TenantRow = { id: number; name: string; sealedSecret: Uint8Array };
export type LedgerRow = { id: number; tenant: number; address: Uint8Array; openedAt: number };
export type LedgerKeyRow = {
  ledger: number;
  generation: number;
  wrapped: Uint8Array | null;
  sealedCustomerId: Uint8Array | null;
};

export type DeltaKey = { ledger: number; sequence: number };
/** A delta; `arrival` is its number in order of arrival, undefined where an engine keeps none. */
export type DeltaRow = DeltaKey & {
  arrival: number | undefined;
  amount: string;
  balance: string;
  recordedAt: number;
  commitment: Uint8Array;
  fingerprint: Uint8Array;
  nodes: Uint8Array;
  generation: number;
  sealed: Uint8Array;
  requestId: Uint8Array | null;
  digest: Digest;
};

export type LeafKey = { anchor: number; position: number };
/** A leaf of an anchor: a ledger's head, or a checkpoint where that is set. */
export type LeafRow = LeafKey & {
  ledger: number;
  count: number;
  balance: string;
  root: Uint8Array;
  leaf: Uint8Array;
  nodes: Uint8Array;
  checkpoint: number | null;
};
/** A head as the index by ledger finds it. */
export type HeadKey = LeafKey & { ledger: number; count: number };

export type AnchorRow = {
  id: number;
  root: Uint8Array;
  size: number;
  through: number;
  createdAt: number;
  throughCheckpoint: number;
  digest: Digest;
};
export type TransactionKey = { anchor: number; attempt: number };
export type TransactionRow = TransactionKey & { nonce: number; hash: Uint8Array; raw: Uint8Array; digest: Digest };
export type ProgressRow = {
  anchor: number;
  state: string;
  transactionHash: Uint8Array | null;
  blockNumber: number | null;
  blockHash: Uint8Array | null;
  blockTime: number | null;
  confirmedAt: number | null;
  gasUsed: number | null;
  digest: Digest;
};

export type CheckpointRow = {
  id: number;
  statementId: string;
  tenant: number;
  ledger: number;
  kind: string;
  from: number;
  to: number;
  firstSequence: number;
  count: number;
  openingBalance: string;
  closingBalance: string;
  root: Uint8Array;
  fingerprint: Uint8Array;
  createdAt: number;
  digest: Digest;
};
export type BatchRow = {
  id: number;
  statementId: string;
  tenant: number;
  from: number;
  to: number;
  customers: number;
  lastCheckpoint: number;
};
export type MemberRow = { statementId: string; position: number; checkpoint: number };

/** An index from the first six bytes of a key to the numbers of arrival of deltas. */
export type KeyIndex = "fingerprint_index" | "request_index";

/** The store's own file is damaged in a way that no row can be named for. */
export class FileDamagedError extends Error {
  override readonly name = "FileDamagedError";
}

/** The record for reading. Lists come in the order of their keys, after `after`, at most `limit` at a time; an empty page is the end. Every method may throw FileDamagedError. */
export interface AuditStore {
  facts(): Promise<ReadonlyMap<string, string>>;
  tenants(after: number, limit: number): Promise<Entry<number, TenantRow>[]>;
  /** By id. */
  ledgers(after: number, limit: number): Promise<Entry<number, LedgerRow>[]>;
  ledger(id: number): Promise<LedgerRow | undefined>;
  /** The highest number of a ledger; 0 when there is none. */
  lastLedger(): Promise<number>;
  /** The keys of one ledger, by generation. */
  keysOf(ledger: number): Promise<Entry<number, LedgerKeyRow>[]>;
  /** By ledger and sequence. */
  deltas(after: DeltaKey, limit: number): Promise<Entry<DeltaKey, DeltaRow>[]>;
  delta(key: DeltaKey): Promise<Entry<DeltaKey, DeltaRow> | undefined>;
  /** How many rows deltas has, and the highest number of arrival, or how many were counted as they were recorded. */
  arrivals(): Promise<{ rows: number; last: number }>;
  /** Numbers of arrival, in order, that a row follows whose predecessor is missing: holes end before them. */
  holesBefore(limit: number): Promise<number[]>;
  /** Heads in anchors that were made, by ledger, count, anchor and position. */
  heads(after: HeadKey, limit: number): Promise<Entry<HeadKey, LeafRow>[]>;
  anchors(after: number, limit: number): Promise<Entry<number, AnchorRow>[]>;
  /** The leaves of an anchor by position. */
  leaves(after: LeafKey, limit: number): Promise<Entry<LeafKey, LeafRow>[]>;
  /** Which positions of an anchor have a leaf, found by reading the whole table: a damaged row misleads every search that meets it. */
  leafPositions(anchor: number): Promise<ReadonlySet<number>>;
  /** The first leaf of all that cannot be read; undefined when all can. Looks at each of them. */
  unreadableLeaf(): Promise<LeafKey | undefined>;
  transactions(anchor: number): Promise<Entry<TransactionKey, TransactionRow>[]>;
  progress(anchor: number): Promise<Entry<number, ProgressRow> | undefined>;
  /** Numbers of anchors that transactions, progress or leaves name and that are not there, but for the leaves of the next one. */
  strayAnchors(limit: number): Promise<{ table: string; anchor: number }[]>;
  checkpoints(after: number, limit: number): Promise<Entry<number, CheckpointRow>[]>;
  checkpoint(id: number): Promise<CheckpointRow | undefined>;
  /** The checkpoints over windows of one ledger, by id. Rows that are none are left out. */
  windowsOf(ledger: number): Promise<CheckpointRow[]>;
  /** The sequences of a selection, ascending, after `after`. */
  selectionOf(checkpoint: number, after: number, limit: number): Promise<number[]>;
  batches(after: number, limit: number): Promise<Entry<number, BatchRow>[]>;
  /** The members of a batch by position, after `after`. */
  membersOf(statementId: string, after: number, limit: number): Promise<MemberRow[]>;
  /** The counters of usage. */
  usage(): Promise<{ tenant: number; period: string; deltas: number }[]>;
  /** Up to which arrival an index is filled. */
  indexedThrough(index: KeyIndex): Promise<number>;
  /** The rows of an index in its order, after a row. */
  indexRows(
    index: KeyIndex,
    after: { prefix: number; delta: number },
    limit: number,
  ): Promise<{ prefix: number; delta: number }[]>;
  /** What an index has of a delta, by its arrival: undefined where there is no such delta, or it has no such key. */
  indexedKey(index: KeyIndex, delta: number): Promise<Uint8Array | undefined>;
  /** Rows that are stored in a form that the engine reads and never writes: a byte was changed, and no query shows it. */
  oddRows(limit: number): Promise<{ table: string; row: RowName }[]>;
  /** What the engine itself finds wrong with its file: at most `limit` sentences. */
  fileProblems(limit: number): Promise<string[]>;
}
