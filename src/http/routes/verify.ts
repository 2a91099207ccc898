import { z } from "zod";
import { checksumAddress } from "../../core/address.ts";
import { formatAmount } from "../../core/amount.ts";
import { toHex } from "../../core/bytes.ts";
import { type AnchorReference, encodeReceipt, type Receipt } from "../../core/receipt.ts";
import { checkpointReceiptOf } from "../../ledger/checkpoint-receipt.ts";
import { openPause } from "../../ledger/in-steps.ts";
import type { StoredCheckpoint } from "../../ledger/ports/checkpoints.ts";
import type { Page, StoredDelta } from "../../ledger/ports/ledgers.ts";
import { anchorProofOf, type NotYet, receiptOf, referenceOf } from "../../ledger/receipts.ts";
import { standingOf, standingOfCheckpoint } from "../../ledger/status.ts";
import { type VerificationView, verificationView, verifyQuery } from "../../wire/evidence.ts";
import { fingerprint, isoText } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";
import { route, type Service } from "../route.ts";
import { findFingerprint } from "./found.ts";

type Proof = NonNullable<VerificationView["verification"]>["proof"];
/** What is anchored, and how it is proven; or that it is not final yet. */
type Evidence = { anchor: AnchorReference; proof: Proof } | NotYet;

export const getVerification = route({
  method: "GET",
  path: "/api/v1/verify/:fingerprint",
  access: "public",
  summary: "Whether a receiptId or a proofRoot is recorded and anchored, and what it covers",
  status: 200,
  params: z.object({ fingerprint }),
  query: verifyQuery,
  data: verificationView,
  codes: ["NOT_FOUND", "SERVICE_UNAVAILABLE"],
  cors: "*",
  async handle(service, { params, query }) {
    const found = await findFingerprint(service, params.fingerprint);
    const page = { limit: query.limit, offset: query.offset };
    const [evidence, facts] =
      found.kind === "delta"
        ? [proven(await receiptOf(service, found.delta)), await factsOfDelta(service, found.delta, page)]
        : [await evidenceOf(service, found.checkpoint), await factsOfCheckpoint(service, found.checkpoint, page)];
    const judged = await judge(service, evidence, query.source);
    const data: VerificationView = {
      verified: judged.verified,
      kind: found.kind,
      ...(found.kind === "delta" ? { receiptId: params.fingerprint } : { proofRoot: params.fingerprint }),
      ...facts,
      message: judged.message,
      proofHash: params.fingerprint,
      verification: "notYet" in evidence ? null : viewVerification(service, params.fingerprint, evidence),
    };
    return { data };
  },
});

type Facts = Pick<
  VerificationView,
  "recordedAt" | "verifiedAt" | "status" | "summary" | "records" | "pagination" | "contentHash"
>;

async function factsOfDelta(service: Service, delta: StoredDelta, page: Page): Promise<Facts> {
  const { status, anchor } = await standingOf(service.store, delta.ledger, delta.sequence);
  const time = isoText(delta.recordedAt);
  return {
    recordedAt: time,
    verifiedAt: status === "VERIFIED" && anchor?.confirmedAt ? isoText(anchor.confirmedAt) : null,
    status,
    summary: {
      recordCount: 1,
      netChange: exactNumber(delta.amount),
      startingBalance: exactNumber(delta.balance - delta.amount),
      endingBalance: exactNumber(delta.balance),
      firstRecordAt: time,
      lastRecordAt: time,
    },
    records: page.offset === 0 ? await viewRecords(service, [delta]) : [],
    pagination: { total: 1, ...page },
    contentHash: toHex(delta.commitment),
  };
}

async function factsOfCheckpoint(service: Service, checkpoint: StoredCheckpoint, page: Page): Promise<Facts> {
  const { store } = service;
  const { count, openingBalance, closingBalance } = checkpoint;
  const { status, anchor } = await standingOfCheckpoint(store, checkpoint);
  const [first] = await deltasOf(service, checkpoint, { offset: 0, limit: 1 });
  const [last] = count > 0 ? await deltasOf(service, checkpoint, { offset: count - 1, limit: 1 }) : [];
  return {
    recordedAt: isoText(checkpoint.createdAt),
    verifiedAt: status === "VERIFIED" && anchor?.confirmedAt ? isoText(anchor.confirmedAt) : null,
    status,
    summary: {
      recordCount: count,
      netChange: exactNumber(closingBalance - openingBalance),
      startingBalance: exactNumber(openingBalance),
      endingBalance: exactNumber(closingBalance),
      firstRecordAt: first ? isoText(first.recordedAt) : null,
      lastRecordAt: last ? isoText(last.recordedAt) : null,
    },
    records: await viewRecords(service, await deltasOf(service, checkpoint, page)),
    pagination: { total: count, ...page },
    contentHash: toHex(checkpoint.root),
  };
}

