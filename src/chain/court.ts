import {
  BaseError,
  ContractFunctionRevertedError,
  createWalletClient,
  ExecutionRevertedError,
  getContractError,
  http,
  InsufficientFundsError,
  keccak256,
  WaitForTransactionReceiptTimeoutError,
  zeroAddress,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { checksumAddress } from "../core/address.ts";
import type { Place } from "../core/arbitration/statement.ts";
import { type Hex, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { isPrivateKey } from "../core/private-key.ts";
import { anchorLogAbi } from "./anchor-log-abi.ts";
import { asking, chainReader, isOfOtherCode } from "./anchor-log-client.ts";
import type { CourtCall } from "./court-call.ts";

/** Milliseconds that a transaction may take into a block. */
const MINING_MS = 180_000;
const POLLING_MS = 200;
/** Milliseconds for one answer. */
const TIMEOUT_MS = 10_000;

/** What nodes answer to a transaction that its sender cannot pay for: each client has words of its own. */
const NO_FUNDS = /insufficient funds|enough funds|exceeds .*balance/i;

/** Who pays for the evidence: a key of one's own, or an account that the endpoint signs for, by its number from 0. */
export type Signer = { key: Hex } | { account: number };

/** The signer cannot send a transaction: the endpoint does not sign for it, or it has no ether. */
export class SignerError extends Error {
  override readonly name = "SignerError";
}

/**
 * The signer with this private key.
 *
 * @param text 32 bytes in hex, with or without 0x.
 * @throws SignerError, which does not repeat the text.
 */
export function keySigner(text: string): Signer {
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text)?.[1];
  if (digits === undefined) throw new SignerError("a key is 32 bytes in hex");
  const value = BigInt(`0x${digits}`);
  if (!isPrivateKey(value)) throw new SignerError("it is no private key of secp256k1");
  return { key: `0x${digits.toLowerCase()}` };
}

/** Since when a log is marked: a block, and its time in Unix seconds. */
export type Mark = { blockNumber: bigint; blockTime: bigint };

/** A transaction that the contract accepted. The time is in Unix seconds. */
export type Judgement = { transactionHash: Hex; blockNumber: bigint; blockTime: bigint; gasUsed: bigint };

/** What the contract answers instead: the name of its error. */
export type Refusal = { refusal: string };

/** Why the evidence does not belong to the chain behind an endpoint. */
export type Misplaced = { failure: "CHAIN_MISMATCH" | "CODE_MISMATCH"; detail: string };

/**
 * The contract as a court: it takes evidence against one log. Anybody may bring some; it costs no more than its gas.
 *
 * The one endpoint is believed. It can lie about an outcome, which verifying a receipt over another endpoint shows.
 *
 * @throws ChainUnavailableError from every member, when the chain does not answer.
 */
export function openCourt(rpcUrl: string, place: Place) {
  const reader = chainReader(rpcUrl);
  const at = { address: checksumAddress(place.contract), abi: anchorLogAbi } as const;
  const log = toHex(place.log);

  async function addressOf(signer: Signer): Promise<Hex> {
    if ("key" in signer) return privateKeyToAccount(signer.key).address;
    const accounts = await createWalletClient({ transport: http(rpcUrl, { timeout: TIMEOUT_MS }) }).getAddresses();
    const address = accounts[signer.account];
    if (address === undefined)
      throw new SignerError(
        `the endpoint signs for ${accounts.length} accounts: there is no account ${signer.account}`,
      );
    return address;
  }

  return {
    /** Whether the endpoint's chain is where the evidence belongs, and its contract an AnchorLog, with the code that is pinned. */
    examine: (codeHash?: Uint8Array) =>
      asking("looking for the contract", async (): Promise<Misplaced | undefined> => {
        const chainId = await reader.getChainId();
        if (BigInt(chainId) !== place.chainId) {
          const detail = `the endpoint is of chain ${chainId}, the evidence of chain ${place.chainId}`;
          return { failure: "CHAIN_MISMATCH", detail };
        }
        const code = await reader.getCode({ address: at.address });
        if (!code) return { failure: "CODE_MISMATCH", detail: `there is no contract at ${at.address}` };
        if (codeHash && keccak256(code) !== toHex(codeHash))
          return { failure: "CODE_MISMATCH", detail: `the contract at ${at.address} has other code than expected` };
        const isCourt = await reader
          .readContract({ ...at, functionName: "marked", args: [log] })
          .then(() => true)
          .catch((error: unknown) => {
            if (!isOfOtherCode(error)) throw error;
            return false;
          });
        return isCourt
          ? undefined
          : { failure: "CODE_MISMATCH", detail: `the contract at ${at.address} is no AnchorLog` };
      }),

    /** Undefined when the log is not marked. */
    markedSince: () =>
      asking("asking whether the log is marked", async (): Promise<Mark | undefined> => {
        const [blockNumber, blockTime] = await reader.readContract({ ...at, functionName: "markedSince", args: [log] });
        return blockNumber === 0n ? undefined : { blockNumber, blockTime };
      }),

    /** The root at an index of the log; undefined when nothing is anchored there. */
    anchoredRoot: (index: bigint) =>
      asking("reading an anchored root", async (): Promise<Hex | undefined> => {
        const root = await reader.readContract({ ...at, functionName: "root", args: [log, index] });
        return root === zeroHash ? undefined : root;
      }),

    /**
     * What the contract would say, without a transaction: the gas that it would take to accept, or its refusal.
     *
     * @throws SignerError
     */
    tryOut: (call: CourtCall, signer?: Signer) =>
      asking("trying the evidence out", () =>
        orRefusal(call, async () => {
          const account = signer ? await addressOf(signer) : zeroAddress;
          await reader.call({ account, to: at.address, data: call.data });
          return { gas: await reader.estimateGas({ account, to: at.address, data: call.data }) };
        }),
      ),

    /** Sends the evidence and waits until it is in a block. @throws SignerError */
    bring: (call: CourtCall, signer: Signer) =>
      asking("bringing the evidence", () =>
        orRefusal(call, async (): Promise<Judgement | Refusal> => {
          const account = "key" in signer ? privateKeyToAccount(signer.key) : await addressOf(signer);
          const wallet = createWalletClient({
            account,
            transport: http(rpcUrl, { timeout: TIMEOUT_MS, retryCount: 0 }),
          });
          const hash = await wallet.sendTransaction({ chain: null, to: at.address, data: call.data });
          const receipt = await reader
            .waitForTransactionReceipt({ hash, pollingInterval: POLLING_MS, timeout: MINING_MS })
            .catch((error: unknown) => {
              if (!(error instanceof WaitForTransactionReceiptTimeoutError)) throw error;
              throw new ChainUnavailableError(`transaction ${hash} was sent, and is in no block yet`, { cause: error });
            });
          // A wallet may have replaced it under the same nonce meanwhile: what is in the block counts.
          if (receipt.status !== "success") return { refusal: `transaction ${receipt.transactionHash} reverted` };
          const { timestamp } = await reader.getBlock({ blockHash: receipt.blockHash });
          return {
            transactionHash: receipt.transactionHash,
            blockNumber: receipt.blockNumber,
            blockTime: timestamp,
            gasUsed: receipt.gasUsed,
          };
        }),
      ),
  };
}

export type Court = ReturnType<typeof openCourt>;

/** The outcome of asking the contract, or the name of the error that it reverted with. */
async function orRefusal<T>(call: CourtCall, ask: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof BaseError)) throw error;
    if (NO_FUNDS.test(error.details) || error.walk((cause) => cause instanceof InsufficientFundsError))
      throw new SignerError("the account has less ether than the transaction costs", { cause: error });
    const refused = getContractError(error, {
      abi: anchorLogAbi,
      address: call.to,
      args: [],
      functionName: call.function,
    });
    const reverted = refused.walk((cause) => cause instanceof ContractFunctionRevertedError);
    const name = reverted instanceof ContractFunctionRevertedError ? reverted.data?.errorName : undefined;
    if (name !== undefined) return { refusal: name };
    // Without a name it is a refusal only if the node says that the code ran and reverted, and not that it could not run it.
    if (!error.walk((cause) => cause instanceof ExecutionRevertedError)) throw error;
    return { refusal: "reverted without a reason" };
  }
}
