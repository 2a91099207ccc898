import { setTimeout as sleep } from "node:timers/promises";
import { privateKeyToAccount } from "viem/accounts";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { keccak } from "../core/keccak.ts";
import { openEndpoint, unusable } from "../witness/endpoint.ts";
import { readerOf } from "../witness/reader.ts";

/** The base fee may rise by a fifth before a transaction is too cheap for its block: what wallets leave room for. */
const BASE_FEE_ROOM = { over: 12n, under: 10n };
/** Milliseconds between two looks for a transaction, and after which it has taken too long. */
const POLLING_MS = 100;
const MINING_MS = 180_000;

/** In wei per gas, as EIP-1559 has them. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint };

/** What the chain says about a transaction in a block. */
export type TransactionReceipt = {
  blockNumber: bigint;
  blockHash: Uint8Array;
  gasUsed: number;
  succeeded: boolean;
  /** The contract that it has made, if it has. */
  contract: Uint8Array | undefined;
};

type Transaction = { to?: Hex; data: Hex; nonce: number; gas: bigint; chainId: number; fees: Fees };

/**
 * The account of a publisher on any EVM chain over JSON-RPC.
 *
 * Of the client library only the signing is used: three threads of each server come by here when they start, and the whole of it
 * would cost each of them a quarter of a second.
 *
 * @throws ChainUnavailableError from every member that asks the chain; CallFailedError from `reader.call`
 */
export function openPublisher(rpcUrl: string, key: Hex) {
  const endpoint = openEndpoint(rpcUrl);
  const reader = readerOf(endpoint);
  const account = privateKeyToAccount(key);

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

  /** Not every chain has a word of its own for the tip; what its whole price has above the base fee is one too. */
  async function tip(baseFee: bigint): Promise<bigint> {
    try {
      return await number("eth_maxPriorityFeePerGas", []);
    } catch (error) {
      if (!(error instanceof ChainUnavailableError)) throw error;
      const price = await number("eth_gasPrice", []);
      return price > baseFee ? price - baseFee : 0n;
    }
  }

  async function receipt(hash: Uint8Array): Promise<TransactionReceipt | undefined> {
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
  }

  return {
    reader,
    receipt,
    address: fromHex(account.address.toLowerCase(), 20),

    /** How many transactions of the account are in blocks, or on their way too. */
    nonce: async (counting: "latest" | "pending") =>
      Number(await number("eth_getTransactionCount", [account.address, counting])),

    /** What the network asks for now. */
    async fees(): Promise<Fees> {
      const method = "eth_getBlockByNumber";
      const block = await members(method, ["latest", false]);
      if (!block) throw refuse(method, "no block");
      const baseFee = quantity(method, block.baseFeePerGas);
      const maxPriorityFeePerGas = await tip(baseFee);
      const maxFeePerGas = (baseFee * BASE_FEE_ROOM.over) / BASE_FEE_ROOM.under + maxPriorityFeePerGas;
      return { maxFeePerGas, maxPriorityFeePerGas };
    },

    gasOf: (call: { to?: Hex; data: Hex }) => number("eth_estimateGas", [{ from: account.address, ...call }]),

    async sign({ to, fees, ...transaction }: Transaction): Promise<{ hash: Uint8Array; raw: Uint8Array }> {
      const signed = await account.signTransaction({ type: "eip1559", to: to ?? null, ...transaction, ...fees });
      const raw = fromHex(signed);
      return { hash: keccak(raw), raw };
    },

    send: async (raw: Uint8Array): Promise<void> => void (await endpoint.ask("eth_sendRawTransaction", [toHex(raw)])),

    /** Waits until a transaction is in a block, and has done what it should. */
    async waitFor(hash: Uint8Array): Promise<TransactionReceipt> {
      const end = Date.now() + MINING_MS;
      for (;;) {
        const found = await receipt(hash);
        if (found?.succeeded) return found;
        if (found) throw new ChainUnavailableError(`transaction ${toHex(hash)} reverted`);
        if (Date.now() > end)
          throw new ChainUnavailableError(`transaction ${toHex(hash)} was sent, and is in no block yet`);
        await sleep(POLLING_MS);
      }
    },

    /** When a block was made, in Unix seconds. */
    async timeOf(blockHash: Uint8Array): Promise<bigint> {
      const method = "eth_getBlockByHash";
      const block = await members(method, [toHex(blockHash), false]);
      if (!block) throw refuse(method, "no block");
      return quantity(method, block.timestamp);
    },
  };
}

export type Publisher = ReturnType<typeof openPublisher>;