/** A page of the deltas that a checkpoint is over. */
export async function deltasOf(
  { store }: Pick<Service, "store">,
  checkpoint: StoredCheckpoint,
  { offset, limit }: Page,
): Promise<StoredDelta[]> {
  const { ledger, kind, firstSequence, count } = checkpoint;
  const shown = Math.min(limit, count - offset);
  if (shown <= 0) return [];
  if (kind === "window") return store.deltas(ledger, firstSequence + offset, shown);
  const deltas: StoredDelta[] = [];
  for (const sequence of await store.selectionOf(checkpoint.id, { offset, limit })) {
    deltas.push(...(await store.deltas(ledger, sequence, 1)));
  }
  return deltas;
}

async function viewRecords(
  { store, contents, showsReasons }: Service,
  deltas: readonly StoredDelta[],
): Promise<VerificationView["records"]> {
  const pause = openPause();
  const records: VerificationView["records"] = [];
  for (const delta of deltas) {
    const { status } = await standingOf(store, delta.ledger, delta.sequence);
    const content = showsReasons ? await contents.contentOf(delta) : undefined;
    records.push({
      amount: exactNumber(delta.amount),
      amountExact: formatAmount(delta.amount),
      status,
      time: isoText(delta.recordedAt),
      ...(showsReasons && { reason: content?.reason ?? null, referenceId: content?.referenceId ?? null }),
    });
    await pause();
  }
  return records;
}

function proven(receipt: Receipt | NotYet): Evidence {
  if ("notYet" in receipt) return receipt;
  const file = encodeReceipt(receipt) as Pick<Proof, "head" | "checkpoint"> & {
    ledgerProof?: string[];
    anchorProof: string[];
  };
  const { ledgerProof, head, checkpoint, anchorProof } = file;
  return {
    anchor: receipt.anchor,
    proof: {
      ...(ledgerProof && { ledgerProof }),
      ...(head && { head }),
      ...(checkpoint && { checkpoint }),
      anchorProof,
    },
  };
}

async function evidenceOf(service: Service, checkpoint: StoredCheckpoint): Promise<Evidence> {
  if (checkpoint.kind === "window") return proven(await checkpointReceiptOf(service, checkpoint));
  const { status, anchor, position } = await standingOfCheckpoint(service.store, checkpoint);
  if (status !== "VERIFIED" || !anchor || position === undefined)
    return { notYet: status === "VERIFIED" ? "PROCESSING" : status };
  const { ledger, count, closingBalance, root } = checkpoint;
  const selection = {
    ledger: checksumAddress(ledger.address),
    count: String(count),
    netChange: String(closingBalance),
    root: toHex(root),
  };
  const anchorProof = await anchorProofOf(service.store, anchor, position);
  return { anchor: referenceOf(service.place, anchor), proof: { selection, anchorProof: anchorProof.map(toHex) } };
}

async function judge(
  { witness }: Service,
  evidence: Evidence,
  source: "db" | "chain" | "both",
): Promise<{ verified: boolean; message: string }> {
  if ("notYet" in evidence) {
    return {
      verified: false,
      message: `Recorded, and ${evidence.notYet === "QUEUED" ? "waiting for the next anchor" : "in an anchor that is on its way"}.`,
    };
  }
  if (source === "db")
    return {
      verified: true,
      message: "Recorded and anchored, by this server's record. Ask with source=chain, or verify the receipt yourself.",
    };
  const step = await witness.check(evidence.anchor);
  return step.outcome === "passed"
    ? { verified: true, message: `Recorded and anchored: ${step.detail}.` }
    : { verified: false, message: `The contract does not agree: ${step.detail}.` };
}

function viewVerification(
  { publicUrl }: Service,
  text: string,
  { anchor, proof }: Exclude<Evidence, NotYet>,
): VerificationView["verification"] {
  return {
    verificationReference: toHex(anchor.transactionHash),
    verificationApiUrl: `${publicUrl()}/api/v1/verify/${text}`,
    verificationExplorerUrl: null,
    chainId: Number(anchor.chainId),
    contract: checksumAddress(anchor.contract),
    log: toHex(anchor.log),
    index: Number(anchor.index),
    root: toHex(anchor.root),
    blockNumber: Number(anchor.blockNumber),
    blockHash: toHex(anchor.blockHash),
    proof,
  };
}
