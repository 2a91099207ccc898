import { addReceipt, noStatements, type Place, type Statements } from "#src/core/arbitration/statement.ts";
import { toHex, utf8 } from "#src/core/bytes.ts";
import { EMPTY_ROOT } from "#src/core/checkpoint.ts";
import type { Consistency, ConsistencySide } from "#src/core/consistency.ts";
import {
  type Checkpoint,
  checkpointFingerprint,
  type Delta,
  deltaFingerprint,
  type Head,
  headFingerprint,
  leafOf,
} from "#src/core/fingerprint.ts";
import { keccak } from "#src/core/keccak.ts";
import type { AnchorReference, CheckpointReceipt, DeltaReceipt } from "#src/core/receipt.ts";
import { consistencyProof, inclusionProof } from "#src/core/tree.ts";
import { growTree } from "../grown-tree.ts";

/** A log as its publisher has it: whatever statements it likes, true or not, each with the deltas that are in its tree. */

export type Stated =
  | { kind: "head"; head: Head; deltas: readonly Delta[] }
  | { kind: "checkpoint"; checkpoint: Checkpoint; deltas: readonly Delta[] };
export type StatedHead = Extract<Stated, { kind: "head" }>;
export type StatedCheckpoint = Extract<Stated, { kind: "checkpoint" }>;
/** Made up where nothing was sent to a chain. */
export type InBlock = Pick<AnchorReference, "transactionHash" | "blockNumber" | "blockHash" | "blockTime">;
export type Published = {
  index: bigint;
  root: Uint8Array;
  size: bigint;
  stated: readonly Stated[];
  inBlock: InBlock;
};

export const ALICE = new Uint8Array(20).fill(0xa1);
export const BOB = new Uint8Array(20).fill(0xb0);
export const SOMEWHERE: Place = { chainId: 31337n, contract: new Uint8Array(20).fill(0xab), log: keccak(utf8("log")) };

/** Deltas 1, 2, 3 … of a ledger with exact sums, one second apart. */
export function historyOf(ledger: Uint8Array, amounts: readonly bigint[]): Delta[] {
  let balance = 0n;
  return amounts.map((amount, i) => {
    balance += amount;
    const commitment = keccak(utf8(`${toHex(ledger)} ${i}`));
    return { ledger, sequence: BigInt(i + 1), amount, balance, recordedAt: BigInt(i + 1) * 1000n, commitment };
  });
}

const treeOf = (deltas: readonly Delta[]) => growTree(deltas.map((delta) => leafOf(deltaFingerprint(delta))));
const rootOver = (deltas: readonly Delta[]) => treeOf(deltas).roots.at(-1) ?? EMPTY_ROOT;

/** The true head after these deltas; `lie` replaces fields of it. */
export function headOf(deltas: readonly Delta[], lie: Partial<Head> = {}): StatedHead {
  const { ledger, balance } = deltas.at(-1)!;
  const head = { ledger, count: BigInt(deltas.length), balance, root: rootOver(deltas), ...lie };
  return { kind: "head", head, deltas };
}

/** The true checkpoint over [from, to) of a history; `lie` replaces fields of it. */
export function checkpointOf(
  history: readonly Delta[],
  from: bigint,
  to: bigint,
  lie: Partial<Checkpoint> = {},
): StatedCheckpoint {
  const before = history.filter((delta) => BigInt(delta.recordedAt) < from);
  const deltas = history.filter((delta) => BigInt(delta.recordedAt) >= from && BigInt(delta.recordedAt) < to);
  const openingBalance = before.at(-1)?.balance ?? 0n;
  const checkpoint = {
    ledger: history[0]?.ledger ?? ALICE,
    from,
    to,
    firstSequence: BigInt(before.length + 1),
    count: BigInt(deltas.length),
    openingBalance,
    closingBalance: deltas.at(-1)?.balance ?? openingBalance,
    root: rootOver(deltas),
    ...lie,
  };
  return { kind: "checkpoint", checkpoint, deltas };
}

const leafOfStated = (one: Stated) =>
  leafOf(one.kind === "head" ? headFingerprint(one.head) : checkpointFingerprint(one.checkpoint));

