import { sameBytes, toHex } from "../core/bytes.ts";
import { keccak } from "../core/keccak.ts";
import { digestProblem } from "./delta.ts";
import type { Findings } from "./findings.ts";
import type { AnchorRow, AuditStore, ProgressRow, TransactionRow } from "./port.ts";
import { reportRow } from "./row-problem.ts";

/** The log that a record anchors in, as the record itself says it. `salt`: what the log was opened with. */
export type PublisherLog = { chainId: bigint; contract: Uint8Array; log: Uint8Array; salt: Uint8Array | undefined };

/** What a signed transaction says: an append to a log, and who signed it. */
export type Append = {
  nonce: number;
  chainId: bigint;
  contract: Uint8Array;
  log: Uint8Array;
  index: bigint;
  root: Uint8Array;
  size: bigint;
  signer: Uint8Array;
};

/** Reads a signed transaction; undefined when the bytes are none, or it is no append. */
export type ReadAppend = {
  read(raw: Uint8Array): Promise<Append | undefined>;
  /** The log that an account opens with a salt. */
  logOf(place: Pick<PublisherLog, "chainId" | "contract">, opener: Uint8Array, salt: Uint8Array): Uint8Array;
};

type Parts = { store: AuditStore; findings: Findings; log: PublisherLog | undefined; readAppend: ReadAppend };

/** The states of an anchor, in their order. */
const STATES = ["prepared", "sent", "confirmed"];

/**
 * Looks at what was signed for an anchor and at how far it is.
 *
 * @returns the state and the block, for the next anchor to follow.
 */
export async function auditTransactions(
  { store, findings, log, readAppend }: Parts,
  seen: { transactions: number; withoutDigest: number },
  anchor: AnchorRow,
  before: { state: string; blockNumber: number },
): Promise<{ state: string; blockNumber: number }> {
  const hashes: Uint8Array[] = [];
  for (const [i, { key, row, ...rest }] of (await store.transactions(anchor.id)).entries()) {
    seen.transactions += 1;
    if (!row) {
      reportRow(findings, "anchor_transactions", key, rest);
      continue;
    }
    hashes.push(row.hash);
    if (row.digest === "none") seen.withoutDigest += 1;
    const problem =
      row.attempt === i + 1 ? await problemOf({ log, readAppend }, anchor, row) : "an attempt is left out";
    if (problem) findings.add({ code: "TRANSACTION_WRONG", table: "anchor_transactions", row: key, problem });
    const undigested = problem ? undefined : digestProblem(row);
    if (undigested) findings.add({ ...undigested, table: "anchor_transactions", row: key });
  }

  const found = await store.progress(anchor.id);
  const wrong = (problem: string) =>
    findings.add({ code: "PROGRESS_WRONG", table: "anchor_progress", row: { anchor: anchor.id }, problem });
  if (!found?.row) {
    if (found) reportRow(findings, "anchor_progress", { anchor: anchor.id }, found);
    else wrong("the row is missing");
    return before;
  }
  const { row } = found;
  if (row.digest === "none") seen.withoutDigest += 1;
  const problem = progressProblem(row, hashes, before);
  const undigested = digestProblem(row);
  if (problem) wrong(problem);
  else if (undigested) findings.add({ ...undigested, table: "anchor_progress", row: { anchor: anchor.id } });
  return { state: row.state, blockNumber: row.blockNumber ?? before.blockNumber };
}

async function problemOf(
  { log, readAppend }: Pick<Parts, "log" | "readAppend">,
  anchor: AnchorRow,
  row: TransactionRow,
): Promise<string | undefined> {
  if (!sameBytes(keccak(row.raw), row.hash)) return "the hash is not that of its bytes";
  const append = await readAppend.read(row.raw);
  if (!append) return "its bytes are no signed append";
  if (append.nonce !== row.nonce) return `the nonce is ${append.nonce}, stored is ${row.nonce}`;
  if (append.index !== BigInt(anchor.id) || append.size !== BigInt(anchor.size) || !sameBytes(append.root, anchor.root))
    return `it anchors ${toHex(append.root)}, ${append.size} leaves, at index ${append.index}`;
  if (!log) return undefined;
  if (append.chainId !== log.chainId || !sameBytes(append.contract, log.contract) || !sameBytes(append.log, log.log))
    return "it is for another chain, contract or log";
  if (log.salt && !sameBytes(readAppend.logOf(log, append.signer, log.salt), log.log))
    return `it is signed by ${toHex(append.signer)}, who did not open this log`;
  return undefined;
}

function progressProblem(
  row: ProgressRow,
  hashes: readonly Uint8Array[],
  before: { state: string; blockNumber: number },
): string | undefined {
  const { state, transactionHash, blockNumber, blockHash, blockTime, confirmedAt, gasUsed } = row;
  if (!STATES.includes(state)) return `${JSON.stringify(state)} is no state`;
  const mined = [transactionHash, blockNumber, blockHash, blockTime, confirmedAt];
  if (state !== "confirmed")
    return [...mined, gasUsed].some((column) => column !== null) ? "it has a block without being confirmed" : undefined;
  if (before.state !== "confirmed") return "it is confirmed before the anchor before it";
  if (mined.some((column) => column === null)) return "it is confirmed without its block";
  if (!hashes.some((hash) => sameBytes(hash, transactionHash!)))
    return "its transaction is none of those that were signed";
  if (blockNumber! < before.blockNumber) return `its block ${blockNumber} is before that of the anchor before it`;
  // Of what was confirmed before digests no gas was kept: nothing would show it changed.
  if (gasUsed !== null && row.digest === "none") return "it has the gas of its transaction and no digest";
  return undefined;
}
