import { compareBytes, type Hex, toHex } from "../bytes.ts";
import { checkpointFingerprint, deltaFingerprint, headFingerprint } from "../fingerprint.ts";
import type { CheckpointStatement, HeadStatement, ProvenDelta, Statements } from "./statement.ts";

/** All statements about one ledger, each thing once, in an order that does not depend on the order of files. */
export type LedgerView = {
  ledger: Uint8Array;
  /** By sequence. */
  deltas: ProvenDelta[];
  /** By anchor, then by count. */
  heads: HeadStatement[];
  /** By first sequence. */
  checkpoints: CheckpointStatement[];
};

/** Groups statements by ledger, ledgers in the order of their addresses. What several files prove is kept once, by the
 * statement that has the shortest way into the log. */
export function ledgerViews({
  heads,
  checkpoints,
  deltas,
}: Pick<Statements, "heads" | "checkpoints" | "deltas">): LedgerView[] {
  const views = new Map<Hex, LedgerView>();
  const viewOf = (ledger: Uint8Array): LedgerView => {
    const key = toHex(ledger);
    const known = views.get(key);
    if (known) return known;
    const view = { ledger, deltas: [], heads: [], checkpoints: [] };
    views.set(key, view);
    return view;
  };
  for (const one of once(deltas, deltaKeys)) viewOf(one.delta.ledger).deltas.push(one);
  for (const one of once(heads, headKeys)) viewOf(one.head.ledger).heads.push(one);
  for (const one of once(checkpoints, checkpointKeys)) viewOf(one.checkpoint.ledger).checkpoints.push(one);
  return [...views.values()].sort((a, b) => compareBytes(a.ledger, b.ledger));
}

/** What a statement is, where it stands among those of its ledger, and how long its way into the log is. */
type Keys = { name: Hex; order: bigint; way: bigint };

function deltaKeys({ delta, through }: ProvenDelta): Keys {
  return { name: toHex(deltaFingerprint(delta)), order: BigInt(delta.sequence), way: wayOf(through) };
}

function headKeys(statement: HeadStatement): Keys {
  // The same head may stand in several anchors: then it is several statements.
  const name: Hex = `${toHex(headFingerprint(statement.head))}${statement.index.toString(16)}`;
  const order = (statement.index << 64n) | BigInt(statement.head.count);
  return { name, order, way: wayOf(statement) };
}

function checkpointKeys(statement: CheckpointStatement): Keys {
  const name = toHex(checkpointFingerprint(statement.checkpoint));
  return { name, order: BigInt(statement.checkpoint.firstSequence), way: wayOf(statement) };
}

/** Fewer siblings first, then the earlier anchor. */
function wayOf({ anchorProof, index }: HeadStatement | CheckpointStatement): bigint {
  return (BigInt(anchorProof.length) << 64n) | index;
}

function once<T>(all: readonly T[], keysOf: (one: T) => Keys): T[] {
  const kept = new Map<Hex, { one: T; keys: Keys }>();
  for (const one of all) {
    const keys = keysOf(one);
    const known = kept.get(keys.name);
    if (!known || keys.way < known.keys.way) kept.set(keys.name, { one, keys });
  }
  return [...kept.values()]
    .sort((a, b) => compare(a.keys.order, b.keys.order) || compare(a.keys.name, b.keys.name))
    .map(({ one }) => one);
}

/** The order of two numbers or two texts, for a sort. */
export function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The deltas with a sequence from `first` to `last`, of deltas that are in order of sequence. */
export function between(deltas: readonly ProvenDelta[], first: bigint, last: bigint): ProvenDelta[] {
  return deltas.slice(countBefore(deltas, first), countBefore(deltas, last + 1n));
}

/** How many deltas have a smaller sequence, of deltas that are in order of sequence. */
export function countBefore(deltas: readonly ProvenDelta[], sequence: bigint): number {
  let [low, high] = [0, deltas.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (BigInt(deltas[middle]!.delta.sequence) < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
