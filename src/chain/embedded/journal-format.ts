/**
 * The journal of an embedded chain: newline-terminated JSON, a header and then one line per mined block.
 *
 * Text, so that a person can read, and a script can replay, what happened. A line that does not end in a newline was
 * being written when the process died, and was never acknowledged to anybody: it is cut off. Anything else that is not
 * as it was written is damage, and is refused with the number of its line.
 */

import type { Hex } from "viem";
import { ChainStartError } from "./errors.ts";
import type { NetworkTerms } from "./network.ts";

const FORMAT = "tallyroot-chain-journal";
const VERSION = 1;

export interface JournalHeader extends NetworkTerms {
  /** The well-known accounts, in order, lower case. */
  accounts: readonly string[];
  genesisHash: string;
}

export interface JournalBlock {
  number: number;
  /** Seconds since 1970, as in the block. */
  timestamp: number;
  /** Signed transactions, exactly as they were sent. */
  transactions: readonly Hex[];
  hash: string;
}

export interface Journal {
  header: JournalHeader;
  /** `blocks[i]` stands on line `i + 2`. */
  blocks: JournalBlock[];
  /** Length of the undamaged part, in bytes, and of the torn line behind it. */
  intactBytes: number;
  tornBytes: number;
}

export const lineOfBlock = (number: number): number => number + 1;

export const encodeHeader = (header: JournalHeader): string =>
  `${JSON.stringify({ format: FORMAT, version: VERSION, ...header })}\n`;

export const encodeBlock = ({ number, timestamp, transactions, hash }: JournalBlock): string =>
  `${JSON.stringify({ number, timestamp, transactions, hash })}\n`;

/**
 * Reads a whole journal.
 *
 * Errors: CHAIN_JOURNAL_DAMAGED with the line's number; CHAIN_JOURNAL_VERSION for a journal of another format version.
 */
export function decodeJournal(bytes: Buffer): Journal {
  const lines = completeLines(bytes);
  const [first] = lines.texts;
  if (first === undefined) throw damaged(1, "the header is missing");
  const header = decodeHeader(first);
  const blocks: JournalBlock[] = [];
  let timestamp = Date.parse(header.initialDate) / 1000;
  for (const [index, text] of lines.texts.slice(1).entries()) {
    const block = decodeBlock(text, index + 2);
    if (block.number !== index + 1) {
      throw damaged(index + 2, `block ${index + 1} should stand here, not block ${block.number}`);
    }
    if (block.timestamp <= timestamp)
      throw damaged(index + 2, "its timestamp is not later than that of the block before");
    timestamp = block.timestamp;
    blocks.push(block);
  }
  return { header, blocks, intactBytes: lines.length, tornBytes: bytes.length - lines.length };
}

function completeLines(bytes: Buffer): { texts: string[]; length: number } {
  const texts: string[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, start)) {
    texts.push(bytes.toString("utf8", start, end));
    start = end + 1;
  }
  return { texts, length: start };
}

function decodeHeader(text: string): JournalHeader {
  const { format, version, chainId, hardfork, initialDate, accounts, genesisHash } = decodeLine(text, 1);
  if (format !== FORMAT) throw damaged(1, "it is not the header of a chain journal");
  if (version !== VERSION) {
    throw new ChainStartError(
      "CHAIN_JOURNAL_VERSION",
      `the chain journal has format version ${JSON.stringify(version)}; this release reads version ${VERSION}`,
    );
  }
  if (!isCount(chainId)) throw damaged(1, "chainId is not a whole number");
  if (typeof hardfork !== "string") throw damaged(1, "hardfork is not a text");
  if (typeof initialDate !== "string" || !Number.isInteger(Date.parse(initialDate) / 1000)) {
    throw damaged(1, "initialDate is not a date in whole seconds");
  }
  if (!Array.isArray(accounts) || !accounts.every(isHex)) throw damaged(1, "accounts is not a list of addresses");
  if (!isHash(genesisHash)) throw damaged(1, "genesisHash is not a hash");
  return { chainId, hardfork, initialDate, accounts, genesisHash };
}

function decodeBlock(text: string, line: number): JournalBlock {
  const { number, timestamp, transactions, hash } = decodeLine(text, line);
  if (!isCount(number)) throw damaged(line, "number is not a whole number");
  if (!isCount(timestamp)) throw damaged(line, "timestamp is not a whole number");
  if (!Array.isArray(transactions) || !transactions.every(isHex)) {
    throw damaged(line, "transactions is not a list of signed transactions");
  }
  if (!isHash(hash)) throw damaged(line, "hash is not a hash");
  return { number, timestamp, transactions, hash };
}

function decodeLine(text: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(line, "it is not JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw damaged(line, "it is not an object");
  return value as Record<string, unknown>;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isHex = (value: unknown): value is Hex => typeof value === "string" && /^0x([0-9a-f]{2})+$/i.test(value);
const isHash = (value: unknown): value is Hex => isHex(value) && value.length === 66;

function damaged(line: number, what: string, options?: ErrorOptions): ChainStartError {
  return new ChainStartError("CHAIN_JOURNAL_DAMAGED", `line ${line} of the chain journal is damaged: ${what}`, options);
}
