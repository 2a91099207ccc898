import {
  decodeFunctionData,
  encodeAbiParameters,
  parseTransaction,
  recoverTransactionAddress,
  type TransactionSerialized,
} from "viem";
import { checksumAddress } from "../core/address.ts";
import { fromHex, toHex } from "../core/bytes.ts";
import { keccak } from "../core/keccak.ts";
import { anchorLogAbi } from "./anchor-log-abi.ts";

/** What a signed transaction appends where, and who signed it. */
export type SignedAppend = {
  nonce: number;
  chainId: bigint;
  contract: Uint8Array;
  log: Uint8Array;
  index: bigint;
  root: Uint8Array;
  size: bigint;
  signer: Uint8Array;
};

/** Reads a signed transaction; undefined when the bytes are none, or it does something else than to append. */
export async function readAppend(raw: Uint8Array): Promise<SignedAppend | undefined> {
  const serialized = toHex(raw) as TransactionSerialized;
  try {
    const { chainId, nonce = 0, to, data } = parseTransaction(serialized);
    if (chainId === undefined || !to || !data) return undefined;
    const call = decodeFunctionData({ abi: anchorLogAbi, data });
    if (call.functionName !== "append") return undefined;
    const [log, index, root, size] = call.args;
    const signer = await recoverTransactionAddress({ serializedTransaction: serialized as `0x02${string}` });
    return {
      nonce,
      chainId: BigInt(chainId),
      contract: fromHex(to.toLowerCase(), 20),
      log: fromHex(log, 32),
      index,
      root: fromHex(root, 32),
      size,
      signer: fromHex(signer.toLowerCase(), 20),
    };
  } catch (error) {
    // Stored bytes may be anything by now, and every layer below has errors of its own for what it cannot decode.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** The id of the log that an account opens with a salt: `AnchorLog.logId`. */
export function logIdOf(
  { chainId, contract }: { chainId: bigint; contract: Uint8Array },
  opener: Uint8Array,
  salt: Uint8Array,
): Uint8Array {
  const words = encodeAbiParameters(
    [{ type: "uint256" }, { type: "address" }, { type: "address" }, { type: "bytes32" }],
    [chainId, checksumAddress(contract), checksumAddress(opener), toHex(salt)],
  );
  return keccak(fromHex(words));
}
