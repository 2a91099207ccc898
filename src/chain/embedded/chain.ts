/**
 * A Hardhat network that is its journal: every block is durable before anybody hears of it, and a start replays them all.
 *
 * Replay is exact because a block follows from its parent, its timestamp and its transactions alone. Hence the timestamp is
 * always chosen here, changes happen one at a time, and whatever would alter state outside of a block is not offered.
 */

import type { Hex } from "viem";
import { ChainFailedError, ChainStartError, RPC, RpcError } from "./errors.ts";
import { HARDFORK } from "./genesis.ts";
import { createJournal, type JournalWriter, openJournal, readJournal } from "./journal-file.ts";
import { encodeHeader, type JournalBlock } from "./journal-format.ts";
import type { Network } from "./network.ts";
import { beginNetwork, blockAt, replayJournal } from "./replay.ts";
import { signAsWellKnown, type TransactionRequest } from "./well-known-signer.ts";

/** Changes that may wait for their turn; one takes about a millisecond. */
const MAX_WAITING = 1024;

export interface Chain {
  /** Any request that changes nothing. Its answer is held back until every block it may have seen is durable. */
  read(method: string, params: readonly unknown[]): Promise<unknown>;
  /** Mines a signed transaction in a block of its own and returns its hash. A refused transaction leaves no trace. */
  sendRaw(raw: Hex): Promise<Hex>;
  /** The same for a request from one of the well-known accounts, which is completed and signed here. */
  send(request: TransactionRequest): Promise<Hex>;
  /** Mines so many empty blocks. */
  mineEmpty(count: number): Promise<void>;
  /** Takes no more changes, waits for those it has, and closes the journal. */
  close(): Promise<void>;
}

export interface OpenedChain {
  chain: Chain;
  replayedBlocks: number;
  /** Bytes of a torn last line that were cut off. */
  tornBytes: number;
}

export interface ChainOptions {
  dir: string;
  chainId: number;
  /** Seconds since 1970. */
  now: () => number;
  /** Told when the disk does not take a block now; whoever asks for something waits until it does. */
  onWaiting: (reason: string) => void;
  /** Called once, when the chain can no longer keep its promise and has stopped answering. */
  onFailure: (error: ChainFailedError) => void;
}

/**
 * Opens the chain kept in `dir`, or begins one.
 *
 * Errors (ChainStartError): CHAIN_JOURNAL_DAMAGED, _VERSION, _OTHER_CHAIN, _MISMATCH (which names the line), _UNWRITABLE.
 */
export async function openChain(options: ChainOptions): Promise<OpenedChain> {
  const { dir, chainId, now } = options;
  const found = readJournal(dir);
  if (found === undefined) {
    const initialDate = new Date(now() * 1000).toISOString();
    const { network, header } = await beginNetwork({ chainId, hardfork: HARDFORK, initialDate });
    createJournal(dir, header);
    const journal = openJournal(dir, Buffer.byteLength(encodeHeader(header)), options.onWaiting);
    const head = { number: 0, timestamp: Date.parse(initialDate) / 1000 };
    return { chain: runChain({ network, journal, head, options }), replayedBlocks: 0, tornBytes: 0 };
  }
  const { header, blocks, intactBytes, tornBytes } = found;
  if (header.chainId !== chainId) {
    const message = `the journal in ${dir} is of chain ${header.chainId}, not of chain ${chainId}`;
    throw new ChainStartError("CHAIN_JOURNAL_OTHER_CHAIN", message);
  }
  const network = await replayJournal(found);
  const timestamp = blocks.at(-1)?.timestamp ?? Date.parse(header.initialDate) / 1000;
  // The network's clock stands at the last block, but calls on the pending block should see the time it is.
  await network.request("evm_increaseTime", [Math.max(0, now() - timestamp)]);
  const journal = openJournal(dir, intactBytes, options.onWaiting);
  const head = { number: blocks.length, timestamp };
  return { chain: runChain({ network, journal, head, options }), replayedBlocks: blocks.length, tornBytes };
}

