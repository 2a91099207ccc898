import { sameBytes, toHex } from "../core/bytes.ts";
import { ChainUnavailableError } from "../core/errors.ts";
import { type Pins, pinFailure } from "../core/policy.ts";
import type { AnchorReference } from "../core/receipt.ts";
import type { Step } from "../core/verify-receipt.ts";
import { each } from "./cursor.ts";
import { FINDINGS, type FindingCode, type Findings, type RowName } from "./findings.ts";
import type { AuditStore } from "./port.ts";
import type { PublisherLog } from "./transactions.ts";

/** Rows read at once, and anchors asked about at once. */
const PAGE = 64;

/** A log on a chain, as the audit asks for it. Every method may throw ChainUnavailableError. */
export type AuditChain = {
  placeFailure(): Promise<{ failure: string; detail: string } | undefined>;
  count(): Promise<number>;
  roots(index: number): Promise<(Uint8Array | undefined)[]>;
  check(anchor: AnchorReference): Promise<Step>;
};

export type ChainParts = {
  store: AuditStore;
  findings: Findings;
  log: PublisherLog | undefined;
  pins: Pins;
  /** Undefined when no endpoint was given. */
  openChain: ((log: PublisherLog) => AuditChain) | undefined;
  /** How many anchors the record has by now, where it has gone on since it was copied. */
  anchorsNow: () => Promise<number>;
  /** Whether the record is a copy that the log may have gone on without. */
  mayBeOlder: boolean;
};

/** `asked`: how many anchors, and how many the log has that a copy does not. */
export type ChainSeen =
  | { outcome: "asked"; anchors: number; later: number }
  | { outcome: "not asked" }
  | { outcome: "unavailable"; detail: string };

/** Holds the record's anchors against the chain: what was rewritten with all its hashes shows only there. */
export async function auditChain(parts: ChainParts): Promise<ChainSeen> {
  const { findings, log, pins, openChain } = parts;
  if (!log) return { outcome: "not asked" };
  const row = { chain: String(log.chainId), log: toHex(log.log) };
  const pinned = pinFailure(pins, { ...log, ...NO_ANCHOR });
  if (pinned) report(findings, "facts", row, pinned);
  if (!openChain || pinned) return { outcome: "not asked" };
  try {
    const chain = openChain(log);
    const failure = await chain.placeFailure();
    if (failure) {
      report(findings, "chain", row, failure);
      return { outcome: "asked", anchors: 0, later: 0 };
    }
    return await askAnchors(parts, log, chain);
  } catch (error) {
    if (!(error instanceof ChainUnavailableError)) throw error;
    return { outcome: "unavailable", detail: error.message };
  }
}

const NO_ANCHOR = {
  index: 0n,
  root: new Uint8Array(32),
  size: 0n,
  transactionHash: new Uint8Array(32),
  blockNumber: 0n,
  blockHash: new Uint8Array(32),
  blockTime: 0n,
};

type Asked = { anchor: number; failure?: { failure: string; detail: string } };

async function askAnchors(parts: ChainParts, log: PublisherLog, chain: AuditChain): Promise<ChainSeen> {
  const { store, findings, anchorsNow, mayBeOlder } = parts;
  let anchors = 0;
  let marked = false;
  let waiting: Promise<Asked>[] = [];
  const settle = async () => {
    for (const { anchor, failure } of await Promise.all(waiting)) {
      anchors += 1;
      if (!failure || (marked && failure.failure === "LOG_MARKED")) continue;
      marked ||= failure.failure === "LOG_MARKED";
      const row: RowName = failure.failure === "LOG_MARKED" ? { log: toHex(log.log) } : { anchor };
      report(findings, failure.failure === "LOG_MARKED" ? "chain" : "anchors", row, failure);
    }
    waiting = [];
  };
  let last = 0;
  for await (const { key } of each((after: number) => store.anchors(after, PAGE), 0)) {
    last = key;
    waiting.push(askAnchor(store, log, chain, key));
    if (waiting.length === PAGE) await settle();
  }
  await settle();
  const count = await chain.count();
  // An anchor is stored before it is sent: what the log has now, the record has by now.
  const stored = count > last ? await anchorsNow() : last;
  if (count > stored && !mayBeOlder) {
    const problem = `the log has ${count} anchors, the record has ${stored}`;
    findings.add({ code: "ANCHOR_NOT_STORED", table: "anchors", row: { anchor: stored + 1 }, problem });
  }
  return { outcome: "asked", anchors, later: Math.max(0, count - last) };
}

async function askAnchor(
  store: AuditStore,
  { chainId, contract, log }: PublisherLog,
  chain: AuditChain,
  anchor: number,
): Promise<Asked> {
  const [entry] = await store.anchors(anchor - 1, 1);
  const progress = (await store.progress(anchor))?.row;
  if (!entry?.row || !progress) return { anchor };
  const { root, size } = entry.row;
  const { transactionHash, blockNumber, blockHash, blockTime } = progress;
  if (progress.state === "confirmed" && transactionHash && blockNumber !== null && blockHash && blockTime !== null) {
    const step = await chain.check({
      chainId,
      contract,
      log,
      index: BigInt(anchor),
      root,
      size: BigInt(size),
      transactionHash,
      blockNumber: BigInt(blockNumber),
      blockHash,
      blockTime: BigInt(blockTime),
    });
    return step.outcome === "failed" ? { anchor, failure: { failure: step.failure, detail: step.detail } } : { anchor };
  }
  // It may be on the chain already without the record knowing that it is final; another root must not be.
  const other = (await chain.roots(anchor)).find((found) => found && !sameBytes(found, root));
  if (!other) return { anchor };
  return { anchor, failure: { failure: "ROOT_MISMATCH", detail: `the contract holds ${toHex(other)} there` } };
}

/** Failures of step 6 that have another name here. */
const RENAMED: Readonly<Record<string, FindingCode>> = { LOG_UNKNOWN: "ROOT_NOT_ON_CHAIN" };

function report(
  findings: Findings,
  table: string,
  row: RowName,
  { failure, detail }: { failure: string; detail: string },
): void {
  const code = RENAMED[failure] ?? failure;
  if (!isCode(code)) throw new Error(`step 6 fails with ${code}, which the audit has no code for`);
  findings.add({ code, table, row, problem: detail });
}

function isCode(code: string): code is FindingCode {
  return Object.hasOwn(FINDINGS, code);
}
