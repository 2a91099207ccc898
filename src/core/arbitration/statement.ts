import { sameBytes } from "../bytes.ts";
import type { Consistency } from "../consistency.ts";
import {
  type Checkpoint,
  checkpointFingerprint,
  type Delta,
  deltaFingerprint,
  type Head,
  headFingerprint,
  leafOf,
} from "../fingerprint.ts";
import { verifyInclusion } from "../proof.ts";
import type { AnchorReference, CheckpointReceipt, DeltaReceipt, Receipt } from "../receipt.ts";
import type { StepFailure } from "../step-failures.ts";
import type { Unjudged } from "./unjudged.ts";
import { windowTree } from "./window-tree.ts";

/** Where statements are anchored. The contract judges statements of one log only. */
export type Place = Pick<AnchorReference, "chainId" | "contract" | "log">;

type Anchored = {
  /** The name of the file that it was taken from. */
  source: string;
  /** The anchor that holds it, and that anchor's root: the file's word until the contract is asked. */
  index: bigint;
  anchoredRoot: Uint8Array;
  anchorProof: readonly Uint8Array[];
};
export type HeadStatement = Anchored & { kind: "head"; head: Head };
export type CheckpointStatement = Anchored & { kind: "checkpoint"; checkpoint: Checkpoint };

/** A delta with its two hops: into a head or a checkpoint that covers it, and with that into an anchor. */
export type ProvenDelta = {
  delta: Delta;
  through: HeadStatement | CheckpointStatement;
  /** The siblings up to the root of `through`; a call, because a listed window can prove a hundred thousand deltas. */
  proof: () => readonly Uint8Array[];
};

/** Part of a file that is no evidence, and why: what a proof does not lead from was never anchored. */
export type LeftOut = { source: string; what: string; failure: StepFailure; detail: string };

/** What files say, taken apart into statements that the contract can look at one by one. */
export type Statements = {
  heads: HeadStatement[];
  checkpoints: CheckpointStatement[];
  deltas: ProvenDelta[];
  /** Contradictions within one statement and what is proven to be in it, that no function of the contract takes. */
  unjudged: Unjudged[];
  leftOut: LeftOut[];
};

export function noStatements(): Statements {
  return { heads: [], checkpoints: [], deltas: [], unjudged: [], leftOut: [] };
}

/**
 * Adds the statements of one receipt.
 *
 * Only what the contract needs is checked: fingerprints, proofs and what a statement covers. Sums and balances are not: a receipt
 * that contradicts itself is refused by a verifier, and is just what evidence is made of.
 */
export function addReceipt(to: Statements, source: string, receipt: Receipt): void {
  if (receipt.kind === "delta") addDeltaReceipt(to, source, receipt);
  else addCheckpointReceipt(to, source, receipt);
}

function addDeltaReceipt(to: Statements, source: string, receipt: DeltaReceipt): void {
  const { delta, head, ledgerProof } = receipt;
  const statement = addHead(to, source, head, receipt);
  if (!statement) return;
  if (!sameBytes(deltaFingerprint(delta), receipt.receiptId)) {
    const detail = "the fields of the delta do not give its receiptId";
    to.leftOut.push({ source, what: `delta ${delta.sequence}`, failure: "FINGERPRINT_MISMATCH", detail });
    return;
  }
  addDelta(to, delta, statement, ledgerProof);
}

function addCheckpointReceipt(to: Statements, source: string, receipt: CheckpointReceipt): void {
  const { checkpoint, receiptId, deltas } = receipt;
  if (!sameBytes(checkpointFingerprint(checkpoint), receiptId)) {
    const detail = "the fields of the checkpoint do not give its receiptId";
    to.leftOut.push({ source, what: "the checkpoint", failure: "FINGERPRINT_MISMATCH", detail });
    return;
  }
  const statement = addCheckpoint(to, source, checkpoint, receipt);
  if (statement && deltas) addWindow(to, statement, deltas);
}

/** Adds the statements of both sides of a consistency file: heads, checkpoints, and the last delta of each window in both. */
export function addConsistency(to: Statements, source: string, { earlier, later }: Consistency): void {
  for (const side of [earlier, later]) {
    const head = addHead(to, source, side.head, side);
    if (!side.statement) continue;
    const { checkpoint, edge } = side.statement;
    const window = addCheckpoint(to, source, checkpoint, side.statement);
    if (edge && head) addDelta(to, edge.delta, head, edge.ledgerProof);
    if (edge && window) addDelta(to, edge.delta, window, edge.windowProof);
  }
}

/** Where a statement is anchored, as files have it. */
type AnchoredIn = { anchorProof: readonly Uint8Array[]; anchor: AnchorReference };

