import { keccak256, zeroHash } from "viem";
import { checksumAddress } from "../core/address.ts";
import { type Hex, toHex } from "../core/bytes.ts";
import type { AnchorReference } from "../core/receipt.ts";
import { type Step, stepOf } from "../core/verify-receipt.ts";
import type { Witness } from "../ledger/ports.ts";
import { anchorLogAbi } from "./anchor-log-abi.ts";
import { asking, chainReader } from "./anchor-log.ts";

/** What a verifier pins for itself. A receipt names its own contract: without a pinned code hash a twin with other code would do. */
export type Policy = {
  rpcUrl: string;
  /** keccak-256 of the contract's runtime code; undefined to leave the code unchecked, which the outcome then says. */
  codeHash: Hex | undefined;
  /** Blocks that the anchor's block and its successors must be; 1 is the block itself. */
  confirmations: number;
};

/**
 * Step 6 of verifying a receipt, over any JSON-RPC endpoint of the chain: the contract holds that root at that index of that log,
 * in the block that the receipt names, and the log is not marked.
 */
export function openWitness(policy: Policy): Witness {
  return { check: (anchor) => asking("asking the contract", () => check(policy, anchor)) };
}

async function check({ rpcUrl, codeHash, confirmations }: Policy, anchor: AnchorReference): Promise<Step> {
  const reader = chainReader(rpcUrl);
  const address = checksumAddress(anchor.contract);
  const log = toHex(anchor.log);
  const at = { address, abi: anchorLogAbi } as const;

  const chainId = await reader.getChainId();
  if (BigInt(chainId) !== anchor.chainId) return stepOf(6, { failure: "CHAIN_MISMATCH", detail: `the endpoint is of chain ${chainId}, the receipt of chain ${anchor.chainId}` });

  const code = await reader.getCode({ address });
  if (!code) return stepOf(6, { failure: "CODE_MISMATCH", detail: `there is no contract at ${address}` });
  if (codeHash !== undefined && keccak256(code) !== codeHash) return stepOf(6, { failure: "CODE_MISMATCH", detail: `the contract at ${address} has other code than expected` });

  const [root, marked, block, latest] = await Promise.all([
    reader.readContract({ ...at, functionName: "root", args: [log, anchor.index] }),
    reader.readContract({ ...at, functionName: "marked", args: [log] }),
    reader.getBlock({ blockNumber: anchor.blockNumber }),
    reader.getBlockNumber({ cacheTime: 0 }),
  ]);
  if (root === zeroHash) return stepOf(6, { failure: "LOG_UNKNOWN", detail: `the log has nothing at index ${anchor.index}` });
  if (root !== toHex(anchor.root)) return stepOf(6, { failure: "ROOT_MISMATCH", detail: `the contract holds ${root} at index ${anchor.index}` });
  if (marked) return stepOf(6, { failure: "LOG_MARKED", detail: "the log's publisher was proven to have contradicted itself" });
  if (block.hash !== toHex(anchor.blockHash)) return stepOf(6, { failure: "NOT_CONFIRMED", detail: `block ${anchor.blockNumber} is another one than the receipt names` });
  if (anchor.blockNumber + BigInt(confirmations) - 1n > latest) return stepOf(6, { failure: "NOT_CONFIRMED", detail: `block ${anchor.blockNumber} has fewer than ${confirmations} confirmations` });
  const code6 = codeHash === undefined ? "; its code was not checked" : " and has the expected code";
  return stepOf(6, { passed: `the contract holds the root at index ${anchor.index}, the log is not marked${code6}` });
}
