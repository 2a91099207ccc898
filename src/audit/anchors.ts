import { concatBytes, sameBytes, toHex } from "../core/bytes.ts";
import { headFingerprint, leafOf } from "../core/fingerprint.ts";
import { appendLeaf, EMPTY_FRONTIER, type Frontier, rootOf } from "../core/tree.ts";
import { each } from "./cursor.ts";
import { digestProblem } from "./delta.ts";
import { exactAmount } from "./exact-amount.ts";
import type { FindingCode, Findings, RowName } from "./findings.ts";
import type { AnchorRow, AuditStore, LeafKey, LeafRow } from "./port.ts";
import { reportRow } from "./row-problem.ts";
import { auditTransactions, type PublisherLog, type ReadAppend } from "./transactions.ts";

/** Rows read at once. */
const PAGE = 1_000;
/** Missing leaves of an anchor that are named one by one. */
const MOST_MISSING = 10;

export type AnchorParts = {
  store: AuditStore;
  findings: Findings;
  /** The highest number of arrival on record, and how many checkpoints there are. */
  last: { arrival: number; checkpoint: number };
  /** Where the record says that its anchors are; undefined when it says nothing. */
  log: PublisherLog | undefined;
  readAppend: ReadAppend;
};

export type AnchorsSeen = {
  anchors: number;
  heads: number;
  leaves: number;
  transactions: number;
  withoutDigest: number;
};

/** What an anchor leaves for the next one to follow. */
type Before = Pick<AnchorRow, "through" | "throughCheckpoint"> & { state: string; blockNumber: number };

/** How far each anchor had looked, from the first; empty from the first that cannot be read. */
export async function throughsOf(store: AuditStore): Promise<number[]> {
  const throughs: number[] = [];
  for await (const { row } of each((after: number) => store.anchors(after, PAGE), 0)) {
    if (row?.id !== throughs.length + 1 || row.through < (throughs.at(-1) ?? 0)) break;
    throughs.push(row.through);
  }
  return throughs;
}

/** Derives every anchor anew from the fields of its leaves' rows, and looks at the transactions that carried it. */
export async function auditAnchors(parts: AnchorParts): Promise<AnchorsSeen> {
  const { store, findings } = parts;
  const seen = { anchors: 0, heads: 0, leaves: 0, transactions: 0, withoutDigest: 0 };
  let before: Before = { through: 0, throughCheckpoint: 0, state: "confirmed", blockNumber: 0 };
  for await (const entry of each((after: number) => store.anchors(after, PAGE), 0)) {
    seen.anchors += 1;
    if (entry.key !== seen.anchors) {
      const problem = `the next that is there is anchor ${entry.key}`;
      findings.add({ code: "ANCHOR_MISSING", table: "anchors", row: { anchor: seen.anchors }, problem });
      seen.anchors = entry.key;
    }
    if (!entry.row) {
      reportRow(findings, "anchors", { anchor: entry.key }, entry);
      continue;
    }
    const { row } = entry;
    if (row.digest === "none") seen.withoutDigest += 1;
    const problem = await anchorProblem(parts, seen, row, before);
    if (problem) findings.add({ ...problem, table: "anchors", row: { anchor: row.id } });
    before = { ...row, ...(await auditTransactions(parts, seen, row, before)) };
  }
  for (const { table, anchor } of await store.strayAnchors(PAGE)) {
    const problem = "its anchor is not there";
    findings.add({ code: "ANCHOR_MISSING", table, row: { anchor }, problem });
  }
  return seen;
}

async function anchorProblem(
  parts: AnchorParts,
  seen: AnchorsSeen,
  row: AnchorRow,
  before: Before,
): Promise<{ code: FindingCode; problem: string } | undefined> {
  const { last } = parts;
  const tree = await auditLeaves(parts, seen, row, before.throughCheckpoint);
  if (tree) {
    if (tree.frontier.count < row.size) await reportMissing(parts, row);
    if (tree.frontier.count !== row.size)
      return { code: "ANCHOR_SIZE_WRONG", problem: `it says ${row.size} leaves, there are ${tree.frontier.count}` };
    if (tree.frontier.count === 0 || !sameBytes(rootOf(tree.frontier), row.root))
      return { code: "ANCHOR_ROOT_WRONG", problem: "the root is not that of its leaves" };
    if (row.throughCheckpoint !== tree.throughCheckpoint)
      return {
        code: "ANCHOR_WRONG",
        problem: `it says that it goes up to checkpoint ${row.throughCheckpoint}, its leaves up to ${tree.throughCheckpoint}`,
      };
  }
  if (row.through < before.through || row.through > last.arrival)
    return {
      code: "ANCHOR_WRONG",
      problem: `it had looked up to arrival ${row.through}, the one before up to ${before.through}, and there are ${last.arrival}`,
    };
  return digestProblem(row);
}

