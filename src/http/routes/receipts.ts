import { z } from "zod";
import { toHex } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import { encodeReceipt, MAX_LISTED_DELTAS, RECEIPT_MEDIA_TYPE, type Receipt, receiptText } from "../../core/receipt.ts";
import { ledgerOfCustomer, latestOf } from "../../ledger/customers.ts";
import { checkpointReceiptOf, receiptOf } from "../../ledger/receipts.ts";
import { standings } from "../../ledger/status.ts";
import { viewDelta } from "../../wire/delta.ts";
import { receiptListQuery, receiptListView, receiptQuery } from "../../wire/evidence.ts";
import { customerId, fingerprint } from "../../wire/fields.ts";
import { route, type Service } from "../route.ts";
import { type Found, finalOrThrow, findFingerprint, unknownFingerprint } from "./found.ts";

const params = z.object({ fingerprint });
const receiptFileView = z.record(z.string(), z.unknown()).meta({ description: "A receipt file, tallyroot-receipt/1" });

export const getBlindReceipt = route({
  method: "GET",
  path: "/api/v1/receipt/:fingerprint",
  access: "public",
  summary: "The blind receipt file of a delta or a checkpoint",
  status: 200,
  params,
  query: receiptQuery,
  data: receiptFileView,
  codes: ["NOT_FOUND", "SCOPE_TOO_WIDE"],
  cors: "*",
  async handle(service, { params, query }) {
    const found = await findFingerprint(service, params.fingerprint);
    const receipt = found.kind === "delta" ? finalOrThrow(await receiptOf(service, found.delta)) : await checkpointReceipt(service, found, query.deltas === "true");
    return receiptFile(receipt);
  },
});

export const getReceipt = route({
  method: "GET",
  path: "/api/v1/balance/receipts/:fingerprint",
  access: "read",
  customer: "fingerprint",
  summary: "The receipt of a delta with its content, or of a checkpoint",
  status: 200,
  params,
  query: receiptQuery,
  data: receiptFileView,
  codes: ["NOT_FOUND", "SCOPE_TOO_WIDE", "CONTENT_ERASED"],
  async handle(service, { params, query, tenant, accepts }) {
    const found = await findFingerprint(service, params.fingerprint);
    const owner = found.kind === "delta" ? found.delta.ledger.tenantId : found.checkpoint.tenantId;
    if (owner !== tenant.id) throw unknownFingerprint();
    let receipt: Receipt;
    if (found.kind === "checkpoint") receipt = await checkpointReceipt(service, found, query.deltas === "true");
    else {
      receipt = finalOrThrow(await receiptOf({ ...service, open: { contents: service.contents, tenant } }, found.delta));
      if (!receipt.content) throw new TallyrootError("CONTENT_ERASED", "the content of this delta was erased for good");
    }
    return accepts(RECEIPT_MEDIA_TYPE) ? receiptFile(receipt) : { data: encodeReceipt(receipt) };
  },
});

export const getReceipts = route({
  method: "GET",
  path: "/api/v1/balance/customers/:customerId/receipts",
  access: "read",
  customer: "customerId",
  summary: "The latest receipts of a customer, newest first",
  status: 200,
  params: z.object({ customerId }),
  query: receiptListQuery,
  data: receiptListView,
  codes: ["CUSTOMER_NOT_FOUND"],
  async handle({ store, contents }, { tenant, params, query }) {
    const { limit, offset } = query;
    const ledger = await ledgerOfCustomer(store, tenant, params.customerId);
    const { sequence: total } = await latestOf(store, ledger);
    const last = Math.max(0, total - offset);
    const first = Math.max(1, last - limit + 1);
    const deltas = last >= first ? await store.deltas(ledger, first, last - first + 1) : [];
    const states = deltas.length > 0 ? await standings(store, ledger, first, last) : [];
    const receipts = await Promise.all(deltas.map(async (delta, i) => viewDelta(delta, states[i]!.status, await contents.contentOf(delta))));
    return { data: { receipts: receipts.reverse(), pagination: { total, offset, limit } } };
  },
});

async function checkpointReceipt(service: Service, { checkpoint }: Extract<Found, { kind: "checkpoint" }>, listed: boolean): Promise<Receipt> {
  if (checkpoint.kind === "selection") throw new TallyrootError("NOT_FOUND", "a selection has no receipt of its own: each of its deltas has one");
  if (listed && checkpoint.count > MAX_LISTED_DELTAS) {
    throw new TallyrootError("SCOPE_TOO_WIDE", `a receipt lists at most ${MAX_LISTED_DELTAS} deltas, this window has ${checkpoint.count}`, { limit: MAX_LISTED_DELTAS });
  }
  return finalOrThrow(await checkpointReceiptOf(service, checkpoint, listed));
}

function receiptFile(receipt: Receipt) {
  const name = `receipt-${toHex(receipt.receiptId).slice(2, 14)}.json`;
  return { file: receiptText(receipt), mediaType: RECEIPT_MEDIA_TYPE, headers: { "Content-Disposition": `inline; filename="${name}"` } };
}
