import { invariant } from "../core/errors.ts";
import type { Delta } from "../core/fingerprint.ts";
import { type AnchorReference, type DeltaReceipt, encodeReceipt, type Receipt } from "../core/receipt.ts";
import { inclusionPositions, inclusionProof, type NodeReader, type Position } from "../core/tree.ts";
import { verifyReceipt } from "../core/verify-receipt.ts";
import type { Contents } from "./contents.ts";
import type { AnchorPlace } from "./ports/anchoring.ts";
import type { Anchor, Ledger, LedgerStore, StoredDelta, Tenant } from "./ports/ledgers.ts";
import { standingOf } from "./status.ts";

/** Asked for a receipt of a delta whose anchor is not final yet. */
export type NotYet = { notYet: "QUEUED" | "PROCESSING" | "FAILED" };

/**
 * The receipt of a delta: from the stored rows, and verified (steps 1 to 5) before it is given away. The earliest anchor that
 * covers the delta is used, so a receipt is the same bytes whenever it is asked for.
 *
 * @param open whose content to show, for those who may see it; a blind receipt without.
 * @throws Error (our bug, or a damaged record) when the receipt does not verify.
 */
export async function receiptOf(
  { store, place, open }: { store: LedgerStore; place: AnchorPlace; open?: { contents: Contents; tenant: Tenant } },
  delta: StoredDelta,
): Promise<DeltaReceipt | NotYet> {
  const { ledger, sequence } = delta;
  const { status, head, anchor } = await standingOf(store, ledger, sequence);
  if (status !== "VERIFIED") return { notYet: status };
  invariant(head !== undefined && anchor !== undefined, "a verified delta is in an anchor");
  const content = open && (await open.contents.contentOf(delta));
  const receipt: DeltaReceipt = {
    kind: "delta",
    receiptId: delta.fingerprint,
    delta: deltaFieldsOf(delta),
    ...(content && { content, namespace: open.tenant.namespace }),
    ledgerProof: await ledgerProofOf(store, ledger, sequence, head.count),
    head: { ledger: ledger.address, count: head.count, balance: head.balance, root: head.root },
    anchorProof: await anchorProofOf(store, anchor, head.position),
    anchor: referenceOf(place, anchor),
  };
  return verified(receipt);
}

/** A receipt is verified before it is given away, from its file as anybody would. */
export function verified<T extends Receipt>(receipt: T): T {
  const { steps } = verifyReceipt(encodeReceipt(receipt));
  const failed = steps.find((step) => step.outcome === "failed");
  invariant(!failed && steps.length === 5, `a receipt verifies before it is sent: ${failed?.detail}`);
  return receipt;
}

/** The fields of a stored delta that its fingerprint is over. */
export function deltaFieldsOf({ ledger, sequence, amount, balance, recordedAt, commitment }: StoredDelta): Delta {
  return { ledger: ledger.address, sequence, amount, balance, recordedAt, commitment };
}

/** The way of a delta into the root of its ledger after `count` deltas. */
export function ledgerProofOf(
  store: LedgerStore,
  ledger: Ledger,
  sequence: number,
  count: number,
): Promise<Uint8Array[]> {
  return proofFrom(sequence - 1, count, (positions) => store.nodes(ledger, positions));
}

/** The way of a leaf into its anchor's root. */
export function anchorProofOf(store: LedgerStore, anchor: Anchor, position: number): Promise<Uint8Array[]> {
  return proofFrom(position, anchor.size, (positions) => store.anchorNodes(anchor.index, positions));
}

export function referenceOf(place: AnchorPlace, anchor: Anchor): AnchorReference {
  const { transactionHash, blockNumber, blockHash, blockTime } = anchor;
  invariant(
    transactionHash !== null && blockNumber !== null && blockHash !== null && blockTime !== null,
    "a confirmed anchor has its block",
  );
  return {
    chainId: BigInt(place.chainId),
    contract: place.contract,
    log: place.log,
    index: BigInt(anchor.index),
    root: anchor.root,
    size: BigInt(anchor.size),
    transactionHash,
    blockNumber: BigInt(blockNumber),
    blockHash,
    blockTime: BigInt(blockTime),
  };
}

async function proofFrom(
  index: number,
  size: number,
  read: (positions: Position[]) => Promise<Uint8Array[]>,
): Promise<Uint8Array[]> {
  const positions = inclusionPositions(index, size);
  const nodes = await read(positions);
  return inclusionProof(index, size, readerOver(positions, nodes));
}

/** A reader over nodes that were read in one go. */
export function readerOver(positions: readonly Position[], nodes: readonly Uint8Array[]): NodeReader {
  const byName = new Map(positions.map((position, i) => [`${position.level}/${position.index}`, nodes[i]!]));
  return ({ level, index }) => {
    const node = byName.get(`${level}/${index}`);
    invariant(node !== undefined, "a proof reads only the nodes that it announced");
    return node;
  };
}
