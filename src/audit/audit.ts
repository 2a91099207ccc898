import type { KeyObject } from "node:crypto";
import { fromHex, utf8 } from "../core/bytes.ts";
import type { Pins } from "../core/policy.ts";
import { SealBrokenError, unseal } from "../ledger/seal.ts";
import { type AnchorsSeen, auditAnchors, throughsOf } from "./anchors.ts";
import { type AuditChain, auditChain, type ChainSeen } from "./chain.ts";
import { auditCheckpoints, type CheckpointsSeen } from "./checkpoints.ts";
import { auditCounts, auditIndexes } from "./counts.ts";
import { type LedgersSeen, nothingSeen } from "./deltas-seen.ts";
import { collectFindings, type Finding } from "./findings.ts";
import { auditTenants, type Namespaces } from "./keys.ts";
import type { LedgerParts } from "./ledger-watch.ts";
import { auditLedgers } from "./ledgers.ts";
import { type AuditStore, FileDamagedError } from "./port.ts";
import type { PublisherLog, ReadAppend } from "./transactions.ts";

/** Sentences of the engine about its own file that are listed. */
const MOST_FILE_PROBLEMS = 20;

export type AuditParts = {
  store: AuditStore;
  /** Undefined to leave contents, and whose ledger is whose, unchecked. */
  master: KeyObject | undefined;
  readAppend: ReadAppend;
  pins?: Pins;
  openChain?: ((log: PublisherLog) => AuditChain) | undefined;
  /** How many anchors the record has by now; the copy's own where it does not go on. */
  anchorsNow?: (() => Promise<number>) | undefined;
  /** Whether the record is a copy that the log may have gone on without. */
  mayBeOlder?: boolean;
  /** Does what `auditLedgers` does, in another way; undefined to do it here. */
  auditLedgers?: ((parts: LedgerParts) => Promise<LedgersSeen>) | undefined;
  /** Unix milliseconds. */
  clock: () => number;
  onProgress?: ((stage: Stage, done: number, total: number) => void | Promise<void>) | undefined;
};

export const STAGES = ["tenants", "ledgers", "checkpoints", "anchors", "counts", "indexes", "file", "chain"] as const;
export type Stage = (typeof STAGES)[number];

export type AuditReport = {
  /** Nothing was found in what was looked at; whether the chain was among it says `chain`. */
  clean: boolean;
  /** In the order of the stages, and within each in the order of the rows: at most `MOST_LISTED`. */
  findings: readonly Finding[];
  findingCount: number;
  checked: {
    ledgers: number;
    deltas: number;
    contents: LedgersSeen["contents"];
    heads: number;
    checkpoints: number;
    batches: number;
    anchors: number;
    leaves: number;
    transactions: number;
    /** Rows from before there were digests: nothing binds some of their columns. */
    withoutDigest: number;
  };
  chain: ChainSeen;
  milliseconds: Record<Stage, number>;
};

/** The master key is not the one that the record was sealed with. */
export class MasterKeyError extends Error {
  override readonly name = "MasterKeyError";
}

/**
 * Derives a whole record anew, by a path that believes no stored hash, and names every row that is not what it must be.
 *
 * It takes what is stored as fields (amounts, times, sealed contents), computes what follows from them (commitments, fingerprints,
 * balances, trees, heads, checkpoints, anchors), and compares. Where fields and hashes were rewritten together, only the chain shows it.
 *
 * @throws MasterKeyError
 */
