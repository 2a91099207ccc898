import { fromHex, toHex } from "../../../core/bytes.ts";
import type { AnchorView, ChainView } from "../../../sdk/chain-answers.ts";
import { CallFailedError, openEndpoint, unusable } from "../../../witness/endpoint.ts";
import { rootCall } from "../../../witness/log-calls.ts";
import { readerOf } from "../../../witness/reader.ts";

/** What one endpoint says about one anchor. */
export type ContractsAnswer = {
  name: string;
  chainId: bigint;
  /** What the contract holds at the index; null where no AnchorLog is at the address. Zeros where the log has nothing there. */
  root: string | null;
  /** The block that the transaction is in, and what it cost; null where it is in none. */
  transaction: { blockNumber: bigint; gasUsed: bigint } | null;
  /** The block at the height that the server names, as it is in the chain now; null where the chain is not as high. */
  block: { hash: string; time: string } | null;
  /** Blocks from the anchor's on, itself included; null while it is in none. */
  confirmations: bigint | null;
};

/** Asks the contract what it holds, over one endpoint. @throws ChainUnavailableError */
export async function askContract(
  url: string,
  { contract, log }: ChainView,
  anchor: AnchorView,
): Promise<ContractsAnswer> {
  const endpoint = openEndpoint(url);
  const reader = readerOf(endpoint);
  const [chainId, head, root, transaction] = await Promise.all([
    reader.chainId(),
    reader.blockNumber(),
    rootAt(),
    transactionOf(),
  ]);
  const block = anchor.blockNumber === null ? undefined : await reader.blockAt(BigInt(anchor.blockNumber));
  return {
    name: endpoint.name,
    chainId,
    root,
    transaction,
    block: block ? { hash: toHex(block.hash), time: new Date(Number(block.timestamp) * 1000).toISOString() } : null,
    confirmations: transaction && head >= transaction.blockNumber ? head - transaction.blockNumber + 1n : null,
  };

  async function rootAt(): Promise<string | null> {
    try {
      const word = await reader.call(contract, rootCall(fromHex(log, 32), BigInt(anchor.index)));
      return word.length === 32 ? toHex(word) : null;
    } catch (error) {
      if (!(error instanceof CallFailedError)) throw error;
      return null;
    }
  }

  async function transactionOf(): Promise<ContractsAnswer["transaction"]> {
    if (anchor.transactionHash === null) return null;
    const method = "eth_getTransactionReceipt";
    const receipt = await endpoint.ask(method, [anchor.transactionHash]);
    if (receipt === null) return null;
    const { blockNumber, gasUsed } = receipt as { blockNumber?: unknown; gasUsed?: unknown };
    return { blockNumber: quantity(method, blockNumber), gasUsed: quantity(method, gasUsed) };
  }

  function quantity(method: string, value: unknown): bigint {
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value))
      throw unusable(endpoint.name, method, "no number");
    return BigInt(value);
  }
}
