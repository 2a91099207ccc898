import type { z } from "zod";
import { formatAmount } from "../core/amount.ts";
import { TallyrootError } from "../core/errors.ts";
import type { Steps } from "../core/steps.ts";
import type { RecordRequest, Tenant } from "../ledger/ports/ledgers.ts";
import { type BulkItem, type BulkOutcome, itemRequestId } from "../ledger/record-group.ts";
import type { BulkIds } from "../ledger/request-id.ts";
import { bulkItem, recordedText, viewRefused } from "../wire/batch.ts";
import type { recordRequest } from "../wire/delta.ts";
import { parsePart } from "./parse-part.ts";

/** What a delta asks for, in the ledger's words. */
export function recordingOf(
  tenant: Tenant,
  body: z.output<typeof recordRequest>,
  requestId: Uint8Array | undefined,
): RecordRequest {
  const { customerId, delta, reason, referenceId, metadata, adjusts } = body;
  const request: RecordRequest = { tenant, customerId, amount: delta, reason };
  if (referenceId !== undefined) request.referenceId = referenceId;
  if (metadata !== undefined) request.metadata = metadata;
  if (adjusts !== undefined) request.adjusts = adjusts;
  if (requestId !== undefined) request.requestId = requestId;
  return request;
}

/** One of many: what is to be recorded or why it cannot be, and what was said, for the answer. */
export type ReadItem = { item: BulkItem; said: unknown };

/**
 * Reads one of many. Whatever is wrong with it is wrong with it alone.
 *
 * @param place its place, and the idempotency key of the whole request.
 */
export function readItem(
  said: unknown,
  {
    tenant,
    ids,
    place,
  }: { tenant: Tenant; ids: BulkIds; place: { idempotencyKey: string | undefined; index: number } },
): ReadItem {
  try {
    const body = parsePart(bulkItem, said) as z.output<typeof bulkItem>;
    return { item: recordingOf(tenant, body, itemRequestId(ids, body, place)), said: undefined };
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return { item: error, said };
  }
}

/** Items between two looks at whether others wait. */
const ITEMS = 8;

/** Does something with each of many, in order, in steps. */
export function* inTurn<A, B>(many: readonly A[], work: (one: A, index: number) => B): Steps<B[]> {
  const results: B[] = [];
  for (let i = 0; i < many.length; i++) {
    results.push(work(many[i]!, i));
    if (i % ITEMS === ITEMS - 1) yield;
  }
  return results;
}

/** The JSON text of the answer to one of many. */
export function resultText(index: number, { item, said }: ReadItem, outcome: BulkOutcome): string {
  if (item instanceof TallyrootError) return JSON.stringify(viewRefused(index, said, item));
  if (outcome instanceof TallyrootError) {
    const { customerId, amount } = item;
    return JSON.stringify(viewRefused(index, { customerId, delta: formatAmount(amount) }, outcome));
  }
  return recordedText(index, item.customerId, outcome);
}
