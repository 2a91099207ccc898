/** From a journal to a running network, with every hash compared on the way. */

import { ChainStartError } from "./errors.ts";
import { type Journal, type JournalBlock, type JournalHeader, lineOfBlock } from "./journal-format.ts";
import { createNetwork, type Network, type NetworkTerms } from "./network.ts";

export interface MinedBlock {
  hash: string;
  /** Seconds since 1970. */
  timestamp: number;
  transactions: readonly string[];
}

/** A fresh network, and the header its journal begins with. */
export async function beginNetwork(terms: NetworkTerms): Promise<{ network: Network; header: JournalHeader }> {
  const { chainId, hardfork, initialDate } = terms;
  const network = await createNetwork(terms);
  const accounts = (await network.request("eth_accounts", [])) as string[];
  const { hash } = await blockAt(network, 0);
  const header = {
    chainId,
    hardfork,
    initialDate,
    accounts: accounts.map((one) => one.toLowerCase()),
    genesisHash: hash,
  };
  return { network, header };
}

/**
 * The network that the journal describes.
 *
 * Every block is compared, although the last hash would prove them all, so that the error can name the line.
 * Half a millisecond per transaction. Errors: CHAIN_JOURNAL_MISMATCH.
 */
export async function replayJournal(journal: Journal): Promise<Network> {
  const { network, header } = await beginNetwork(journal.header);
  const { genesisHash, accounts } = journal.header;
  if (header.genesisHash !== genesisHash) throw mismatch(1, `block 0 is ${header.genesisHash}, not ${genesisHash}`);
  if (header.accounts.join() !== accounts.join()) throw mismatch(1, "its accounts are not the well-known ones");
  for (const block of journal.blocks) await replayBlock(network, block);
  return network;
}

/** Asks the network itself what stands at a height. Errors: plain ones, for it is not the caller's mistake. */
export async function blockAt(network: Network, number: number): Promise<MinedBlock> {
  const block = await network.request("eth_getBlockByNumber", [`0x${number.toString(16)}`, false]);
  if (block === null) throw new Error(`the network has no block ${number}`);
  const { hash, timestamp, transactions } = block as { hash: string; timestamp: string; transactions: string[] };
  return { hash, timestamp: Number(timestamp), transactions };
}

async function replayBlock(network: Network, block: JournalBlock): Promise<void> {
  const line = lineOfBlock(block.number);
  let mined: MinedBlock;
  try {
    await network.request("evm_setNextBlockTimestamp", [block.timestamp]);
    if (block.transactions.length === 0) await network.request("evm_mine", []);
    for (const raw of block.transactions) await network.request("eth_sendRawTransaction", [raw]);
    mined = await blockAt(network, block.number);
  } catch (error) {
    throw mismatch(line, `block ${block.number} cannot be mined again: ${(error as Error).message}`, { cause: error });
  }
  if (mined.hash !== block.hash) throw mismatch(line, `block ${block.number} is ${mined.hash}, not ${block.hash}`);
}

function mismatch(line: number, what: string, options?: ErrorOptions): ChainStartError {
  const message = `line ${line} of the chain journal does not replay: ${what}. Was it edited, or written by another release?`;
  return new ChainStartError("CHAIN_JOURNAL_MISMATCH", message, options);
}
