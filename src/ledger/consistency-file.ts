import { compareBytes } from "../core/bytes.ts";
import { type Consistency, type ConsistencySide, encodeConsistency, type SideStatement } from "../core/consistency.ts";
import { invariant } from "../core/errors.ts";
import { type Delta, leafOf } from "../core/fingerprint.ts";
import { appendLeaf, EMPTY_FRONTIER, HASH_BYTES } from "../core/tree.ts";
import { verifyConsistencyFile } from "../core/verify-consistency.ts";
import { proveConsistency } from "./consistency.ts";
import { openPause } from "./in-steps.ts";
import type { AnchorPlace } from "./ports/anchoring.ts";
import type { CheckpointStore, StoredCheckpoint } from "./ports/checkpoints.ts";
import type { AnchoredHead, Ledger, LedgerStore, StoredDelta } from "./ports/ledgers.ts";
import { anchorProofOf, deltaFieldsOf, ledgerProofOf, type NotYet, referenceOf } from "./receipts.ts";
import { type Standing, standingOf, standingOfCheckpoint } from "./status.ts";

type Parts = { store: LedgerStore & CheckpointStore; place: AnchorPlace };

/** What a state of a ledger is named by: a delta in it, or a checkpoint over a window. */
export type Named =
  | { kind: "delta"; delta: StoredDelta }
  | { kind: "checkpoint"; checkpoint: StoredCheckpoint & { kind: "window" } };

/** Fingerprints read and hashed in one go: about a millisecond. */
const STEP = 250;
/** Window proofs kept in memory: some hundred bytes each, and the longest of them cost a second. */
const MOST_PROOFS = 1_000;

/** The sequence that a state must at least have taken in. Of an empty window before the first delta it is 0. */
function sequenceOf(named: Named): number {
  if (named.kind === "delta") return named.delta.sequence;
  return named.checkpoint.firstSequence + named.checkpoint.count - 1;
}

function fingerprintOf(named: Named): Uint8Array {
  return named.kind === "delta" ? named.delta.fingerprint : named.checkpoint.fingerprint;
}

/** One side as far as it can be told without hashing: where its head is anchored, and its checkpoint if it has one. */
type Placed = { named: Named; ledger: Ledger; head: AnchoredHead; standing: Required<Standing> };

/**
 * The consistency file of two states of one ledger, whichever of them is the earlier; verified (steps 1 to 5) before it is given away.
 *
 * The head of a state is the earliest anchored one that covers it, so the file is the same bytes whenever it is asked for.
 *
 * @param states of one ledger.
 * @returns how far the first of them is that is not VERIFIED yet, with its place among the two.
 * @throws Error (our bug, or a damaged record) when the file does not verify.
 */
export async function consistencyOf(
  parts: Parts,
  states: readonly [Named, Named],
): Promise<Consistency | (NotYet & { which: 0 | 1 })> {
  const placed: Placed[] = [];
  for (const which of [0, 1] as const) {
    const side = await placedOf(parts, states[which]);
    if ("notYet" in side) return { ...side, which };
    placed.push(side);
  }
  const [earlier, later] = placed.sort(inOrder) as [Placed, Placed];
  invariant(earlier.ledger.id === later.ledger.id, "consistency is asked about one ledger");
  const { proof } = await proveConsistency(parts.store, earlier.ledger, earlier.head.count, later.head.count);
  const consistency: Consistency = {
    ledger: earlier.ledger.address,
    earlier: await sideOf(parts, earlier),
    later: await sideOf(parts, later),
    proof,
  };
  const { steps } = verifyConsistencyFile(encodeConsistency(consistency));
  const failed = steps.find((step) => step.outcome === "failed");
  invariant(!failed && steps.length === 5, `a consistency file verifies before it is sent: ${failed?.detail}`);
  return consistency;
}

/** By the ledger's state; two names of one state in an order that does not depend on who asked for which first. */
function inOrder(a: Placed, b: Placed): number {
  return (
    a.head.count - b.head.count ||
    sequenceOf(a.named) - sequenceOf(b.named) ||
    compareBytes(fingerprintOf(a.named), fingerprintOf(b.named))
  );
}

