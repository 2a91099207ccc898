import { checksumAddress } from "../core/address.ts";
import { toHex } from "../core/bytes.ts";
import { recordIdOf } from "../core/record-id.ts";
import type { AnchorPlace } from "../ledger/ports/anchoring.ts";
import type { EventSubject, FinalAnchor } from "../ledger/webhook-subject.ts";
import { isoText } from "../wire/fields.ts";
import { exactNumber } from "../wire/json.ts";
import type { WebhookBody } from "../wire/webhook.ts";

/** Where the links in a body lead, and where its anchors are. */
export type BodyParts = {
  place: AnchorPlace;
  publicUrl: () => string;
  /** Why anchoring halted last, as a code, and what the operator does about it: nothing of whose record it was. */
  halt: () => Promise<{ reason: string; next: string } | undefined>;
};

/** Who is told what, and when it happened in Unix milliseconds. */
export type Envelope = { eventId: string; event: WebhookBody["event"]; tenantName: string; createdAt: number };

/** The text that is signed and sent: the same event has the same text on each attempt, unless content was erased in between. */
export function bodyText({ eventId, event, tenantName, createdAt }: Envelope, data: WebhookBody["data"]): string {
  const time = isoText(createdAt);
  return JSON.stringify({
    id: eventId,
    event,
    tenantId: tenantName,
    createdAt: time,
    timestamp: time,
    data,
  } satisfies WebhookBody);
}

export async function dataOf(parts: BodyParts, subject: EventSubject, createdAt: number): Promise<WebhookBody["data"]> {
  switch (subject.kind) {
    case "delta":
      return deltaData(subject);
    case "checkpoint":
      return checkpointData(parts, subject);
    case "anchor":
      return anchorData(parts, subject.anchor);
    case "halt":
      return {
        haltedAt: isoText(createdAt),
        message: "anchoring has stopped until the operator has looked at it; recording goes on",
        ...((await parts.halt()) ?? { reason: null, next: null }),
      };
  }
}

function blockOf({ transactionHash, blockTime }: FinalAnchor) {
  return { verificationReference: toHex(transactionHash), blockTimestamp: isoText(blockTime * 1000) };
}

function deltaData({ delta, content, proof, anchor }: Extract<EventSubject, { kind: "delta" }>) {
  return {
    recordId: recordIdOf(delta.ledger.address, delta.sequence),
    receiptId: toHex(delta.fingerprint),
    ...blockOf(anchor),
    customerId: content?.customerId ?? null,
    delta: exactNumber(delta.amount),
    sequenceNumber: String(delta.sequence),
    referenceId: content?.referenceId ?? null,
    proof,
  };
}

function checkpointData(
  { publicUrl }: BodyParts,
  { checkpoint, customerId, anchor }: Extract<EventSubject, { kind: "checkpoint" }>,
) {
  const proofRoot = toHex(checkpoint.fingerprint);
  return {
    checkpointId: checkpoint.statementId,
    mode: checkpoint.kind,
    proofRoot,
    merkleRoot: toHex(checkpoint.root),
    customerId: customerId ?? null,
    ledgerIdentifier: checksumAddress(checkpoint.ledger.address),
    from: isoText(checkpoint.from),
    to: isoText(checkpoint.to),
    deltasCount: checkpoint.count,
    startingBalance: exactNumber(checkpoint.openingBalance),
    endingBalance: exactNumber(checkpoint.closingBalance),
    netChange: exactNumber(checkpoint.closingBalance - checkpoint.openingBalance),
    ...blockOf(anchor),
    verifyUrl: `${publicUrl()}/verify/${proofRoot}`,
    verificationApiUrl: `${publicUrl()}/api/v1/verify/${proofRoot}`,
  };
}

function anchorData({ place }: BodyParts, anchor: FinalAnchor) {
  return {
    index: anchor.index,
    root: toHex(anchor.root),
    size: anchor.size,
    ...blockOf(anchor),
    blockNumber: anchor.blockNumber,
    blockHash: toHex(anchor.blockHash),
    chainId: place.chainId,
    contract: checksumAddress(place.contract),
    log: toHex(place.log),
  };
}
