import { TallyrootError } from "../core/errors.ts";
import { BULK_LANE } from "./bulk-lane.ts";
import type { EffectStore, RequestEffect } from "./ports/effects.ts";
import type { LedgerStore, RecordRequest } from "./ports/ledgers.ts";
import { expectCorrectable, type Recorded, type RecordParts, settle } from "./record.ts";
import type { BulkIds } from "./request-id.ts";

/** One of many: what is to be recorded, or why it cannot be. */
export type BulkItem = RecordRequest | TallyrootError;
/** What came of it. */
export type BulkOutcome = Recorded | TallyrootError;

export type BulkParts = RecordParts & { store: LedgerStore & EffectStore };

/** Items that are recorded in one commit: enough to share the wait for the disk, few enough that no other request waits long. */
export const GROUP = 200;

/**
 * Records some items, each of which stands alone: a refusal is that item's outcome, in its place.
 *
 * @param request what the items are part of, stored in the same transaction.
 * @throws TallyrootError SERVICE_UNAVAILABLE, and IDEMPOTENCY_CONFLICT for `request`; nothing of the group was recorded then.
 */
export async function recordGroup(
  { store, contents }: BulkParts,
  items: readonly BulkItem[],
  request?: RequestEffect,
): Promise<BulkOutcome[]> {
  const outcomes = new Array<BulkOutcome>(items.length);
  const places: number[] = [];
  const requests: RecordRequest[] = [];
  for (const [i, item] of items.entries()) {
    const refused =
      item instanceof TallyrootError ? item : item.adjusts && (await refusalOf(expectCorrectable(store, item)));
    if (refused instanceof TallyrootError) {
      outcomes[i] = refused;
      continue;
    }
    places.push(i);
    requests.push(item as RecordRequest);
  }
  const answers =
    requests.length > 0 || request
      ? await BULK_LANE.through(requests.length, () => store.record(requests, false, { request }))
      : [];
  for (const [k, answer] of answers.entries()) {
    const recorded =
      answer.kind === "recorded"
        ? { delta: answer.delta, replayed: false }
        : await refusalOf(settle(contents, requests[k]!, answer));
    outcomes[places[k]!] = recorded;
  }
  return outcomes;
}

/** The refusal of one item as a value, so that it does not end the others. */
export async function refusalOf<T>(work: Promise<T>): Promise<T | TallyrootError> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return error;
  }
}

/** What tells that a tenant submits a whole customer's usage under one reference. */
const SUMMARY = "tenant_summary";

/**
 * The request id of one item: that of its own idempotency key; for a summary, that of its reference; otherwise that of its place in a
 * request that has an idempotency key.
 */
export function itemRequestId(
  ids: BulkIds,
  item: {
    customerId: string;
    referenceId?: string | undefined;
    metadata?: RecordRequest["metadata"] | undefined;
    idempotencyKey?: string | undefined;
  },
  place: { idempotencyKey: string | undefined; index: number },
): Uint8Array | undefined {
  const { idempotencyKey, customerId, referenceId, metadata } = item;
  if (idempotencyKey !== undefined) return ids.ofKey(idempotencyKey);
  if (referenceId !== undefined && metadata?.submissionType === SUMMARY) return ids.ofSummary(customerId, referenceId);
  return place.idempotencyKey === undefined ? undefined : ids.ofItem(place.idempotencyKey, place.index);
}
