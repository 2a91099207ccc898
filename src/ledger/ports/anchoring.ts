import type { AnchorReference } from "../../core/receipt.ts";
import type { Position } from "../../core/tree.ts";
import type { Step } from "../../core/verify-receipt.ts";
import type { StoredCheckpoint } from "./checkpoints.ts";
import type { Anchor, AnchoredHead, Ledger, Page, SealedKey, StoredDelta } from "./ledgers.ts";

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
export type AnchorTransaction = {
  attempt: number;
  nonce: number;
  hash: Uint8Array;
  raw: Uint8Array;
  createdAt: number;
};

/** An anchor as it is made, and how far deltas, by `moved`, and checkpoints had been looked at for it. */
export type NewAnchor = {
  index: number;
  root: Uint8Array;
  size: number;
  through: number;
  throughCheckpoint: number;
  createdAt: number;
};

/** A ledger with deltas that no anchor has taken in, and the sequence of the last of them when that was looked up. */
export type MovedLedger = { ledgerId: number; last: number };

/**
 * Reads one after the other from one moment of the record for some milliseconds, then from the next: each moment that is begun costs
 * as much as several reads. Nothing may be written, and nothing be waited for, between `look` and `end`.
 */
export type Moments = {
  /** Called before each piece of reading: lets others in, and goes on to the next moment, where it is time. */
  look(): Promise<void>;
  end(): void;
};

/** The anchoring side of the store. Every step MUST be durable when its promise resolves. */
export interface AnchorStore {
  /** The latest anchor, and how far deltas and checkpoints had been looked at for it. */
  latest(): Promise<{ anchor: Anchor; through: number; throughCheckpoint: number } | undefined>;
  /** The earliest anchor that is not confirmed. */
  firstOpen(): Promise<Anchor | undefined>;
  anchor(index: number): Promise<Anchor | undefined>;
  /**
   * Ledgers that have moved since an anchor, ascending by id, all as they are at one moment; some may not have moved after all.
   *
   * @param through what the latest anchor has; 0 before the first.
   * @returns `through` for the anchor that takes them all in: how many deltas it and those before it have taken in then.
   * @throws RecordDamagedError when it shows that a delta is missing.
   */
  moved(through: number): Promise<{ ledgers: MovedLedger[]; through: number }>;
  moments(): Moments;
  ledger(id: number): Promise<Ledger>;
  keysOf(ledgerId: number): Promise<SealedKey[]>;
  lastHead(ledgerId: number): Promise<AnchoredHead | undefined>;
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
  markConfirmed(
    index: number,
    mined: {
      transactionHash: Uint8Array;
      blockNumber: number;
      blockHash: Uint8Array;
      blockTime: number;
      confirmedAt: number;
      gasUsed: number;
    },
  ): Promise<void>;
  /** Takes a confirmed anchor back to `sent`: its block was reorganised away. */
  markUnconfirmed(index: number): Promise<void>;
}

/** Where the anchors of this server are. */
export type AnchorPlace = { chainId: number; contract: Uint8Array; log: Uint8Array };

/**
 * The block that a transaction is in, and the gas that it used: a whole number below 2^53. `final`: it has the configured confirmations.
 * Block time in Unix seconds.
 */
export type Mined = {
  blockNumber: number;
  blockHash: Uint8Array;
  blockTime: number;
  gasUsed: number;
  succeeded: boolean;
  final: boolean;
};

/** One log of the contract, as its publisher sees it. Every method may throw ChainUnavailableError. */
export interface AnchorChain {
  readonly place: AnchorPlace;
  /** The address whose key signs. */
  readonly account: Uint8Array;
  /** The chain that is asked, which may be another than that of `place`. */
  chainId(): Promise<number>;
  /** Who may append to the log; undefined where there is no such log, or no AnchorLog at that address. */
  publisher(): Promise<Uint8Array | undefined>;
  /** The hash of the block at a height of the chain as it is now, undefined when it is not as high. */
  blockHash(blockNumber: number): Promise<Uint8Array | undefined>;
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
  sign(append: {
    index: number;
    root: Uint8Array;
    size: number;
    replaces?: Uint8Array | undefined;
  }): Promise<{ nonce: number; hash: Uint8Array; raw: Uint8Array }>;
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
