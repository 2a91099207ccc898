import type { Content } from "../core/content.ts";
import { invariant } from "../core/errors.ts";
import type { Contents } from "./contents.ts";
import { type DeltaProof, proofOfDelta } from "./delta-proof.ts";
import type { CheckpointStore, StoredCheckpoint } from "./ports/checkpoints.ts";
import type { Anchor, LedgerStore, StoredDelta } from "./ports/ledgers.ts";
import type { WebhookEvent, WebhookStore } from "./ports/webhooks.ts";

type Parts = { store: LedgerStore & CheckpointStore & WebhookStore; contents: Contents };

/** An anchor with its block. Block time in Unix seconds. */
export type FinalAnchor = Anchor & {
  transactionHash: Uint8Array;
  blockNumber: number;
  blockHash: Uint8Array;
  blockTime: number;
};

/** What an event is about, as the record has it now. Content and customer are undefined once they were erased. */
export type EventSubject =
  | { kind: "delta"; delta: StoredDelta; content: Content | undefined; proof: DeltaProof; anchor: FinalAnchor }
  | { kind: "checkpoint"; checkpoint: StoredCheckpoint; customerId: string | undefined; anchor: FinalAnchor }
  | { kind: "anchor"; anchor: FinalAnchor }
  | { kind: "halt" };

/**
 * What an event is about. Looked up when the event is sent, so nothing private is stored with it, and what was erased in between is
 * not told.
 *
 * @returns undefined while it is not so: the block of its anchor was reorganised away, and the anchor is being put back.
 */
export async function subjectOf({ store, contents }: Parts, event: WebhookEvent): Promise<EventSubject | undefined> {
  if (event.event === "anchoring.halted") return { kind: "halt" };
  invariant(event.anchor !== null, `an event ${event.event} is of an anchor`);
  const anchor = finalAnchor(await store.anchor(event.anchor));
  if (!anchor) return undefined;
  if (event.event === "anchor.confirmed") return { kind: "anchor", anchor };
  if (event.event === "checkpoint.verified") {
    const checkpoint = await store.checkpointById(event.reference);
    return { kind: "checkpoint", checkpoint, customerId: await contents.customerIdOf(checkpoint.ledger), anchor };
  }
  invariant(event.event === "delta.verified", `nothing makes an event ${event.event}`);
  const ledger = await store.ledgerById(event.subject);
  const delta = await store.delta(ledger, event.reference);
  const head = await store.headIn(ledger.id, event.anchor);
  invariant(delta !== undefined && head !== undefined, "a delta that was anchored is stored, and its head too");
  return {
    kind: "delta",
    delta,
    content: await contents.contentOf(delta),
    proof: await proofOfDelta(store, delta, head.count),
    anchor,
  };
}

function finalAnchor(anchor: Anchor | undefined): FinalAnchor | undefined {
  if (anchor?.state !== "confirmed") return undefined;
  const { transactionHash, blockNumber, blockHash, blockTime } = anchor;
  invariant(
    transactionHash !== null && blockNumber !== null && blockHash !== null && blockTime !== null,
    "a confirmed anchor has its block",
  );
  return { ...anchor, transactionHash, blockNumber, blockHash, blockTime };
}
