import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { type Endpoint, EndpointRefusalError, unusable } from "../witness/endpoint.ts";
import { readerOf } from "../witness/reader.ts";
import type { AskedFee } from "./fees.ts";

/** What the chain says about a transaction in a block. */
export type TransactionReceipt = {
  blockNumber: bigint;
  blockHash: Uint8Array;
  gasUsed: number;
  succeeded: boolean;
  /** The contract that it has made, if it has. */
  contract: Uint8Array | undefined;
};

/** `value` in wei: none unless given. */
export type Call = { to?: Hex; data: Hex; value?: bigint };

/**
 * What a publisher asks one endpoint, beside what a verifier does. Each question is asked once, and an answer that is not of the form
 * it must have is refused.
 *
 * @throws ChainUnavailableError from each; CallFailedError from `call`
 */
export function questionsTo(endpoint: Endpoint) {
  const refuse = (method: string, what: string) => unusable(endpoint.name, method, what);
  function quantity(method: string, value: unknown): bigint {
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) throw refuse(method, "no number");
    return BigInt(value);
  }
  function exact(method: string, value: unknown): number {
    const number = Number(quantity(method, value));
    if (!Number.isSafeInteger(number)) throw refuse(method, "a number beyond 2^53");
    return number;
  }
  function bytes(method: string, value: unknown, length: number): Uint8Array {
    if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value) || value.length !== 2 + 2 * length)
      throw refuse(method, `not ${length} bytes`);
    return fromHex(value.toLowerCase());
  }
  async function members(method: string, params: readonly unknown[]): Promise<Record<string, unknown> | undefined> {
    const answer = await endpoint.ask(method, params);
    if (answer === null) return undefined;
    if (typeof answer !== "object" || Array.isArray(answer)) throw refuse(method, "no object");
    return answer as Record<string, unknown>;
  }
  async function number(method: string, params: readonly unknown[]): Promise<bigint> {
    return quantity(method, await endpoint.ask(method, params));
  }

  return {
    ...readerOf(endpoint),

    async receipt(hash: Uint8Array): Promise<TransactionReceipt | undefined> {
      const method = "eth_getTransactionReceipt";
      const answer = await members(method, [toHex(hash)]);
      // Some clients have a receipt before there is a block.
      if (!answer || answer.blockNumber === null) return undefined;
      return {
        blockNumber: quantity(method, answer.blockNumber),
        blockHash: bytes(method, answer.blockHash, 32),
        gasUsed: exact(method, answer.gasUsed),
        succeeded: quantity(method, answer.status) === 1n,
        contract: answer.contractAddress ? bytes(method, answer.contractAddress, 20) : undefined,
      };
    },

    /** How many transactions of an account are in blocks, or on their way too. */
    nonce: async (address: Hex, counting: "latest" | "pending") =>
      exact("eth_getTransactionCount", await endpoint.ask("eth_getTransactionCount", [address, counting])),

    /** In wei. */
    balance: (address: Hex) => number("eth_getBalance", [address, "latest"]),

    gasOf: (from: Hex, { value = 0n, ...call }: Call) =>
      number("eth_estimateGas", [{ from, ...call, value: `0x${value.toString(16)}` }]),

    send: async (raw: Uint8Array): Promise<void> => void (await endpoint.ask("eth_sendRawTransaction", [toHex(raw)])),

    /** What the network asks for now. */
    async askedFee(): Promise<AskedFee> {
      const method = "eth_getBlockByNumber";
      const block = await members(method, ["latest", false]);
      if (!block) throw refuse(method, "no block");
      if (block.baseFeePerGas === undefined || block.baseFeePerGas === null)
        return { baseFee: undefined, tip: await number("eth_gasPrice", []) };
      const baseFee = quantity(method, block.baseFeePerGas);
      return { baseFee, tip: await tip(baseFee) };
    },

    /** When a block was made, in Unix seconds. */
    async timeOf(blockHash: Uint8Array): Promise<bigint> {
      const method = "eth_getBlockByHash";
      const block = await members(method, [toHex(blockHash), false]);
      if (!block) throw refuse(method, "no block");
      return quantity(method, block.timestamp);
    },
  };

  /** Not every chain has a word of its own for the tip; what its whole price has above the base fee is one too. */
  async function tip(baseFee: bigint): Promise<bigint> {
    try {
      return await number("eth_maxPriorityFeePerGas", []);
    } catch (error) {
      if (!(error instanceof EndpointRefusalError)) throw error;
      const price = await number("eth_gasPrice", []);
      return price > baseFee ? price - baseFee : 0n;
    }
  }
}

export type Questions = ReturnType<typeof questionsTo>;

/** The middle of several endpoints' answers, the lower one of two: one alone can neither make us pay much nor little. */
export function middleFee(asked: readonly AskedFee[]): AskedFee {
  if (asked.length === 0) throw new ChainUnavailableError("no endpoint says what the network asks for");
  const byPrice = asked.toSorted((a, b) => Number((a.baseFee ?? 0n) + a.tip - (b.baseFee ?? 0n) - b.tip));
  return byPrice[Math.floor((byPrice.length - 1) / 2)]!;
}
