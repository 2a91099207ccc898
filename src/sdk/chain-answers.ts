import type { CursorPagination } from "./answers.ts";

/** Answers about the chain, the anchors on it, and how the server is; see answers.ts. */

/** What makes an anchor final: the number of its confirmations, or that the chain calls its block so. */
export type Finality = "confirmations" | "finalized" | "safe";

/** Where the anchors are. `rpcUrl`: the endpoint that anybody may ask, null where there is none of the server's own. */
export type ChainView = {
  chainId: number;
  contract: string;
  /** keccak-256 of the contract's runtime code. */
  codeHash: string;
  log: string;
  publisher: string;
  latestIndex: number;
  /** Blocks from its own on that an anchor has for certain once it is final. */
  confirmations: number;
  finality: Finality;
  rpcUrl: string | null;
};

/**
 * One root on the chain, or on its way there. `size` counts the leaves under it: ledgers and statements. `confirmations`: blocks from its
 * own on, itself included, as the server last saw the chain; null before it has looked. `gasUsed`: by its transaction; null
 * until it is confirmed, and for anchors that the server confirmed before it kept the gas.
 */
export type AnchorView = {
  index: number;
  root: string;
  size: number;
  status: "PREPARED" | "SENT" | "CONFIRMED";
  transactionHash: string | null;
  blockNumber: number | null;
  blockHash: string | null;
  blockTime: string | null;
  confirmations: number | null;
  gasUsed: number | null;
  createdAt: string;
};

export type AnchorsView = { anchors: AnchorView[]; finality: Finality; pagination: CursorPagination };

/** Whether the server can do its work now, part by part. */
export type ReadinessView = { status: "ready"; checks: Record<string, { ok: boolean; detail: string }> };
