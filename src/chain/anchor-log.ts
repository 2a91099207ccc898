import { ChainUnavailableError } from "../core/errors.ts";
import { BaseError, createPublicClient, createWalletClient, http, keccak256, NonceTooLowError, type PublicClient, type Transport, TransactionReceiptNotFoundError } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { encodeFunctionData } from "viem/utils";
import { checksumAddress } from "../core/address.ts";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import type { AnchorChain, AnchorPlace, Mined } from "../ledger/ports.ts";
import { anchorLogAbi } from "./anchor-log-abi.ts";

/** Each next attempt pays an eighth more: the least by which nodes accept a replacement (go-ethereum's txpool asks for 10 %). */
const BUMP_NUMERATOR = 9n;
const BUMP_DENOMINATOR = 8n;
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

/**
 * The publisher's side of one log, over JSON-RPC.
 *
 * @param confirmations blocks that a transaction's block and its successors must be for it to be final; 1 is the block itself.
 */
export function openAnchorLog({ rpcUrl, publisherKey, place, confirmations }: { rpcUrl: string; publisherKey: Hex; place: AnchorPlace; confirmations: number }): AnchorChain {
  const reader = chainReader(rpcUrl);
  const account = privateKeyToAccount(publisherKey);
  const wallet = createWalletClient({ account, transport: http(rpcUrl, { timeout: TIMEOUT_MS }) });
  const contract = { address: checksumAddress(place.contract), abi: anchorLogAbi } as const;
  const log = toHex(place.log);

  return {
    place,
    anchoredCount: () =>
      asking("reading the log's count", async () => Number(await reader.readContract({ ...contract, functionName: "count", args: [log] }))),

    anchoredRoot: (index) =>
      asking("reading an anchored root", async () => {
        const root = fromHex(await reader.readContract({ ...contract, functionName: "root", args: [log, BigInt(index)] }), 32);
        return root.some((byte) => byte !== 0) ? root : undefined;
      }),

    sign: ({ index, root, size, attempt, nonce }) =>
      asking("signing an anchor", async () => {
        const data = encodeFunctionData({ abi: anchorLogAbi, functionName: "append", args: [log, BigInt(index), toHex(root), BigInt(size)] });
        const fees = await reader.estimateFeesPerGas();
        const bump = (fee: bigint) => (fee * BUMP_NUMERATOR ** BigInt(attempt - 1)) / BUMP_DENOMINATOR ** BigInt(attempt - 1);
        const chosen = nonce ?? (await reader.getTransactionCount({ address: account.address, blockTag: "latest" }));
        const raw = await account.signTransaction({
          type: "eip1559",
          chainId: place.chainId,
          nonce: chosen,
          to: contract.address,
          data,
          gas: APPEND_GAS,
          maxFeePerGas: bump(fees.maxFeePerGas),
          maxPriorityFeePerGas: bump(fees.maxPriorityFeePerGas),
        });
        return { nonce: chosen, hash: fromHex(keccak256(raw), 32), raw: fromHex(raw) };
      }),

    send: (raw) =>
      asking("sending an anchor", async () => {
        try {
          await wallet.sendRawTransaction({ serializedTransaction: toHex(raw) });
        } catch (error) {
          // Both say that this nonce is taken, by this very transaction or by one that `mined` and `anchoredRoot` will show.
          const known = error instanceof BaseError && (error.walk((e) => e instanceof NonceTooLowError) || /already (known|imported)|known transaction/i.test(error.details));
          if (!known) throw error;
        }
      }),

    mined: (hash) =>
      asking("reading a transaction", async (): Promise<Mined | undefined> => {
        const receipt = await reader.getTransactionReceipt({ hash: toHex(hash) }).catch((error: unknown) => {
          if (error instanceof TransactionReceiptNotFoundError) return undefined;
          throw error;
        });
        if (!receipt) return undefined;
        const [block, latest] = [await reader.getBlock({ blockHash: receipt.blockHash }), await reader.getBlockNumber({ cacheTime: 0 })];
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