export async function auditRecord(parts: AuditParts): Promise<AuditReport> {
  const { store, master, clock, onProgress } = parts;
  const findings = collectFindings();
  const milliseconds = Object.fromEntries(STAGES.map((stage) => [stage, 0])) as Record<Stage, number>;
  const facts = await store.facts();
  if (master) expectMasterKey(facts, master);
  /** Runs a stage. @returns undefined when the file is too damaged for it; the others go on. */
  async function run<T>(stage: Stage, work: () => Promise<T>): Promise<T | undefined> {
    const started = clock();
    await onProgress?.(stage, 0, 0);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FileDamagedError)) throw error;
      findings.add({ code: "FILE_DAMAGED", table: stage, row: {}, problem: error.message });
      return undefined;
    } finally {
      milliseconds[stage] += clock() - started;
    }
  }

  const log = await run("tenants", async () => logOf(facts));
  const { last } = (await run("tenants", () => store.arrivals())) ?? { last: 0 };
  const namespaces: Namespaces = (await run("tenants", () => auditTenants({ store, master, findings }))) ?? new Map();
  const seen = await run("ledgers", async () =>
    (parts.auditLedgers ?? auditLedgers)({
      store,
      master,
      findings,
      namespaces,
      throughs: await throughsOf(store),
      indexedThrough: {
        fingerprint_index: await store.indexedThrough("fingerprint_index"),
        request_index: await store.indexedThrough("request_index"),
      },
      onProgress: (deltas) => onProgress?.("ledgers", deltas, last),
    }),
  );
  const checkpoints = await run("checkpoints", () => auditCheckpoints({ store, findings }));
  const anchors = await run("anchors", () =>
    auditAnchors({
      store,
      findings,
      last: { arrival: last, checkpoint: checkpoints?.checkpoints ?? 0 },
      log,
      readAppend: parts.readAppend,
    }),
  );
  // What cannot be read, or does not belong anywhere, was reported; counting it again would say nothing new.
  if (seen && anchors && findings.count === 0 && seen.heads !== anchors.heads) {
    const problem = `it finds ${seen.heads} heads, there are ${anchors.heads}`;
    findings.add({ code: "INDEX_WRONG", table: "anchor_leaves_by_ledger", row: {}, problem });
  }
  if (seen) {
    await run("counts", () => auditCounts({ store, findings, seen }));
    await run("indexes", () => auditIndexes({ store, findings, seen }));
  }
  for (const odd of (await run("file", () => store.oddRows(MOST_FILE_PROBLEMS))) ?? []) {
    const problem = "a byte of it was changed that no query shows";
    findings.add({ code: "ROW_DAMAGED", ...odd, problem });
  }
  for (const problem of (await run("file", () => store.fileProblems(MOST_FILE_PROBLEMS))) ?? [])
    findings.add({ code: "FILE_DAMAGED", table: "file", row: {}, problem });
  const chain = await run("chain", () =>
    auditChain({
      store,
      findings,
      log,
      pins: parts.pins ?? {},
      openChain: parts.openChain,
      anchorsNow: parts.anchorsNow ?? (async () => anchors?.anchors ?? 0),
      mayBeOlder: parts.mayBeOlder ?? false,
    }),
  );
  return {
    clean: findings.count === 0,
    findings: findings.listed,
    findingCount: findings.count,
    checked: checkedOf(seen, checkpoints, anchors),
    chain: chain ?? { outcome: "not asked" },
    milliseconds,
  };
}

function checkedOf(
  seen: LedgersSeen = nothingSeen(),
  { checkpoints, batches, withoutDigest }: CheckpointsSeen = { checkpoints: 0, batches: 0, withoutDigest: 0 },
  anchored: AnchorsSeen = { anchors: 0, heads: 0, leaves: 0, transactions: 0, withoutDigest: 0 },
): AuditReport["checked"] {
  const { ledgers, deltas, contents } = seen;
  const { anchors, heads, leaves, transactions } = anchored;
  return {
    ledgers,
    deltas,
    contents,
    heads,
    checkpoints,
    batches,
    anchors,
    leaves,
    transactions,
    withoutDigest: seen.withoutDigest + withoutDigest + anchored.withoutDigest,
  };
}

const KEY_FACT = "master-key.check";

function expectMasterKey(facts: ReadonlyMap<string, string>, master: KeyObject): void {
  const check = facts.get(KEY_FACT);
  if (check === undefined) return;
  try {
    unseal(master, utf8(KEY_FACT), fromHex(check));
  } catch (error) {
    if (!(error instanceof SealBrokenError || error instanceof RangeError)) throw error;
    throw new MasterKeyError("the master key is not the one that this record was sealed with", { cause: error });
  }
}

/**
 * Where the record says that its anchors are; undefined before it has a place on a chain.
 *
 * @throws FileDamagedError when what it says is no place.
 */
function logOf(facts: ReadonlyMap<string, string>): PublisherLog | undefined {
  const [chainId, contract, log, salt] = ["id", "contract", "log", "logSalt"].map((name) => facts.get(`chain.${name}`));
  if (chainId === undefined || contract === undefined || log === undefined) return undefined;
  try {
    return {
      chainId: BigInt(chainId),
      contract: fromHex(contract.toLowerCase(), 20),
      log: fromHex(log, 32),
      salt: salt === undefined ? undefined : fromHex(salt, 32),
    };
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
    throw new FileDamagedError("the facts about chain, contract and log are none", { cause: error });
  }
}
