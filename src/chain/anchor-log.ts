import {
  BaseError,
  ContractFunctionExecutionError,
  createPublicClient,
  createWalletClient,
  HttpRequestError,
  http,
  keccak256,
  type PublicClient,
  parseTransaction,
  TimeoutError,
  TransactionReceiptNotFoundError,
  type TransactionSerializedEIP1559,
  type Transport,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { encodeFunctionData } from "viem/utils";
import { checksumAddress } from "../core/address.ts";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import type { AnchorChain, AnchorPlace, Mined } from "../ledger/ports/anchoring.ts";
import { anchorLogAbi } from "./anchor-log-abi.ts";

/** A replacement pays an eighth more than what it replaces: nodes ask for at least a tenth (go-ethereum's txpool). */
const BUMP_DENOMINATOR = 8n;
/** What nodes answer to a transaction that they have, or whose nonce is spent: each client has words of its own. */
const HAS_IT = /already ?(known|imported)|known ?transaction|nonce too low|old ?nonce/i;
/** Gas that an append may use: it takes some 52,000 whatever it anchors. */
const APPEND_GAS = 80_000n;
const TIMEOUT_MS = 10_000;

/** A client for reading any EVM chain over JSON-RPC. */
export function chainReader(rpcUrl: string): PublicClient<Transport> {
  return createPublicClient({ transport: http(rpcUrl, { timeout: TIMEOUT_MS, retryCount: 2 }) });
}

/** Does one thing with the chain; what goes wrong comes out as one kind of error. */
export async function asking<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    throw new ChainUnavailableError(`${what}: ${error.shortMessage}`, { cause: error });
  }
}

/** Whether a call went wrong because the code at the address is not that of AnchorLog: it reverted, or answered something else. */
export function isOfOtherCode(error: unknown): boolean {
  const unreachable = (cause: unknown) => cause instanceof HttpRequestError || cause instanceof TimeoutError;
  return error instanceof ContractFunctionExecutionError && !error.walk(unreachable);
}

/**
 * The publisher's side of one log, over JSON-RPC.
 *
 * @param confirmations blocks that a transaction's block and its successors must be for it to be final; 1 is the block itself.
 * @param onHead told the latest block whenever it was looked up.
 */
export function openAnchorLog({
  rpcUrl,
  publisherKey,
  place,
  confirmations,
  onHead,
}: {
  rpcUrl: string;
  publisherKey: Hex;
  place: AnchorPlace;
  confirmations: number;
  onHead?: (block: number) => void;
}): AnchorChain {
  const reader = chainReader(rpcUrl);
  const account = privateKeyToAccount(publisherKey);
  const wallet = createWalletClient({ account, transport: http(rpcUrl, { timeout: TIMEOUT_MS }) });
  const contract = { address: checksumAddress(place.contract), abi: anchorLogAbi } as const;
  const log = toHex(place.log);

  return {
    place,
    anchoredCount: () =>
      asking("reading the log's count", async () =>
        Number(await reader.readContract({ ...contract, functionName: "count", args: [log] })),
      ),

    anchoredRoot: (index) =>
      asking("reading an anchored root", async () => {
        const root = fromHex(
          await reader.readContract({ ...contract, functionName: "root", args: [log, BigInt(index)] }),
          32,
        );
        return root.some((byte) => byte !== 0) ? root : undefined;
      }),

    nextNonce: () =>
      asking("reading the publisher's nonce", () =>
        reader.getTransactionCount({ address: account.address, blockTag: "latest" }),
      ),

    sign: ({ index, root, size, replaces }) =>
      asking("signing an anchor", async () => {
        const data = encodeFunctionData({
          abi: anchorLogAbi,
          functionName: "append",
          args: [log, BigInt(index), toHex(root), BigInt(size)],
        });
        const fees = await reader.estimateFeesPerGas();
        const earlier = replaces && parseTransaction(toHex(replaces) as TransactionSerializedEIP1559);
        const nonce =
          earlier?.nonce ?? (await reader.getTransactionCount({ address: account.address, blockTag: "latest" }));
        const raw = await account.signTransaction({
          type: "eip1559",
          chainId: place.chainId,
          nonce,
          to: contract.address,
          data,
          gas: APPEND_GAS,
          maxFeePerGas: feeOver(earlier?.maxFeePerGas, fees.maxFeePerGas),
          maxPriorityFeePerGas: feeOver(earlier?.maxPriorityFeePerGas, fees.maxPriorityFeePerGas),
        });
        return { nonce, hash: fromHex(keccak256(raw), 32), raw: fromHex(raw) };
      }),

    send: (raw) =>
      asking("sending an anchor", async () => {
        try {
          await wallet.sendRawTransaction({ serializedTransaction: toHex(raw) });
        } catch (error) {
          // The nonce is taken, by this very transaction or by one that `mined`, `anchoredRoot` and `nextNonce` will show.
          if (!(error instanceof BaseError && HAS_IT.test(error.details))) throw error;
        }
      }),

    mined: (hash) =>
      asking("reading a transaction", async (): Promise<Mined | undefined> => {
        const receipt = await reader.getTransactionReceipt({ hash: toHex(hash) }).catch((error: unknown) => {
          if (error instanceof TransactionReceiptNotFoundError) return undefined;
          throw error;
        });
        if (!receipt) return undefined;
        const [block, latest] = [
          await reader.getBlock({ blockHash: receipt.blockHash }),
          await reader.getBlockNumber({ cacheTime: 0 }),
        ];
        onHead?.(Number(latest));
        return {
          blockNumber: Number(receipt.blockNumber),
          blockHash: fromHex(receipt.blockHash, 32),
          blockTime: Number(block.timestamp),
          succeeded: receipt.status === "success",
          final: receipt.blockNumber + BigInt(confirmations) - 1n <= latest,
        };
      }),
  };
}

/** The fee to pay now: what the network asks for, and at least an eighth above what is replaced. In wei per gas. */
function feeOver(replaced: bigint | undefined, asked: bigint): bigint {
  if (replaced === undefined) return asked;
  const raised = replaced + (replaced + BUMP_DENOMINATOR - 1n) / BUMP_DENOMINATOR;
  return raised > asked ? raised : asked;
}
