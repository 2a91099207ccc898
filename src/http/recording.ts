import type { z } from "zod";
import { formatAmount } from "../core/amount.ts";
import { TallyrootError } from "../core/errors.ts";
import type { RecordRequest, Tenant } from "../ledger/ports/ledgers.ts";
import { type BulkItem, type BulkOutcome, itemRequestId } from "../ledger/record-group.ts";
import type { BulkIds } from "../ledger/request-id.ts";
import { type BulkResult, bulkItem, viewRecorded, viewRefused } from "../wire/batch.ts";
import type { recordRequest } from "../wire/delta.ts";
import { parsePart } from "./parse-part.ts";

/** What a delta asks for, in the ledger's words. */
export function recordingOf(
  tenant: Tenant,
  body: z.output<typeof recordRequest>,
  requestId: Uint8Array | undefined,
): RecordRequest {
  const { customerId, delta, reason, referenceId, metadata, adjusts } = body;
  return {
    tenant,
    customerId,
    amount: delta,
    reason,
    ...(referenceId !== undefined && { referenceId }),
    ...(metadata !== undefined && { metadata }),
    ...(adjusts !== undefined && { adjusts }),
    ...(requestId !== undefined && { requestId }),
  };
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

/** The answer to one of many. */
export function viewResult(index: number, { item, said }: ReadItem, outcome: BulkOutcome): BulkResult {
  if (item instanceof TallyrootError) return viewRefused(index, said, item);
  if (outcome instanceof TallyrootError)
    return viewRefused(index, { customerId: item.customerId, delta: formatAmount(item.amount) }, outcome);
  return viewRecorded(index, item.customerId, outcome);
}