interface Parts {
  network: Network;
  journal: JournalWriter;
  /** The last durable block. */
  head: { number: number; timestamp: number };
  options: ChainOptions;
}

function runChain({ network, journal, head, options }: Parts): Chain {
  let waiting = 0;
  let closing = false;
  let failure: ChainFailedError | undefined;
  /** Settles when every change that was asked for is over. */
  let last: Promise<unknown> = Promise.resolve();
  /** Settles when the change that has begun is durable, was refused, or has failed. */
  let running: Promise<unknown> = Promise.resolve();

  const expectAlive = () => {
    if (failure !== undefined)
      throw new RpcError(RPC.INTERNAL_ERROR, `the embedded chain has stopped: ${failure.code}`);
  };

  const inTurn = async <T>(change: () => Promise<T>): Promise<T> => {
    if (closing) throw new RpcError(RPC.RESOURCE_UNAVAILABLE, "the embedded chain is stopping");
    if (waiting >= MAX_WAITING) throw new RpcError(RPC.LIMIT_EXCEEDED, `${MAX_WAITING} changes are waiting already`);
    waiting += 1;
    const turn = last.then(async () => {
      waiting -= 1;
      expectAlive();
      const work = change();
      running = Promise.allSettled([work]);
      return await work;
    });
    // Whoever asked for this change hears how it went; the next one only needs to know that it is over.
    last = Promise.allSettled([turn]);
    return await turn;
  };

  /** What goes wrong in here leaves network and journal different, so that nothing more may be answered. */
  const mustHold = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const message = `the embedded chain no longer equals its journal: ${(error as Error).message}`;
      failure =
        error instanceof ChainFailedError ? error : new ChainFailedError("CHAIN_DIVERGED", message, { cause: error });
      options.onFailure(failure);
      throw failure;
    }
  };

  const chooseTimestamp = async (): Promise<number> => {
    const timestamp = Math.max(options.now(), head.timestamp + 1);
    await network.request("evm_setNextBlockTimestamp", [timestamp]);
    return timestamp;
  };

  /** Takes the block just mined over into `head`. */
  const takeBlock = async (timestamp: number, transactions: readonly Hex[]): Promise<JournalBlock> => {
    const number = head.number + 1;
    const block = await blockAt(network, number);
    if (block.timestamp !== timestamp || block.transactions.length !== transactions.length) {
      throw new Error(`block ${number} is not the one that was asked for`);
    }
    head.number = number;
    head.timestamp = timestamp;
    return { number, timestamp, transactions, hash: block.hash };
  };

  const expectNoNewBlock = async () => {
    const height = Number(await network.request("eth_blockNumber", []));
    if (height !== head.number) throw new Error(`a refused transaction left block ${height} behind`);
  };

  const mineRaw = async (raw: Hex): Promise<Hex> => {
    const timestamp = await mustHold(chooseTimestamp);
    let hash: unknown;
    try {
      hash = await network.request("eth_sendRawTransaction", [raw]);
    } catch (refusal) {
      await mustHold(expectNoNewBlock);
      throw refusal;
    }
    await mustHold(async () => journal.append([await takeBlock(timestamp, [raw])]));
    return hash as Hex;
  };

  const mineEmpty = async (count: number): Promise<void> => {
    const blocks: JournalBlock[] = [];
    for (let mined = 0; mined < count; mined += 1) {
      const timestamp = await chooseTimestamp();
      await network.request("evm_mine", []);
      blocks.push(await takeBlock(timestamp, []));
    }
    await journal.append(blocks);
  };

  return {
    async read(method, params) {
      expectAlive();
      try {
        return await network.request(method, params);
      } finally {
        await running;
        expectAlive();
      }
    },
    sendRaw: (raw) => inTurn(() => mineRaw(raw)),
    send: (request) => inTurn(async () => mineRaw(await signAsWellKnown(network, options.chainId, request))),
    mineEmpty: (count) => inTurn(() => mustHold(() => mineEmpty(count))),
    async close() {
      closing = true;
      await last;
      journal.close();
      await network.close();
    },
  };
}