export function publishedAs(index: bigint, stated: readonly Stated[]): Published {
  const root = growTree(stated.map(leafOfStated)).roots.at(-1)!;
  const inBlock = {
    transactionHash: keccak(utf8(`transaction ${index}`)),
    blockNumber: index,
    blockHash: keccak(utf8(`block ${index}`)),
    blockTime: index,
  };
  return { index, root, size: BigInt(stated.length), stated, inBlock };
}

type AnchoredIn = { anchorProof: Uint8Array[]; anchor: AnchorReference };

function anchoredIn({ index, root, size, stated, inBlock }: Published, one: Stated, place: Place): AnchoredIn {
  const tree = growTree(stated.map(leafOfStated));
  const { chainId, contract, log } = place;
  return {
    anchorProof: inclusionProof(stated.indexOf(one), stated.length, tree.read),
    anchor: { chainId, contract, log, index, root, size, ...inBlock },
  };
}

/** The receipt of the delta at a position (from 0) of what is in the head's tree. */
export function deltaReceiptOf(anchor: Published, one: StatedHead, at: number, place = SOMEWHERE): DeltaReceipt {
  const delta = one.deltas[at]!;
  return {
    kind: "delta",
    receiptId: deltaFingerprint(delta),
    delta,
    ledgerProof: inclusionProof(at, one.deltas.length, treeOf(one.deltas).read),
    head: one.head,
    ...anchoredIn(anchor, one, place),
  };
}

/** The receipt of a checkpoint, with its deltas listed or not. */
export function checkpointReceiptOf(
  anchor: Published,
  one: StatedCheckpoint,
  listed: boolean,
  place = SOMEWHERE,
): CheckpointReceipt {
  return {
    kind: "checkpoint",
    receiptId: checkpointFingerprint(one.checkpoint),
    checkpoint: one.checkpoint,
    ...(listed && { deltas: [...one.deltas] }),
    ...anchoredIn(anchor, one, place),
  };
}

/** One side of a consistency file: a head and, with the last delta of its window, a checkpoint. */
export function sideOf(
  anchor: Published,
  head: StatedHead,
  statement?: StatedCheckpoint,
  place = SOMEWHERE,
): ConsistencySide {
  const side = { head: head.head, ...anchoredIn(anchor, head, place) };
  if (!statement) return side;
  const { checkpoint, deltas } = statement;
  const stated = { checkpoint, ...anchoredIn(anchor, statement, place) };
  const delta = deltas.at(-1);
  if (!delta) return { ...side, statement: stated };
  const edge = {
    delta,
    windowProof: inclusionProof(deltas.length - 1, deltas.length, treeOf(deltas).read),
    ledgerProof: inclusionProof(head.deltas.indexOf(delta), head.deltas.length, treeOf(head.deltas).read),
  };
  return { ...side, statement: { ...stated, edge } };
}

/** The consistency file of two heads of one ledger, the second with all deltas of the first. */
export function consistencyOf(earlier: ConsistencySide, later: ConsistencySide, deltas: readonly Delta[]): Consistency {
  const { ledger, count } = earlier.head;
  return { ledger, earlier, later, proof: consistencyProof(Number(count), deltas.length, treeOf(deltas).read) };
}

/** One log with these statements, anchor by anchor, as one would see it who holds the receipt of every delta and checkpoint. */
export function seen(...anchors: readonly Stated[][]): Statements {
  return everythingIn(anchors.map((stated, i) => publishedAs(BigInt(i + 1), stated)));
}

/** Everything that a log's anchors say, as one would have it who holds the receipt of every delta and checkpoint in it. */
export function everythingIn(anchors: readonly Published[], place = SOMEWHERE): Statements {
  const all = noStatements();
  for (const anchor of anchors) {
    for (const one of anchor.stated) {
      const source = `anchor ${anchor.index}`;
      if (one.kind === "checkpoint") addReceipt(all, source, checkpointReceiptOf(anchor, one, true, place));
      else for (const at of one.deltas.keys()) addReceipt(all, source, deltaReceiptOf(anchor, one, at, place));
    }
  }
  return all;
}
