import type { RequestEffect } from "./effects.ts";
import type { Ledger, Page } from "./ledgers.ts";

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

/** Checkpoints that were asked for together: they go into one anchor. A single one is a batch of its own, under its own statement id. */
export type CheckpointBatch = {
  statementId: string;
  tenantId: number;
  from: number;
  to: number;
  customers: number;
  /** The id of the newest of them: the last that an anchor takes. */
  lastCheckpoint: number;
  createdAt: number;
};

export type NewBatch = Omit<CheckpointBatch, "customers" | "lastCheckpoint">;

export type CheckpointFilter = {
  ledgerId?: number | undefined;
  from?: number | undefined;
  to?: number | undefined;
};

export interface CheckpointStore {
  /**
   * Stores checkpoints and their batch, and notes the request that asked for them: from then on the next anchor takes them all. What is
   * there already, by fingerprint or by statement id, is not stored again. A crash MUST NOT leave a part of a batch for an anchor.
   *
   * @param batch its statement id MUST be derived from the checkpoints: the same ones again are the same batch.
   * @returns `repeated`, and nothing is done, when this request had its effect before, or its idempotency key was used for a delta.
   */
  addCheckpoints(
    checkpoints: readonly NewCheckpoint[],
    batch: NewBatch,
    request?: RequestEffect,
  ): Promise<"added" | "repeated">;
  checkpoint(tenantId: number, statementId: string): Promise<StoredCheckpoint | undefined>;
  checkpointByFingerprint(fingerprint: Uint8Array): Promise<StoredCheckpoint | undefined>;
  /** The latest checkpoint of a ledger over exactly this window. */
  latestOverWindow(ledgerId: number, from: number, to: number): Promise<StoredCheckpoint | undefined>;
  /** The latest checkpoint over a window of a ledger with this root over its deltas. */
  checkpointByRoot(ledgerId: number, root: Uint8Array): Promise<StoredCheckpoint | undefined>;
  /** The latest checkpoint over a window of a ledger. */
  latestCheckpoint(ledgerId: number): Promise<StoredCheckpoint | undefined>;
  /** Newest first. A filter's window keeps checkpoints whose own window lies within it. */
  checkpoints(
    tenantId: number,
    filter: CheckpointFilter,
    page: Page,
  ): Promise<{ checkpoints: StoredCheckpoint[]; total: number }>;
  selectionOf(checkpointId: number, page: Page): Promise<number[]>;
  /** Where a checkpoint's leaf is, once an anchor has taken it. */
  checkpointLeaf(checkpointId: number): Promise<{ anchorIndex: number; position: number } | undefined>;
  batch(tenantId: number, statementId: string): Promise<CheckpointBatch | undefined>;
  /** The checkpoints of a batch of several customers, in order. */
  batchCheckpoints(batch: CheckpointBatch, page: Page): Promise<StoredCheckpoint[]>;
}
