import type { AnchorPlace } from "../ledger/ports/anchoring.ts";

/** What the checkpoint job is given. */
export type JobInput = {
  dataDir: string;
  /** The PostgreSQL database; undefined where the record is in the data directory. */
  databaseUrl: string | undefined;
  masterKey: `0x${string}`;
  publisherKey: `0x${string}`;
  rpcUrl: string;
  place: AnchorPlace;
  confirmations: number;
  /** Milliseconds between the end of one round and the start of the next. */
  intervalMs: number;
};

/** What it is told: to end, or to forget the open keys of a ledger whose content is erased; of all of them, by undefined. */
export type JobOrder = "stop" | { forget: number | undefined };

/** What it tells: a round went through, another node does it, it waits for the chain, the disk or the database, or it has stopped for good until somebody looks. */
export type JobNews =
  // chainHead: the latest block that was looked up, null before the first.
  | { kind: "round"; confirmed: number[]; at: number; chainHead: number | null }
  | { kind: "standby"; at: number }
  | { kind: "waiting"; on: "chain" | "disk" | "database"; reason: string; at: number }
  | { kind: "halted"; reason: string; at: number };