async function placedOf({ store }: Parts, named: Named): Promise<Placed | NotYet> {
  if (named.kind === "checkpoint") {
    const { status } = await standingOfCheckpoint(store, named.checkpoint);
    if (status !== "VERIFIED") return { notYet: status };
  }
  const { ledger } = named.kind === "delta" ? named.delta : named.checkpoint;
  const standing = await standingOf(store, ledger, Math.max(1, sequenceOf(named)));
  if (standing.status !== "VERIFIED") return { notYet: standing.status };
  const { status, head, anchor } = standing;
  invariant(head !== undefined && anchor !== undefined, "a verified delta is in an anchor");
  return { named, ledger, head, standing: { status, head, anchor } };
}

async function sideOf(parts: Parts, { named, ledger, head, standing }: Placed): Promise<ConsistencySide> {
  return {
    head: { ledger: ledger.address, count: head.count, balance: head.balance, root: head.root },
    anchorProof: await anchorProofOf(parts.store, standing.anchor, head.position),
    anchor: referenceOf(parts.place, standing.anchor),
    ...(named.kind === "checkpoint" && { statement: await statementOf(parts, named.checkpoint, head) }),
  };
}

async function statementOf(
  { store, place }: Parts,
  checkpoint: StoredCheckpoint,
  head: AnchoredHead,
): Promise<SideStatement> {
  const { ledger, from, to, firstSequence, count, openingBalance, closingBalance, root } = checkpoint;
  const { anchor, position } = await standingOfCheckpoint(store, checkpoint);
  invariant(anchor !== undefined && position !== undefined, "a verified checkpoint is in an anchor");
  return {
    checkpoint: { ledger: ledger.address, from, to, firstSequence, count, openingBalance, closingBalance, root },
    anchorProof: await anchorProofOf(store, anchor, position),
    anchor: referenceOf(place, anchor),
    ...(count > 0 && {
      edge: {
        delta: await edgeOf(store, checkpoint),
        windowProof: await edgeProof(store, checkpoint),
        ledgerProof: await ledgerProofOf(store, ledger, firstSequence + count - 1, head.count),
      },
    }),
  };
}

async function edgeOf(store: LedgerStore, { ledger, firstSequence, count }: StoredCheckpoint): Promise<Delta> {
  const delta = await store.delta(ledger, firstSequence + count - 1);
  invariant(delta !== undefined, "the last delta of a window is on record");
  return deltaFieldsOf(delta);
}

const proofs = new WeakMap<object, Map<number, Promise<Uint8Array[]>>>();

/** The proof of a window's last delta in the window's root. A checkpoint never changes, so it is made once. */
function edgeProof(store: LedgerStore, checkpoint: StoredCheckpoint): Promise<Uint8Array[]> {
  const known = proofs.get(store) ?? new Map<number, Promise<Uint8Array[]>>();
  proofs.set(store, known);
  const proof = known.get(checkpoint.id) ?? makeEdgeProof(store, checkpoint);
  // Latest used last; a failure is nobody else's.
  known.delete(checkpoint.id);
  known.set(checkpoint.id, proof);
  if (known.size > MOST_PROOFS) known.delete(known.keys().next().value!);
  proof.catch(() => known.delete(checkpoint.id));
  return proof;
}

/** The siblings of the last leaf are the peaks of the tree before it, the smallest first. */
async function makeEdgeProof(
  store: LedgerStore,
  { ledger, firstSequence, count }: StoredCheckpoint,
): Promise<Uint8Array[]> {
  const pause = openPause();
  let tree = EMPTY_FRONTIER;
  for (let before = 0; before < count - 1; before += STEP) {
    const fingerprints = await store.fingerprints(ledger, firstSequence + before, Math.min(STEP, count - 1 - before));
    for (let at = 0; at < fingerprints.length; at += HASH_BYTES)
      tree = appendLeaf(tree, leafOf(fingerprints.subarray(at, at + HASH_BYTES))).frontier;
    await pause();
  }
  invariant(tree.count === count - 1, "every delta of the window is in its root");
  return tree.peaks.toReversed();
}
