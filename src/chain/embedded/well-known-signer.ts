/**
 * eth_sendTransaction for the accounts everybody may play with.
 *
 * Completed and signed here rather than by Hardhat, because a journal needs the signed bytes and Hardhat does not give
 * them back. The publisher's key is not among these keys, and never reaches this thread.
 */

import type { AccessList, Address, Hex } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { RPC, RpcError } from "./errors.ts";
import { WELL_KNOWN_KEYS } from "./genesis.ts";
import type { Network } from "./network.ts";

/** In wei per gas. */
const DEFAULT_PRIORITY_FEE = 1_000_000_000n;

const FIELDS = [
  "from",
  "to",
  "value",
  "data",
  "input",
  "gas",
  "gasPrice",
  "maxFeePerGas",
  "maxPriorityFeePerGas",
  "nonce",
  "accessList",
  "chainId",
  "type",
];

/** The parameter of eth_sendTransaction, as it came in. */
export type TransactionRequest = Readonly<Record<string, unknown>>;

/** Errors: RpcError for a sender that is not well-known, a malformed field, or a failing gas estimate. */
export async function signAsWellKnown(network: Network, chainId: number, request: TransactionRequest): Promise<Hex> {
  const unknown = Object.keys(request).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw invalid(`the field ${unknown} is not supported in eth_sendTransaction`);
  const account = accountOf(request.from);
  if (Number(quantity(request, "chainId") ?? chainId) !== chainId) throw invalid(`this is chain ${chainId}`);
  const legacyPrice = quantity(request, "gasPrice");
  const required = {
    chainId,
    nonce: Number(
      quantity(request, "nonce") ?? (await network.request("eth_getTransactionCount", [account.address, "latest"])),
    ),
    gas: quantity(request, "gas") ?? BigInt((await network.request("eth_estimateGas", [request])) as Hex),
    value: quantity(request, "value") ?? 0n,
    data: hex(request, "input") ?? hex(request, "data") ?? "0x",
    to: (hex(request, "to") ?? null) as Address | null,
    accessList: accessListOf(request),
  };
  try {
    if (legacyPrice === undefined) {
      return await account.signTransaction({ ...required, type: "eip1559", ...(await feesOf(network, request)) });
    }
    if (request.accessList !== undefined) {
      return await account.signTransaction({ ...required, type: "eip2930", gasPrice: legacyPrice });
    }
    const { accessList: _, ...legacy } = required;
    return await account.signTransaction({ ...legacy, type: "legacy", gasPrice: legacyPrice });
  } catch (error) {
    // viem's errors, by their mark: their class comes only with the whole library, which the thread does without.
    if (error instanceof Error && "shortMessage" in error) throw invalid(String(error.shortMessage));
    throw error;
  }
}

async function feesOf(network: Network, request: TransactionRequest) {
  const maxPriorityFeePerGas = quantity(request, "maxPriorityFeePerGas") ?? DEFAULT_PRIORITY_FEE;
  const given = quantity(request, "maxFeePerGas");
  if (given !== undefined) return { maxFeePerGas: given, maxPriorityFeePerGas };
  const latest = (await network.request("eth_getBlockByNumber", ["latest", false])) as { baseFeePerGas: Hex };
  // Twice the base fee, as wallets do: it can rise by an eighth with each block that is mined before this one.
  return { maxFeePerGas: 2n * BigInt(latest.baseFeePerGas) + maxPriorityFeePerGas, maxPriorityFeePerGas };
}

let accounts: Map<string, PrivateKeyAccount> | undefined;

function accountOf(from: unknown): PrivateKeyAccount {
  accounts ??= new Map(
    WELL_KNOWN_KEYS.map((key) => privateKeyToAccount(key)).map((one) => [one.address.toLowerCase(), one]),
  );
  const account = accounts.get(String(from).toLowerCase());
  if (account === undefined) {
    throw new RpcError(RPC.INVALID_INPUT, `account ${String(from)} is not unlocked: sign its transactions yourself`);
  }
  return account;
}

function quantity(request: TransactionRequest, field: string): bigint | undefined {
  const value = request[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || !/^0x[0-9a-f]{1,64}$/i.test(value)) throw invalid(`${field} is not a hex quantity`);
  return BigInt(value);
}

function hex(request: TransactionRequest, field: string): Hex | undefined {
  const value = request[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || !/^0x([0-9a-f]{2})*$/i.test(value)) throw invalid(`${field} is not hex data`);
  return value as Hex;
}

function accessListOf(request: TransactionRequest): AccessList {
  const list: unknown = request.accessList ?? [];
  const isEntry = (entry: unknown) => Array.isArray((entry as { storageKeys?: unknown } | null)?.storageKeys);
  if (!Array.isArray(list) || !list.every(isEntry))
    throw invalid("accessList is not a list of addresses with storageKeys");
  return list as AccessList;
}

const invalid = (message: string): RpcError => new RpcError(RPC.INVALID_PARAMS, message);
