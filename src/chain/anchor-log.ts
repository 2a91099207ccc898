import type { TransactionSerializedEIP1559 } from "viem";
import { checksumAddress } from "../core/address.ts";
import { type Hex, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import type { AnchorChain, AnchorPlace, Mined } from "../ledger/ports/anchoring.ts";
import { CallFailedError } from "../witness/endpoint.ts";
import { numberIn, rootCall } from "../witness/log-calls.ts";
import { type Fees, openPublisher } from "./publisher.ts";
import { appendCall, countCall } from "./publisher-calls.ts";

/** A replacement pays an eighth more than what it replaces: nodes ask for at least a tenth (go-ethereum's txpool). */
const BUMP_DENOMINATOR = 8n;
/** What nodes answer to a transaction that they have, or whose nonce is spent: each client has words of its own. */
const HAS_IT = /already ?(known|imported)|known ?transaction|nonce too low|old ?nonce/i;
/** Gas that an append may use: it takes some 52,000 whatever it anchors. */
const APPEND_GAS = 80_000n;

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
  const publisher = openPublisher(rpcUrl, publisherKey);
  const { reader } = publisher;
  const contract = checksumAddress(place.contract);

  /** One word that the contract returns. The chain may have been begun anew, or the endpoint be of another one. */
  async function wordFrom(data: string): Promise<Uint8Array> {
    const noLog = `${reader.name} has no AnchorLog at ${contract}`;
    const word = await reader.call(contract, data).catch((error: unknown) => {
      if (!(error instanceof CallFailedError)) throw error;
      throw new ChainUnavailableError(noLog, { cause: error });
    });
    if (word.length !== 32) throw new ChainUnavailableError(noLog);
    return word;
  }

  return {
    place,
    anchoredCount: async () => Number(numberIn(await wordFrom(countCall(place.log)))),

    async anchoredRoot(index) {
      const root = await wordFrom(rootCall(place.log, BigInt(index)));
      return root.some((byte) => byte !== 0) ? root : undefined;
    },

    nextNonce: () => publisher.nonce("latest"),

    async sign({ index, root, size, replaces }) {
      const asked = await publisher.fees();
      const earlier = replaces && (await termsOf(replaces));
      const nonce = earlier?.nonce ?? (await publisher.nonce("latest"));
      const signed = await publisher.sign({
        to: contract,
        data: appendCall(place.log, index, root, size),
        nonce,
        gas: APPEND_GAS,
        chainId: place.chainId,
        fees: {
          maxFeePerGas: feeOver(earlier?.fees.maxFeePerGas, asked.maxFeePerGas),
          maxPriorityFeePerGas: feeOver(earlier?.fees.maxPriorityFeePerGas, asked.maxPriorityFeePerGas),
        },
      });
      return { nonce, ...signed };
    },

    async send(raw) {
      try {
        await publisher.send(raw);
      } catch (error) {
        // The nonce is taken, by this very transaction or by one that `mined`, `anchoredRoot` and `nextNonce` will show.
        if (!(error instanceof ChainUnavailableError && HAS_IT.test(error.message))) throw error;
      }
    },

    async mined(hash): Promise<Mined | undefined> {
      const receipt = await publisher.receipt(hash);
      if (!receipt) return undefined;
      const { blockNumber, blockHash, gasUsed, succeeded } = receipt;
      const blockTime = Number(await publisher.timeOf(blockHash));
      const latest = await reader.blockNumber();
      onHead?.(Number(latest));
      const final = blockNumber + BigInt(confirmations) - 1n <= latest;
      return { blockNumber: Number(blockNumber), blockHash, blockTime, gasUsed, succeeded, final };
    },
  };
}

/** What a signed transaction was sent with. Replacing one is rare, and most threads never need this part of the library. */
async function termsOf(raw: Uint8Array): Promise<{ nonce: number; fees: Fees }> {
  const { parseTransaction } = await import("viem/utils");
  const parsed = parseTransaction(toHex(raw) as TransactionSerializedEIP1559);
  // Zero is left out of what is read.
  const { nonce = 0, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = parsed;
  return { nonce, fees: { maxFeePerGas, maxPriorityFeePerGas } };
}

/** The fee to pay now: what the network asks for, and at least an eighth above what is replaced. In wei per gas. */
function feeOver(replaced: bigint | undefined, asked: bigint): bigint {
  if (replaced === undefined) return asked;
  const raised = replaced + (replaced + BUMP_DENOMINATOR - 1n) / BUMP_DENOMINATOR;
  return raised > asked ? raised : asked;
}
