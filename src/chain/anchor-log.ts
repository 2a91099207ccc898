import { checksumAddress } from "../core/address.ts";
import { type Hex, sameBytes, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import type { AnchorChain, AnchorPlace, Mined } from "../ledger/ports/anchoring.ts";
import { CallFailedError, EndpointRefusalError } from "../witness/endpoint.ts";
import type { Finality } from "../witness/finality.ts";
import { indexIn, numberIn, publisherCall, rootCall } from "../witness/log-calls.ts";
import { type Fees, feesFor, replacementFor } from "./fees.ts";
import { agreedOn, disagreement, enoughOf, groupsOf, reachedBy } from "./majority.ts";
import { whereIs } from "./mined.ts";
import { openPublisher } from "./publisher.ts";
import { appendCall, countCall } from "./publisher-calls.ts";
import type { Questions } from "./questions.ts";
import { ChainWaitError } from "./waits.ts";

/** Gas that an append may use at least: it takes some 53,000 whatever it anchors. */
const LEAST_GAS = 80_000n;
/** A network that counts gas in its own way (a rollup counts the bytes as well) is believed up to here. */
const MOST_GAS = 5_000_000n;
/** What is added to the gas that an append was estimated to use: between two blocks a rollup's price of bytes changes. */
const GAS_ROOM = { over: 5n, under: 4n };

/** What the log's publisher knows beside the log: for whoever watches it. */
export type AnchorLogWatch = {
  publisher: ReturnType<typeof openPublisher>;
  /** Gas that the last append was estimated to use; undefined before the first. */
  lastGas(): bigint | undefined;
  /** What endpoints contradict one another about just now, in a sentence. */
  dispute(): string | undefined;
};

/**
 * The publisher's side of one log, over JSON-RPC.
 *
 * With several endpoints, what decides over an anchor is asked of all of them: see `whereIs` and `enoughOf`.
 *
 * @param rpcUrl one endpoint of the chain, or several.
 * @param confirmations when a transaction's block is final: blocks that it and its successors must be, or the chain's own word.
 * @param maxFee the most to pay, in wei per gas; undefined for no limit.
 * @param onHead told the latest block whenever it was looked up.
 */
export function openAnchorLog({
  rpcUrl,
  publisherKey,
  place,
  confirmations,
  maxFee,
  onHead,
}: {
  rpcUrl: string | readonly string[];
  publisherKey: Hex;
  place: AnchorPlace;
  confirmations: Finality;
  maxFee?: bigint | undefined;
  onHead?: (block: number) => void;
}): AnchorChain & { watch: AnchorLogWatch } {
  const publisher = openPublisher(rpcUrl, publisherKey, { chainId: place.chainId, maxFee });
  const { endpoints, reader } = publisher;
  const contract = checksumAddress(place.contract);
  let lastGas: bigint | undefined;
  let dispute: string | undefined;
  /** The last block whose hash endpoints agreed on. */
  let settled: { blockNumber: number; hash: Uint8Array } | undefined;

  /** One word that the contract returns; undefined where no AnchorLog is. The chain may have been begun anew, or the endpoint be of another one. */
  async function answerTo({ call }: Pick<Questions, "call">, data: string): Promise<Uint8Array | undefined> {
    const word = await call(contract, data).catch((error: unknown) => {
      if (!(error instanceof CallFailedError)) throw error;
      return undefined;
    });
    return word?.length === 32 ? word : undefined;
  }

  async function wordFrom(questions: Pick<Questions, "call" | "name">, data: string): Promise<Uint8Array> {
    const word = await answerTo(questions, data);
    if (!word) throw new ChainUnavailableError(`${questions.name} has no AnchorLog at ${contract}`);
    return word;
  }

  async function rootIn(questions: Questions, index: bigint): Promise<Uint8Array | undefined> {
    return orNone(await wordFrom(questions, rootCall(place.log, index)));
  }

  async function publisherIn(questions: Pick<Questions, "call">): Promise<Uint8Array | undefined> {
    return orNone(await answerTo(questions, publisherCall(place.log)))?.slice(12);
  }

  async function hashAt(questions: Pick<Questions, "blockNumber" | "blockAt">, blockNumber: number) {
    const latest = await questions.blockNumber();
    onHead?.(Number(latest));
    if (latest < BigInt(blockNumber)) return undefined;
    return (await questions.blockAt(BigInt(blockNumber)))?.hash;
  }

  async function gasFor(data: Hex): Promise<bigint> {
    try {
      lastGas = await publisher.gasOf({ to: contract, data });
    } catch (error) {
      // An append that would fail now may be fine once the endpoint has seen the one before it.
      if (!(error instanceof EndpointRefusalError)) throw error;
      return LEAST_GAS;
    }
    const gas = (lastGas * GAS_ROOM.over) / GAS_ROOM.under;
    if (gas > MOST_GAS)
      throw new ChainUnavailableError(
        `an append would take ${lastGas} gas here, where it takes some 53,000 elsewhere: nothing is signed with more than ${MOST_GAS}`,
      );
    return gas > LEAST_GAS ? gas : LEAST_GAS;
  }

  async function isTaken(raw: Uint8Array): Promise<boolean> {
    try {
      await publisher.send(raw);
      return true;
    } catch (error) {
      if (!(error instanceof ChainUnavailableError)) throw error;
      return false;
    }
  }

  const nextNonce = async () => reachedBy(await publisher.nonces(), endpoints.quorum);

  /** The root that the contract has now at the index which a transaction appended. */
  async function rootOf(questions: Questions, hash: Uint8Array): Promise<Uint8Array | undefined> {
    const transaction = await questions.transaction(toHex(hash));
    const index = transaction && indexIn(transaction.events, place);
    return index === undefined ? undefined : rootIn(questions, index);
  }

  return {
    place,
    account: publisher.address,
    watch: { publisher, lastGas: () => lastGas, dispute: () => dispute },

    chainId: async () => {
      // Each is asked anew and counts as silent where it is of another chain.
      await endpoints.look();
      return Number(await reader.chainId());
    },

    async publisher() {
      const found = await endpoints.any(publisherIn);
      // What is as it should be is not doubted in each round.
      if (endpoints.size === 1 || (found && sameBytes(found, publisher.address))) return found;
      return agreedOn("the log's publisher", await endpoints.all(publisherIn), endpoints.quorum, textOf);
    },

    async blockHash(blockNumber) {
      const found = await endpoints.any((questions) => hashAt(questions, blockNumber));
      if (endpoints.size === 1) return found;
      if (found && settled?.blockNumber === blockNumber && sameBytes(found, settled.hash)) return found;
      const said = await endpoints.all((questions) => hashAt(questions, blockNumber));
      const hash = agreedOn(`block ${blockNumber}`, said, endpoints.quorum, textOf);
      settled = hash && { blockNumber, hash };
      return hash;
    },

    async anchoredCount() {
      const data = countCall(place.log);
      const said = await endpoints.all(async (questions) => numberIn(await wordFrom(questions, data)));
      return reachedBy(said, endpoints.quorum);
    },

    async anchoredRoot(index) {
      const said = await endpoints.all((questions) => rootIn(questions, BigInt(index)));
      const [largest, ...others] = groupsOf(said, textOf);
      // Without a root an endpoint may be behind; with two different ones somebody is wrong.
      if (others.length > 0 && groupsOf(said, textOf).filter(([one]) => one?.value).length > 1)
        throw disagreement(`the root at index ${index}`, said, textOf);
      return largest && largest.length >= enoughOf(said.length, endpoints.quorum) ? largest[0]?.value : undefined;
    },

    nextNonce,

    async sign({ index, root, size, replaces }) {
      const asked = await publisher.askedFee();
      const earlier = replaces && (await termsOf(replaces));
      const fees = earlier ? await replacing(earlier.fees, replaces) : feesFor(asked, maxFee);
      const data = appendCall(place.log, index, root, size);
      const nonce = earlier?.nonce ?? (await nextNonce());
      const signed = await publisher.sign({
        to: contract,
        data,
        nonce,
        gas: await gasFor(data),
        chainId: place.chainId,
        fees,
      });
      return { nonce, ...signed };

      async function replacing(offered: Fees, raw: Uint8Array): Promise<Fees> {
        try {
          return replacementFor(offered, asked, maxFee);
        } catch (error) {
          if (!(error instanceof ChainWaitError)) throw error;
          // It stays: nodes that forgot it since are told of it again. Where no node takes it, as one that offers more than the account
          // has, nobody waits for it either: what the network asks for now takes its nonce.
          if (await isTaken(raw)) throw error;
          return feesFor(asked, maxFee);
        }
      }
    },

    send: (raw) => publisher.send(raw),

    async mined(hash): Promise<Mined | undefined> {
      const found = await whereIs(endpoints, hash, {
        finality: confirmations,
        rootOf,
        onHead: (block) => onHead?.(Number(block)),
      });
      dispute = found.dispute;
      return found.mined;
    },
  };
}

const orNone = (word: Uint8Array | undefined): Uint8Array | undefined =>
  word?.some((byte) => byte !== 0) ? word : undefined;

const textOf = (bytes: Uint8Array | undefined): string => (bytes ? toHex(bytes) : "nothing");

/** What a signed transaction was sent with. Replacing one is rare, and most threads never need this part of the library. */
async function termsOf(raw: Uint8Array): Promise<{ nonce: number; fees: Fees }> {
  const { parseTransaction } = await import("viem/utils");
  // Zero is left out of what is read.
  const { nonce = 0, gasPrice, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = parseTransaction(toHex(raw));
  if (gasPrice !== undefined)
    return { nonce, fees: { maxFeePerGas: gasPrice, maxPriorityFeePerGas: gasPrice, legacy: true } };
  return { nonce, fees: { maxFeePerGas, maxPriorityFeePerGas } };
}
