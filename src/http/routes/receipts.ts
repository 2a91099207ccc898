import { z } from "zod";
import { toHex } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import { encodeReceipt, MAX_LISTED_DELTAS, RECEIPT_MEDIA_TYPE, type Receipt, receiptText } from "../../core/receipt.ts";
import { checkpointReceiptOf, listedReceiptText } from "../../ledger/checkpoint-receipt.ts";
import { latestOf, ledgerOfCustomer } from "../../ledger/customers.ts";
import type { StoredCheckpoint } from "../../ledger/ports/checkpoints.ts";
import { receiptOf } from "../../ledger/receipts.ts";
import { receiptListQuery, receiptListView, receiptQuery } from "../../wire/evidence.ts";
import { customerId, fingerprint } from "../../wire/fields.ts";
import { textWithList } from "../../wire/json.ts";
import { successBody } from "../answer.ts";
import { lasting } from "../lasting.ts";
import { type Answer, route, type Service } from "../route.ts";
import { deltaTexts } from "./delta-views.ts";
import { finalOrThrow, findFingerprint, unknownFingerprint } from "./found.ts";
import { pageOf, paginationOf } from "./paging.ts";

const params = z.object({ fingerprint });
const receiptFileView = z.record(z.string(), z.unknown()).meta({ description: "A receipt file, tallyroot-receipt/1" });

export const getBlindReceipt = route({
  method: "GET",
  path: "/api/v1/receipt/:fingerprint",
  access: "public",
  mayBeStale: true,
  summary: "The blind receipt file of a delta or a checkpoint",
  status: 200,
  params,
  query: receiptQuery,
  data: receiptFileView,
  media: { [RECEIPT_MEDIA_TYPE]: "bare" },
  codes: ["NOT_FOUND", "SCOPE_TOO_WIDE"],
  cors: "*",
  async handle(service, { params, query }) {
    const found = await findFingerprint(service, params.fingerprint);
    if (found.kind === "delta") return receiptFile("public", finalOrThrow(await receiptOf(service, found.delta)));
    const wanted = { listed: query.deltas === "true", asFile: true, reach: "public" } as const;
    return answerCheckpoint(service, found.checkpoint, wanted);
  },
});

export const getReceipt = route({
  method: "GET",
  path: "/api/v1/balance/receipts/:fingerprint",
  access: "read",
  customer: "fingerprint",
  mayBeStale: true,
  summary: "The receipt of a delta with its content, or of a checkpoint",
  status: 200,
  params,
  query: receiptQuery,
  data: receiptFileView,
  media: { "application/json": "envelope", [RECEIPT_MEDIA_TYPE]: "bare" },
  codes: ["NOT_FOUND", "SCOPE_TOO_WIDE", "CONTENT_ERASED"],
  async handle(service, { params, query, tenant, accepts }) {
    const found = await findFingerprint(service, params.fingerprint);
    const owner = found.kind === "delta" ? found.delta.ledger.tenantId : found.checkpoint.tenantId;
    if (owner !== tenant.id) throw unknownFingerprint();
    if (found.kind === "checkpoint") {
      const asFile = accepts(RECEIPT_MEDIA_TYPE);
      const wanted = { listed: query.deltas === "true", asFile, reach: "private" } as const;
      return answerCheckpoint(service, found.checkpoint, wanted);
    }
    const receipt = finalOrThrow(
      await receiptOf({ ...service, open: { contents: service.contents, tenant } }, found.delta),
    );
    if (!receipt.content) throw new TallyrootError("CONTENT_ERASED", "the content of this delta was erased for good");
    return accepts(RECEIPT_MEDIA_TYPE) ? receiptFile("private", receipt) : receiptData(receipt);
  },
});

const RECEIPTS = { name: "receipts", order: "newest-first" } as const;

export const getReceipts = route({
  method: "GET",
  path: "/api/v1/balance/customers/:customerId/receipts",
  access: "read",
  customer: "customerId",
  mayBeStale: true,
  summary: "The latest receipts of a customer, newest first",
  status: 200,
  params: z.object({ customerId }),
  query: receiptListQuery,
  data: receiptListView,
  codes: ["INVALID_SCOPE_COMBINATION", "CUSTOMER_NOT_FOUND"],
  async handle({ store, contents }, { tenant, params, query }) {
    const ledger = await ledgerOfCustomer(store, tenant, params.customerId);
    const { sequence: total } = await latestOf(store, ledger);
    const page = await pageOf(RECEIPTS, query, async () => total);
    const last = Math.max(0, total - page.offset);
    const first = Math.max(1, last - page.limit + 1);
    const deltas = last >= first ? await store.deltas(ledger, first, last - first + 1) : [];
    const texts = await deltaTexts({ store, contents }, deltas);
    const pagination = paginationOf(RECEIPTS, page, { shown: deltas.length, total });
    return { text: textWithList({}, ["receipts", texts.reverse()], { pagination }) };
  },
});

/** @throws TallyrootError NOT_FOUND for a selection, and for what is not VERIFIED yet; SCOPE_TOO_WIDE for more deltas than a file lists. */
async function answerCheckpoint(
  service: Service,
  checkpoint: StoredCheckpoint,
  { listed, asFile, reach }: { listed: boolean; asFile: boolean; reach: "public" | "private" },
): Promise<Answer> {
  const { kind, count } = checkpoint;
  if (kind === "selection") {
    throw new TallyrootError("NOT_FOUND", "a selection has no receipt of its own: each of its deltas has one");
  }
  if (listed && count > MAX_LISTED_DELTAS) {
    throw new TallyrootError(
      "SCOPE_TOO_WIDE",
      `a receipt lists at most ${MAX_LISTED_DELTAS} deltas, this window has ${count}`,
      { limit: MAX_LISTED_DELTAS },
    );
  }
  const receipt = finalOrThrow(await checkpointReceiptOf(service, checkpoint));
  if (!listed) return asFile ? receiptFile(reach, receipt) : receiptData(receipt);
  const text = await listedReceiptText(service.store, checkpoint, receipt);
  // The root in a checkpoint binds every delta of its window, so its receipt without them determines the bytes with them.
  const headers = lasting(reach, `${asFile ? "listed" : "listed in an envelope"}\n${receiptText(receipt)}`);
  if (asFile) return { chunks: text, mediaType: RECEIPT_MEDIA_TYPE, headers: { ...headers, ...fileName(receipt) } };
  return { chunks: inEnvelope(text), mediaType: "application/json; charset=utf-8", headers };
}

/** A file is JSON: its text is the data of an answer as it is. */
async function* inEnvelope(text: AsyncIterable<string>): AsyncGenerator<string> {
  yield '{"success":true,"data":';
  yield* text;
  yield "}";
}

function receiptFile(reach: "public" | "private", receipt: Receipt): Answer {
  const file = receiptText(receipt);
  return { file, mediaType: RECEIPT_MEDIA_TYPE, headers: { ...lasting(reach, file), ...fileName(receipt) } };
}

function receiptData(receipt: Receipt): Answer {
  const data = encodeReceipt(receipt);
  return { data, headers: lasting("private", successBody(data)) };
}

function fileName({ receiptId }: Receipt): Record<string, string> {
  return { "Content-Disposition": `inline; filename="receipt-${toHex(receiptId).slice(2, 14)}.json"` };
}