/** Adds a head if its proof leads to the anchored root. */
function addHead(
  to: Statements,
  source: string,
  head: Head,
  { anchorProof, anchor }: AnchoredIn,
): HeadStatement | undefined {
  if (!verifyInclusion(leafOf(headFingerprint(head)), anchorProof, anchor.root)) {
    to.leftOut.push({ source, what: `the head of ${head.count}`, ...NOT_ANCHORED });
    return undefined;
  }
  const statement = { kind: "head", source, head, ...placed(anchorProof, anchor) } as const;
  to.heads.push(statement);
  return statement;
}

/** Adds a checkpoint if its proof leads to the anchored root. */
function addCheckpoint(
  to: Statements,
  source: string,
  checkpoint: Checkpoint,
  { anchorProof, anchor }: AnchoredIn,
): CheckpointStatement | undefined {
  if (!verifyInclusion(leafOf(checkpointFingerprint(checkpoint)), anchorProof, anchor.root)) {
    to.leftOut.push({ source, what: "the checkpoint", ...NOT_ANCHORED });
    return undefined;
  }
  const statement = { kind: "checkpoint", source, checkpoint, ...placed(anchorProof, anchor) } as const;
  to.checkpoints.push(statement);
  return statement;
}

const NOT_ANCHORED = {
  failure: "ANCHOR_PROOF_INVALID",
  detail: "the proof does not lead to the anchored root",
} as const;

function placed(anchorProof: readonly Uint8Array[], { index, root }: AnchorReference) {
  return { index, anchoredRoot: root, anchorProof };
}

/** Adds a delta if its proof leads to the statement's root. */
function addDelta(
  to: Statements,
  delta: Delta,
  through: HeadStatement | CheckpointStatement,
  proof: readonly Uint8Array[],
): void {
  const { source, kind } = through;
  const root = kind === "head" ? through.head.root : through.checkpoint.root;
  if (verifyInclusion(leafOf(deltaFingerprint(delta)), proof, root)) {
    addIncluded(to, { delta, through, proof: () => proof });
    return;
  }
  const failure = kind === "head" ? "LEDGER_PROOF_INVALID" : "WINDOW_PROOF_INVALID";
  const detail = `the proof does not lead from the delta to the root of the ${kind}`;
  to.leftOut.push({ source, what: `delta ${delta.sequence}`, failure, detail });
}

/** Adds the deltas that a checkpoint's receipt lists, if they are the ones that its root is over. */
function addWindow(to: Statements, through: CheckpointStatement, deltas: readonly Delta[]): void {
  const { source, checkpoint } = through;
  const tree = windowTree(deltas.map((delta) => leafOf(deltaFingerprint(delta))));
  if (!sameBytes(tree.root, checkpoint.root)) {
    const detail = "the checkpoint's root is not that of the deltas that the file lists";
    to.leftOut.push({ source, what: "the listed deltas", failure: "WINDOW_PROOF_INVALID", detail });
    return;
  }
  for (const [i, delta] of deltas.entries()) addIncluded(to, { delta, through, proof: () => tree.proof(i) });
  const { ledger } = checkpoint;
  const [first, count] = [BigInt(checkpoint.firstSequence), BigInt(checkpoint.count)];
  if (BigInt(deltas.length) !== count) {
    const detail = `the checkpoint states ${count} deltas, its root is over ${deltas.length}`;
    to.unjudged.push({ name: "DELTAS_MISCOUNTED", ledger, sequence: first, detail, sources: [source] });
    return;
  }
  const sequences = new Set(deltas.map((delta) => BigInt(delta.sequence)));
  const missing = deltas.findIndex((_, i) => !sequences.has(first + BigInt(i)));
  if (missing < 0) return;
  const detail = `delta ${first + BigInt(missing)} is counted by the checkpoint and is not under its root`;
  const sequence = first + BigInt(missing);
  to.unjudged.push({ name: "SEQUENCE_MISSING", ledger, sequence, detail, sources: [source] });
}

/** A delta that is under the root of its statement is evidence for the contract if the statement covers it, and odd if not. */
function addIncluded(to: Statements, proven: ProvenDelta): void {
  const { delta, through } = proven;
  if (covers(through, delta)) {
    to.deltas.push(proven);
    return;
  }
  to.unjudged.push({
    name: "DELTA_NOT_COVERED",
    ledger: delta.ledger,
    sequence: BigInt(delta.sequence),
    detail: `delta ${delta.sequence} is under the root of a ${through.kind} that does not cover it`,
    sources: [through.source],
  });
}

/** Whether a statement speaks for a delta: the same ledger, and a sequence that it counts. As the contract decides it. */
function covers(through: HeadStatement | CheckpointStatement, delta: Delta): boolean {
  const stated = through.kind === "head" ? through.head : through.checkpoint;
  const first = through.kind === "head" ? 1n : BigInt(through.checkpoint.firstSequence);
  const sequence = BigInt(delta.sequence);
  return (
    sameBytes(stated.ledger, delta.ledger) &&
    sequence > 0n &&
    sequence >= first &&
    sequence < first + BigInt(stated.count)
  );
}