/** @returns the tree of the leaves, undefined when a leaf is not there or wrong: the anchor itself cannot be judged then. */
async function auditLeaves(
  { store, findings }: AnchorParts,
  seen: AnchorsSeen,
  anchor: AnchorRow,
  checkpointsBefore: number,
): Promise<{ frontier: Frontier; throughCheckpoint: number } | undefined> {
  let frontier = EMPTY_FRONTIER;
  let throughCheckpoint = checkpointsBefore;
  let sound = true;
  const wrong = (row: RowName, code: FindingCode, problem: string) => {
    sound = false;
    findings.add({ code, table: "anchor_leaves", row, problem });
  };
  const page = async (after: LeafKey) =>
    // A row that cannot be read ends what can be read of its anchor.
    sound ? (await store.leaves(after, PAGE)).filter(({ key }) => key.anchor === anchor.id) : [];
  for await (const { key, row, ...rest } of each(page, { anchor: anchor.id, position: -1 })) {
    const { position } = key;
    if (!sound) break;
    if (position !== frontier.count && frontier.count === anchor.size) {
      wrong(key, "LEAF_WRONG", `the anchor has only ${anchor.size} leaves`);
      break;
    }
    if (position !== frontier.count) {
      sound = false;
      await reportMissing({ store, findings }, anchor);
      break;
    }
    if (!row) {
      sound = false;
      reportRow(findings, "anchor_leaves", key, rest);
      break;
    }
    seen.leaves += 1;
    if (row.checkpoint === null) seen.heads += 1;
    const ledger = await store.ledger(row.ledger);
    const name = { ...key, ...(ledger && { ledger: toHex(ledger.address) }), count: row.count };
    const problem = await leafProblem(store, row, ledger?.address);
    if (problem) wrong(name, "LEAF_WRONG", problem);
    else if (row.checkpoint !== null) {
      const expected = throughCheckpoint + 1;
      if (row.checkpoint < expected) wrong(name, "HEAD_REPEATED", `checkpoint ${row.checkpoint} was anchored already`);
      if (row.checkpoint > expected) wrong(name, "LEAF_MISSING", `checkpoint ${expected} is left out before it`);
      throughCheckpoint = row.checkpoint;
    }
    const { frontier: next, completed } = appendLeaf(frontier, row.leaf);
    if (sound && !sameBytes(concatBytes(...completed), row.nodes))
      wrong(name, "NODES_WRONG", "the tree nodes stored with it are not those that the leaves so far give");
    frontier = next;
  }
  return sound ? { frontier, throughCheckpoint } : undefined;
}

/** Names the positions of an anchor that no row is at. */
async function reportMissing(
  { store, findings }: Pick<AnchorParts, "store" | "findings">,
  anchor: AnchorRow,
): Promise<void> {
  const there = await store.leafPositions(anchor.id);
  let named = 0;
  for (let position = 0; position < anchor.size && named < MOST_MISSING; position++) {
    if (there.has(position)) continue;
    named += 1;
    const problem = `the anchor has ${anchor.size} leaves`;
    findings.add({ code: "LEAF_MISSING", table: "anchor_leaves", row: { anchor: anchor.id, position }, problem });
  }
  if (named > 0) return;
  const damaged = await store.unreadableLeaf();
  if (damaged) {
    const problem = "the row cannot be read, and misleads the search for others";
    findings.add({ code: "ROW_DAMAGED", table: "anchor_leaves", row: damaged, problem });
    return;
  }
  const problem = "its leaves are there, but not where the engine looks for them: another row is damaged";
  findings.add({ code: "FILE_DAMAGED", table: "anchor_leaves", row: { anchor: anchor.id }, problem });
}

/** Derives a leaf from its row's fields: from those of a head, or from the checkpoint that it is of. */
async function leafProblem(
  store: AuditStore,
  row: LeafRow,
  address: Uint8Array | undefined,
): Promise<string | undefined> {
  if (!address) return "it is of a ledger that is not there";
  const balance = exactAmount(row.balance);
  if (balance === undefined || row.root.length !== 32) return "its fields are none of a head";
  if (row.checkpoint === null) {
    const leaf = leafOf(headFingerprint({ ledger: address, count: row.count, balance, root: row.root }));
    return sameBytes(leaf, row.leaf) ? undefined : "the leaf is not that of the fields";
  }
  const checkpoint = await store.checkpoint(row.checkpoint);
  if (!checkpoint) return `checkpoint ${row.checkpoint} is not there`;
  const { ledger, count, closingBalance, root, fingerprint } = checkpoint;
  if (ledger !== row.ledger || count !== row.count || closingBalance !== row.balance || !sameBytes(root, row.root))
    return `its fields are not those of checkpoint ${row.checkpoint}`;
  return sameBytes(leafOf(fingerprint), row.leaf) ? undefined : `the leaf is not that of checkpoint ${row.checkpoint}`;
}
