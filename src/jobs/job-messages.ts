import type { AnchorPlace } from "../ledger/ports/anchoring.ts";
import type { Finality } from "../witness/finality.ts";
import type { ChainHealth } from "./chain-health.ts";
import type { HaltReason, WaitReason } from "./remedies.ts";

/** What the checkpoint job is given. */
export type JobInput = {
  dataDir: string;
  /**
   * The PostgreSQL database, and a name of this server that no other over it has, and that it has again after a restart; undefined where
   * the record is in the data directory.
   */
  database: { url: string; node: string } | undefined;
  masterKey: `0x${string}`;
  publisherKey: `0x${string}`;
  rpcUrls: readonly string[];
  place: AnchorPlace;
  confirmations: Finality;
  /** The most to pay, in wei per gas; undefined for no limit. */
  maxFee: bigint | undefined;
  /** Milliseconds between the end of one round and the start of the next. */
  intervalMs: number;
  /** Milliseconds until a transaction that no block takes is replaced, and for which the chain has to contradict the record to halt. */
  replaceAfterMs: number;
  haltAfterMs: number;
};

/** What it is told: to end, or to forget the open keys of a ledger whose content is erased; of all of them, by undefined. */
export type JobOrder = "stop" | { forget: number | undefined };

/**
 * What it tells: a round went through, another node does it, it waits for the chain, the disk or the database, it has stopped for good
 * until somebody looks, or how chain and account are now.
 */
export type JobNews =
  // chainHead: the latest block that was looked up, null before the first.
  | { kind: "round"; confirmed: number[]; at: number; chainHead: number | null }
  | { kind: "standby"; at: number }
  | { kind: "waiting"; on: "chain" | "disk" | "database"; code: WaitReason; reason: string; at: number }
  | { kind: "halted"; code: HaltReason; reason: string; at: number }
  | { kind: "health"; health: ChainHealth };
