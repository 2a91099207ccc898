/** What the server's thread and the chain's thread say to each other. */

import type { ChainErrorCode } from "./errors.ts";

export interface WorkerInput {
  dir: string;
  host: string;
  port: number;
  chainId: number;
  /** Only the address: the key stays with the server. */
  publisher: string;
}

export type FromWorker =
  | { kind: "ready"; port: number; replayedBlocks: number; tornBytes: number; milliseconds: number }
  | { kind: "refused"; code: ChainErrorCode; message: string }
  | { kind: "failed"; code: ChainErrorCode; message: string }
  /** The disk does not take a block now; nothing is answered until it does. */
  | { kind: "waiting"; reason: string }
  /** A request met a defect of ours; the chain goes on. */
  | { kind: "defect"; method: string; detail: string }
  | { kind: "stopped" };

export type ToWorker = { kind: "stop" };
