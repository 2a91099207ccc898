import { z } from "zod";
import { fromHex, toHex } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import { type DeltaReceipt, encodeReceipt, RECEIPT_MEDIA_TYPE, receiptText } from "../../core/receipt.ts";
import type { StoredDelta } from "../../ledger/ports.ts";
import { type NotYet, receiptOf } from "../../ledger/receipts.ts";
import { standingOf } from "../../ledger/status.ts";
import { type VerificationView, verificationView, verifyQuery } from "../../wire/evidence.ts";
import { fingerprint, isoText } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";
import { route, type Service } from "../route.ts";

const fingerprintParam = z.object({ fingerprint });

/** @throws TallyrootError NOT_FOUND: also for tree nodes and anchored roots, which are no fingerprints. */
async function deltaOf({ store }: Service, text: string): Promise<StoredDelta> {
  const delta = await store.deltaByFingerprint(fromHex(text, 32));
  if (!delta) throw new TallyrootError("NOT_FOUND", "this fingerprint is of nothing that was recorded here", { verified: false });
  return delta;
}

function finalOrThrow(receipt: DeltaReceipt | NotYet): DeltaReceipt {
  if ("notYet" in receipt) {
    throw new TallyrootError("NOT_FOUND", `the delta is ${receipt.notYet}: its receipt exists once it is VERIFIED`, { status: receipt.notYet });
  }
  return receipt;
}

export const getVerification = route({
  method: "GET",
  path: "/api/v1/verify/:fingerprint",
  access: "public",
  summary: "Whether a receiptId is recorded and anchored",
  status: 200,
  params: fingerprintParam,
  query: verifyQuery,
  data: verificationView,
  codes: ["NOT_FOUND", "SERVICE_UNAVAILABLE"],
  cors: "*",
  async handle(service, { params, query }) {
    const delta = await deltaOf(service, params.fingerprint);
    const { status, anchor } = await standingOf(service.store, delta.ledger, delta.sequence);
    const receipt = await receiptOf(service, delta);
    const time = isoText(delta.recordedAt);
    const amount = exactNumber(delta.amount);
    const judged = await judge(service, receipt, query.source);
    const data: VerificationView = {
      verified: judged.verified,
      kind: "delta",
      receiptId: params.fingerprint,
      recordedAt: time,
      verifiedAt: status === "VERIFIED" && anchor?.confirmedAt ? isoText(anchor.confirmedAt) : null,
      status,
      message: judged.message,
      summary: {
        recordCount: 1,
        netChange: amount,
        startingBalance: exactNumber(delta.balance - delta.amount),
        endingBalance: exactNumber(delta.balance),
        firstRecordAt: time,
        lastRecordAt: time,
      },
      records: [{ amount, status, time }],
      contentHash: toHex(delta.commitment),
      proofHash: toHex(delta.fingerprint),
      verification: "notYet" in receipt ? null : viewVerification(service, receipt),
    };
    return { data };
  },
});

async function judge({ witness }: Service, receipt: DeltaReceipt | NotYet, source: "db" | "chain" | "both"): Promise<{ verified: boolean; message: string }> {
  if ("notYet" in receipt) return { verified: false, message: `Recorded, and ${receipt.notYet === "QUEUED" ? "waiting for the next anchor" : "in an anchor that is on its way"}.` };
  if (source === "db") return { verified: true, message: "Recorded and anchored, by this server's record. Ask with source=chain, or verify the receipt yourself." };
  const step = await witness.check(receipt.anchor);
  return step.outcome === "passed"
    ? { verified: true, message: `Recorded and anchored: ${step.detail}.` }
    : { verified: false, message: `The contract does not agree: ${step.detail}.` };
}

function viewVerification({ publicUrl }: Service, receipt: DeltaReceipt): VerificationView["verification"] {
  const file = encodeReceipt(receipt) as { head: NonNullable<VerificationView["verification"]>["proof"]["head"]; anchor: { contract: string } };
  const { anchor } = receipt;
  return {
    verificationReference: toHex(anchor.transactionHash),
    verificationApiUrl: `${publicUrl()}/api/v1/verify/${toHex(receipt.receiptId)}`,
    verificationExplorerUrl: null,
    chainId: Number(anchor.chainId),
    contract: file.anchor.contract,
    log: toHex(anchor.log),
    index: Number(anchor.index),
    root: toHex(anchor.root),
    blockNumber: Number(anchor.blockNumber),
    blockHash: toHex(anchor.blockHash),
    proof: { ledgerProof: receipt.ledgerProof.map(toHex), head: file.head, anchorProof: receipt.anchorProof.map(toHex) },
  };
}

export const getBlindReceipt = route({
  method: "GET",
  path: "/api/v1/receipt/:fingerprint",
  access: "public",
  summary: "The blind receipt file of a delta",
  status: 200,
  params: fingerprintParam,
  data: z.record(z.string(), z.unknown()),
  codes: ["NOT_FOUND"],
  cors: "*",
  async handle(service, { params }) {
    const receipt = finalOrThrow(await receiptOf(service, await deltaOf(service, params.fingerprint)));
    return receiptFile(receipt);
  },
});

export const getReceipt = route({
  method: "GET",
  path: "/api/v1/balance/receipts/:fingerprint",
  access: "read",
  summary: "The receipt of a delta with its content",
  status: 200,
  params: fingerprintParam,
  data: z.record(z.string(), z.unknown()),
  codes: ["NOT_FOUND", "CONTENT_ERASED"],
  async handle(service, { params, tenant, accepts }) {
    const delta = await deltaOf(service, params.fingerprint);
    if (delta.ledger.tenantId !== tenant.id) throw new TallyrootError("NOT_FOUND", "this fingerprint is of nothing that was recorded here", { verified: false });
    const receipt = finalOrThrow(await receiptOf({ ...service, open: { contents: service.contents, tenant } }, delta));
    if (!receipt.content) throw new TallyrootError("CONTENT_ERASED", "the content of this delta was erased for good");
    return accepts(RECEIPT_MEDIA_TYPE) ? receiptFile(receipt) : { data: encodeReceipt(receipt) };
  },
});

function receiptFile(receipt: DeltaReceipt) {
  const name = `receipt-${toHex(receipt.receiptId).slice(2, 14)}.json`;
  return { file: receiptText(receipt), mediaType: RECEIPT_MEDIA_TYPE, headers: { "Content-Disposition": `inline; filename="${name}"` } };
}
