import { utf8 } from "#src/core/bytes.ts";
import { EMPTY_ROOT } from "#src/core/checkpoint.ts";
import {
  type Consistency,
  type ConsistencySide,
  encodeConsistency,
  type SideStatement,
  type WindowEdge,
} from "#src/core/consistency.ts";
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
import type { AnchorReference } from "#src/core/receipt.ts";
import { consistencyProof, inclusionProof } from "#src/core/tree.ts";
import { deltasOf, FROM, LEDGER } from "./evidence.ts";
import { type GrownTree, growTree } from "./grown-tree.ts";

export type SideName = "earlier" | "later";

/** A window by its first sequence and number of deltas. */
export type Window = { first: number; count: number };

/** What of an honest file to state otherwise. Everything is changed before it is hashed, proven and anchored. */
export type ConsistencyCheat = {
  delta?: (delta: Delta) => Delta;
  head?: (head: Head, side: SideName) => Head;
  checkpoint?: (checkpoint: Checkpoint, side: SideName) => Checkpoint;
  /** Only the edge that is shown; the trees keep the delta. */
  edge?: (edge: WindowEdge, side: SideName) => WindowEdge;
  anchor?: (anchor: AnchorReference, side: SideName, of: "head" | "checkpoint") => AnchorReference;
};

export type ConsistencyPlan = {
  counts?: Record<SideName, number>;
  windows?: Partial<Record<SideName, Window>>;
  cheat?: ConsistencyCheat;
};

const AMOUNTS = [500n, -42n, -1n, 7n, 13n, -100n, 60n, 8n, -9n, 10n, 11n, -12n, 13n];

const hashOf = (text: string) => keccak(utf8(text));

/** An anchor of some leaves of others and this one, numbered as the others of its log. */
function anchored(leaf: Uint8Array, index: bigint): { anchorProof: Uint8Array[]; anchor: AnchorReference } {
  const others = [1, 2, 3, 4].map((i) => hashOf(`leaf ${i} of anchor ${index}`));
  const tree = growTree([...others.slice(0, 3), leaf, ...others.slice(3)]);
  return {
    anchorProof: inclusionProof(3, 5, tree.read),
    anchor: {
      chainId: 31337n,
      contract: new Uint8Array(20).fill(0xab),
      log: hashOf("log"),
      index,
      root: tree.roots[4]!,
      size: 5n,
      transactionHash: hashOf(`transaction ${index}`),
      blockNumber: 50n + index,
      blockHash: hashOf(`block ${index}`),
      blockTime: 1_767_225_700n + index,
    },
  };
}

function statementOf(deltas: Delta[], tree: GrownTree, plan: Required<ConsistencyPlan>, side: SideName): SideStatement {
  const { first, count } = plan.windows[side]!;
  const last = first - 1 + count;
  const within = deltas.slice(first - 1, last);
  const windowTree = treeOver(within);
  const openingBalance = deltas[first - 2]?.balance ?? 0n;
  const honest: Checkpoint = {
    ledger: LEDGER,
    from: BigInt(FROM + (first - 1) * 1000),
    to: BigInt(FROM + last * 1000),
    firstSequence: BigInt(first),
    count: BigInt(count),
    openingBalance,
    closingBalance: within.at(-1)?.balance ?? openingBalance,
    root: windowTree.roots.at(-1) ?? EMPTY_ROOT,
  };
  const checkpoint = plan.cheat.checkpoint?.(honest, side) ?? honest;
  const { anchorProof, anchor } = anchored(leafOf(checkpointFingerprint(checkpoint)), side === "earlier" ? 3n : 8n);
  const statement = { checkpoint, anchorProof, anchor: plan.cheat.anchor?.(anchor, side, "checkpoint") ?? anchor };
  const delta = within.at(-1);
  if (!delta) return statement;
  const edge = {
    delta,
    windowProof: inclusionProof(count - 1, count, windowTree.read),
    ledgerProof: inclusionProof(last - 1, Math.max(plan.counts[side], last), tree.read),
  };
  return { ...statement, edge: plan.cheat.edge?.(edge, side) ?? edge };
}

function treeOver(deltas: readonly Delta[]): GrownTree {
  return growTree(deltas.map((delta) => leafOf(deltaFingerprint(delta))));
}

/** That a ledger of twelve deltas extends its earlier self of five, honest unless the plan says otherwise. */
export function consistencyOf({
  counts = { earlier: 5, later: 12 },
  windows = {},
  cheat = {},
}: ConsistencyPlan = {}): Consistency {
  const deltas = deltasOf(AMOUNTS).map((delta) => cheat.delta?.(delta) ?? delta);
  const tree = treeOver(deltas);
  const sideOf = (side: SideName): ConsistencySide => {
    const count = counts[side];
    const root = tree.roots[count - 1]!;
    const honest: Head = { ledger: LEDGER, count: BigInt(count), balance: deltas[count - 1]!.balance, root };
    const head = cheat.head?.(honest, side) ?? honest;
    const { anchorProof, anchor } = anchored(leafOf(headFingerprint(head)), side === "earlier" ? 4n : 9n);
    return {
      head,
      anchorProof,
      anchor: cheat.anchor?.(anchor, side, "head") ?? anchor,
      ...(windows[side] && { statement: statementOf(deltas, tree, { counts, windows, cheat }, side) }),
    };
  };
  const [first, second] = [Math.min(counts.earlier, counts.later), counts.later];
  return {
    ledger: LEDGER,
    earlier: sideOf("earlier"),
    later: sideOf("later"),
    proof: consistencyProof(first, second, tree.read),
  };
}

/** Windows on both sides: deltas 2 to 4 of five, and 6 to 12 of twelve. */
export const WINDOWS: Record<SideName, Window> = { earlier: { first: 2, count: 3 }, later: { first: 6, count: 7 } };

/** A consistency file as a JSON value of its own, free to be tampered with. */
export function consistencyFileOf(plan: ConsistencyPlan = {}): Record<string, unknown> {
  return JSON.parse(JSON.stringify(encodeConsistency(consistencyOf(plan))));
}
