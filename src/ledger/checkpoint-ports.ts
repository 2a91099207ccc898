import type { Ledger, Page } from "./ports.ts";

/** A statement about one ledger, as it is stored. Balances in units of 10^-18, times in Unix milliseconds. */
export type StoredCheckpoint = {
  id: number;
  /** What the API calls checkpointId. */
  statementId: string;
  tenantId: number;
  ledger: Ledger;
  /** `window`: the period-end statement over [from, to). `selection`: a statement over chosen deltas. */
  kind: "window" | "selection";
  from: number;
  to: number;
  firstSequence: number;
  count: number;
  openingBalance: bigint;
  closingBalance: bigint;
  root: Uint8Array;
  fingerprint: Uint8Array;
  createdAt: number;
};

export type NewCheckpoint = Omit<StoredCheckpoint, "id"> & {
  /** The sequences of a selection, ascending. */
  selection?: readonly number[];
};

/** Checkpoints over one window that were asked for together: they go into one anchor. */
export type CheckpointBatch = {
  statementId: string;
  tenantId: number;
  from: number;
  to: number;
  customers: number;
  lastCheckpoint: number;
  createdAt: number;
};

export type CheckpointFilter = { ledgerId?: number | undefined; from?: number | undefined; to?: number | undefined };

export interface CheckpointStore {
  /**
   * Stores checkpoints and their batch; from then on the next anchor takes them all. Checkpoints that are there already (same ledger,
   * window and count; same fingerprint of a selection) are not stored again. Where nothing is new, the batch that was stored for
   * them is answered.
   *
   * @returns the checkpoints in the order given, found or new, and their batch.
   */
  addCheckpoints(checkpoints: readonly NewCheckpoint[], batch: Omit<CheckpointBatch, "lastCheckpoint" | "customers">): Promise<{ checkpoints: StoredCheckpoint[]; batch: CheckpointBatch }>;
  checkpoint(tenantId: number, statementId: string): Promise<StoredCheckpoint | undefined>;
  checkpointByFingerprint(fingerprint: Uint8Array): Promise<StoredCheckpoint | undefined>;
  checkpointByWindow(ledgerId: number, from: number, to: number, count: number): Promise<StoredCheckpoint | undefined>;
  /** The latest checkpoint of a ledger with this root over its deltas. */
  checkpointByRoot(ledgerId: number, root: Uint8Array): Promise<StoredCheckpoint | undefined>;
  latestCheckpoint(ledgerId: number): Promise<StoredCheckpoint | undefined>;
  /** Newest first. A filter's window keeps checkpoints whose own window lies within it. */
  checkpoints(tenantId: number, filter: CheckpointFilter, page: Page): Promise<{ checkpoints: StoredCheckpoint[]; total: number }>;
  selectionOf(checkpointId: number, page: Page): Promise<number[]>;
  /** Where a checkpoint's leaf is, once an anchor has taken it. */
  checkpointLeaf(checkpointId: number): Promise<{ anchorIndex: number; position: number } | undefined>;
  batch(tenantId: number, statementId: string): Promise<CheckpointBatch | undefined>;
  /** The checkpoints of a batch, in order. */
  batchCheckpoints(batch: CheckpointBatch, page: Page): Promise<{ checkpoints: StoredCheckpoint[]; total: number }>;
}
