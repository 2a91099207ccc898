import { setTimeout as sleep } from "node:timers/promises";
import { privateKeyToAccount } from "viem/accounts";
import { fromHex, type Hex, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { keccak } from "../core/keccak.ts";
import type { Reader } from "../witness/reader.ts";
import { type EndpointSetSettings, openEndpointSet } from "./endpoint-set.ts";
import { type AskedFee, type Fees, feesFor } from "./fees.ts";
import { type Call, middleFee, type TransactionReceipt } from "./questions.ts";

/** Milliseconds between two looks for a transaction, and after which it has taken too long. */
const POLLING_MS = 100;
const MINING_MS = 180_000;
/** What nodes answer to a transaction that they have, or whose nonce is spent: each client has words of its own. */
const HAS_IT = /already ?(known|imported)|known ?transaction|nonce too low|old ?nonce/i;

type Transaction = Call & { nonce: number; gas: bigint; chainId: number; fees: Fees };

export type PublisherSettings = EndpointSetSettings & {
  /** The most to pay, in wei per gas; undefined for no limit. */
  maxFee?: bigint | undefined;
};

/**
 * The account of a publisher on any EVM chain over JSON-RPC.
 *
 * Of the client library only the signing is used: three threads of each server come by here when they start, and the whole of it
 * would cost each of them a quarter of a second.
 *
 * @param rpcUrl one endpoint of the chain, or several.
 * @throws ChainUnavailableError from every member that asks the chain; CallFailedError from `reader.call`
 */
export function openPublisher(
  rpcUrl: string | readonly string[],
  key: Hex,
  { maxFee, ...settings }: PublisherSettings = {},
) {
  const endpoints = openEndpointSet(rpcUrl, settings);
  const account = privateKeyToAccount(key);
  const { any } = endpoints;

  /** Whichever endpoint answers. */
  const reader: Pick<Reader, "name" | "chainId" | "blockNumber" | "code" | "call" | "blockAt"> = {
    name: endpoints.reports()[0]!.name,
    chainId: () => any(({ chainId }) => chainId()),
    blockNumber: () => any(({ blockNumber }) => blockNumber()),
    code: (address) => any(({ code }) => code(address)),
    call: (to, data) => any(({ call }) => call(to, data)),
    blockAt: (number) => any(({ blockAt }) => blockAt(number)),
  };

  const receipt = (hash: Uint8Array): Promise<TransactionReceipt | undefined> =>
    any((questions) => questions.receipt(hash));

  /** What the network asks for now: the middle of what endpoints say. */
  async function askedFee(): Promise<AskedFee> {
    const said = await endpoints.all((questions) => questions.askedFee());
    return middleFee(said.map(({ value }) => value));
  }

  return {
    endpoints,
    reader,
    receipt,
    askedFee,
    maxFee,
    address: fromHex(account.address.toLowerCase(), 20),

    /** How many transactions of the account are in blocks, or on their way too. */
    nonce: (counting: "latest" | "pending") => any((questions) => questions.nonce(account.address, counting)),

    /** How many are in blocks, by the word of each endpoint. */
    nonces: () => endpoints.all((questions) => questions.nonce(account.address, "latest")),

    /** In wei. */
    balance: () => any((questions) => questions.balance(account.address)),

    /** What to offer for what the network asks for now. @throws ChainWaitError FEE_ABOVE_CEILING */
    fees: async (): Promise<Fees> => feesFor(await askedFee(), maxFee),

    gasOf: (call: Call) => any((questions) => questions.gasOf(account.address, call)),

    async sign({
      to,
      fees: { legacy, maxFeePerGas, maxPriorityFeePerGas },
      ...transaction
    }: Transaction): Promise<{ hash: Uint8Array; raw: Uint8Array }> {
      const call = { to: to ?? null, ...transaction };
      const signed = legacy
        ? await account.signTransaction({ type: "legacy", ...call, gasPrice: maxFeePerGas })
        : await account.signTransaction({ type: "eip1559", ...call, maxFeePerGas, maxPriorityFeePerGas });
      const raw = fromHex(signed);
      return { hash: keccak(raw), raw };
    },

    /** Gives a transaction to every endpoint: it is sent when one of them takes it, or has it. */
    async send(raw: Uint8Array): Promise<void> {
      const { said, silent } = await endpoints.each((questions) => questions.send(raw));
      if (said.length === 0 && !silent.some((why) => HAS_IT.test(why)))
        throw new ChainUnavailableError(silent.join("; "));
    },

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
    timeOf: (blockHash: Uint8Array): Promise<bigint> => any((questions) => questions.timeOf(blockHash)),
  };
}

export type Publisher = ReturnType<typeof openPublisher>;
