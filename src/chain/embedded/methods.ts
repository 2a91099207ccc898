/** What the JSON-RPC port offers, as a table. A method that is not here is refused: the next Hardhat may bring new ones. */

import type { Hex } from "viem";
import type { Chain } from "./chain.ts";
import { RPC, RpcError } from "./errors.ts";
import type { TransactionRequest } from "./well-known-signer.ts";

/** Empty blocks per call. */
const MAX_EMPTY_BLOCKS = 1000;

const READS = new Set([
  ...["eth_accounts", "eth_blobBaseFee", "eth_blockNumber", "eth_call", "eth_chainId", "eth_coinbase"],
  ...["eth_estimateGas", "eth_feeHistory", "eth_gasPrice", "eth_getBalance", "eth_getBlockByHash"],
  ...["eth_getBlockByNumber", "eth_getBlockTransactionCountByHash", "eth_getBlockTransactionCountByNumber"],
  ...["eth_getCode", "eth_getFilterChanges", "eth_getFilterLogs", "eth_getLogs", "eth_getProof", "eth_getStorageAt"],
  ...["eth_getTransactionByBlockHashAndIndex", "eth_getTransactionByBlockNumberAndIndex", "eth_getTransactionByHash"],
  ...["eth_getTransactionCount", "eth_getTransactionReceipt", "eth_maxPriorityFeePerGas", "eth_newBlockFilter"],
  ...["eth_newFilter", "eth_newPendingTransactionFilter", "eth_pendingTransactions", "eth_sign"],
  ...["eth_signTypedData_v4", "eth_syncing", "eth_uninstallFilter", "net_version", "personal_sign"],
  ...["web3_clientVersion", "web3_sha3", "debug_traceCall", "debug_traceTransaction"],
  ...["hardhat_getAutomine", "hardhat_metadata"],
]);

type Params = readonly unknown[];

const CHANGES = new Map<string, (chain: Chain, params: Params) => Promise<unknown>>([
  ["eth_sendRawTransaction", (chain, params) => chain.sendRaw(rawOf(params))],
  ["eth_sendTransaction", (chain, params) => chain.send(requestOf(params))],
  ["evm_mine", (chain, params) => chain.mineEmpty(nothing(params)).then(() => "0")],
  ["hardhat_mine", (chain, params) => chain.mineEmpty(blockCount(params)).then(() => true)],
]);

/** Development methods that alter state outside of blocks, and subscriptions, which a request and its answer cannot carry. */
const UNSUPPORTED = /^(evm|hardhat|anvil)_|^eth_(un)?subscribe$/;

/** Errors: RpcError -32004 for what would not survive a restart, -32601 for what is not known, or what the method answers. */
export async function callMethod(chain: Chain, method: string, params: Params): Promise<unknown> {
  if (READS.has(method)) return await chain.read(method, params);
  const change = CHANGES.get(method);
  if (change !== undefined) return await change(chain, params);
  if (UNSUPPORTED.test(method)) {
    throw new RpcError(RPC.METHOD_NOT_SUPPORTED, `method not supported by the embedded chain: ${method}`);
  }
  throw new RpcError(RPC.METHOD_NOT_FOUND, `the method ${method} does not exist`);
}

function rawOf(params: Params): Hex {
  const [raw] = params;
  if (params.length !== 1 || typeof raw !== "string" || !/^0x([0-9a-f]{2})+$/i.test(raw)) {
    throw new RpcError(RPC.INVALID_PARAMS, "eth_sendRawTransaction takes one signed transaction in hex");
  }
  return raw as Hex;
}

function requestOf(params: Params): TransactionRequest {
  const [request] = params;
  if (params.length !== 1 || typeof request !== "object" || request === null || Array.isArray(request)) {
    throw new RpcError(RPC.INVALID_PARAMS, "eth_sendTransaction takes one transaction");
  }
  return request as TransactionRequest;
}

function nothing(params: Params): 1 {
  if (params.length === 0) return 1;
  throw new RpcError(RPC.INVALID_PARAMS, "evm_mine takes no timestamp here: the embedded chain keeps real time");
}

function blockCount(params: Params): number {
  const [count = "0x1", interval = "0x0", ...rest] = params;
  // Libraries send an interval of 0 where none was asked for; 1 is Hardhat's own default.
  if (rest.length > 0 || (interval !== "0x0" && interval !== "0x1")) {
    throw new RpcError(RPC.INVALID_PARAMS, "hardhat_mine takes no interval here: the embedded chain keeps real time");
  }
  const blocks = typeof count === "string" && /^0x[0-9a-f]+$/i.test(count) ? Number(count) : Number.NaN;
  if (!(blocks >= 1 && blocks <= MAX_EMPTY_BLOCKS)) {
    throw new RpcError(RPC.INVALID_PARAMS, `hardhat_mine takes a hex number of blocks from 1 to ${MAX_EMPTY_BLOCKS}`);
  }
  return blocks;
}
