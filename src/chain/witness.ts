import { BlockNotFoundError, keccak256, parseEventLogs, TransactionReceiptNotFoundError, zeroHash } from "viem";
import { checksumAddress } from "../core/address.ts";
import { type Hex, toHex } from "../core/bytes.ts";
import type { AnchorReference } from "../core/receipt.ts";
import { type Step, stepOf } from "../core/verify-receipt.ts";
import type { Witness } from "../ledger/ports/anchoring.ts";
import { asking, chainReader, isOfOtherCode } from "./anchor-log.ts";
import { anchorLogAbi } from "./anchor-log-abi.ts";

/** What a verifier pins for itself. A receipt names its own contract: without a pinned code hash a twin with other code would do. */
export type Policy = {
  rpcUrl: string;
  /** keccak-256 of the contract's runtime code; undefined to leave the code unchecked, which the outcome then says. */
  codeHash: Hex | undefined;
  /** Blocks that the anchor's block and its successors must be; 1 is the block itself. */
  confirmations: number;
};

type ChainReader = ReturnType<typeof chainReader>;

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
  if (BigInt(chainId) !== anchor.chainId)
    return stepOf(6, {
      failure: "CHAIN_MISMATCH",
      detail: `the endpoint is of chain ${chainId}, the receipt of chain ${anchor.chainId}`,
    });

  const code = await reader.getCode({ address });
  if (!code) return stepOf(6, { failure: "CODE_MISMATCH", detail: `there is no contract at ${address}` });
  if (codeHash !== undefined && keccak256(code) !== codeHash)
    return stepOf(6, { failure: "CODE_MISMATCH", detail: `the contract at ${address} has other code than expected` });

  const answers = await Promise.all([
    reader.readContract({ ...at, functionName: "root", args: [log, anchor.index] }),
    reader.readContract({ ...at, functionName: "marked", args: [log] }),
  ]).catch((error: unknown) => {
    if (!isOfOtherCode(error)) throw error;
    return undefined;
  });
  if (!answers) return stepOf(6, { failure: "CODE_MISMATCH", detail: `the contract at ${address} is no AnchorLog` });
  const [root, marked] = answers;
  if (root === zeroHash)
    return stepOf(6, { failure: "LOG_UNKNOWN", detail: `the log has nothing at index ${anchor.index}` });
  if (root !== toHex(anchor.root))
    return stepOf(6, { failure: "ROOT_MISMATCH", detail: `the contract holds ${root} at index ${anchor.index}` });
  if (marked)
    return stepOf(6, { failure: "LOG_MARKED", detail: "the log's publisher was proven to have contradicted itself" });
  const contradiction = await blockContradiction(reader, anchor, confirmations);
  if (contradiction) return stepOf(6, { failure: "NOT_CONFIRMED", detail: contradiction });
  const code6 = codeHash === undefined ? "; its code was not checked" : " and has the expected code";
  return stepOf(6, { passed: `the contract holds the root at index ${anchor.index}, the log is not marked${code6}` });
}

/**
 * How the block and the transaction that a receipt names contradict the chain; undefined when they do not. Without this a receipt
 * could name an earlier block than the one in which its root was anchored, and so be backdated.
 */
async function blockContradiction(
  reader: ChainReader,
  anchor: AnchorReference,
  confirmations: number,
): Promise<string | undefined> {
  const transaction = await foundOrNone(
    TransactionReceiptNotFoundError,
    reader.getTransactionReceipt({ hash: toHex(anchor.transactionHash) }),
  );
  if (!transaction) return `transaction ${toHex(anchor.transactionHash)} is in no block`;
  if (transaction.blockNumber !== anchor.blockNumber || transaction.blockHash !== toHex(anchor.blockHash))
    return `the anchor's transaction is in block ${transaction.blockNumber} (${transaction.blockHash}), not in the one that the receipt names`;
  const events = parseEventLogs({
    abi: anchorLogAbi,
    eventName: "Anchored",
    args: { log: toHex(anchor.log), index: anchor.index, root: toHex(anchor.root) },
    logs: transaction.logs.filter(({ address }) => address === toHex(anchor.contract)),
  });
  if (!events.some(({ args }) => args.size === anchor.size))
    return `the transaction that the receipt names anchored something else, or another number of leaves than ${anchor.size}`;
  const block = await foundOrNone(BlockNotFoundError, reader.getBlock({ blockHash: transaction.blockHash }));
  if (block?.timestamp !== anchor.blockTime)
    return `block ${anchor.blockNumber} is not of the time that the receipt names`;
  const latest = await reader.getBlockNumber({ cacheTime: 0 });
  if (anchor.blockNumber + BigInt(confirmations) - 1n > latest)
    return `block ${anchor.blockNumber} has fewer than ${confirmations} confirmations`;
  return undefined;
}

/** What the chain has, or undefined for the error by which viem says that the chain has no such thing. */
async function foundOrNone<T>(absent: new (...args: never[]) => Error, asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (error instanceof absent) return undefined;
    throw error;
  });
}
