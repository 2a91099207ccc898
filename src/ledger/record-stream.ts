import { TallyrootError } from "../core/errors.ts";
import type { RequestEffect } from "./ports/effects.ts";
import type { Tenant } from "./ports/ledgers.ts";
import { conflict } from "./record.ts";
import { type BulkItem, type BulkOutcome, type BulkParts, recordGroup } from "./record-group.ts";
import { requestIdOf } from "./request-id.ts";

export type RecordStream = {
  /** Whether an earlier stream had the same idempotency key: what it recorded is answered again, what it did not is recorded now. */
  resumed: boolean;
  /** Records the next items. The answer comes after they are on disk. */
  record(items: readonly BulkItem[]): Promise<BulkOutcome[]>;
};

/**
 * Opens a stream of items, each of which stands alone.
 *
 * Once the record cannot be written, no later item of the stream is recorded either: they are answered, in order, with that failure, so
 * that what was recorded of a stream are the items before one point, and a sender knows which to send again.
 *
 * @param now Unix milliseconds.
 * @throws TallyrootError IDEMPOTENCY_CONFLICT when the idempotency key was used before for something that is not a stream.
 */
export async function openRecordStream(
  parts: BulkParts,
  {
    tenant,
    route,
    idempotencyKey,
    now,
  }: { tenant: Tenant; route: string; idempotencyKey: string | undefined; now: number },
): Promise<RecordStream> {
  const { store } = parts;
  const requestId = idempotencyKey === undefined ? undefined : requestIdOf(tenant.requestKey, idempotencyKey);
  const earlier = requestId && (await store.effectOf(requestId));
  if (requestId && (earlier ? earlier.route !== route : await store.deltaByRequestId(requestId)))
    throw conflict(["route"]);
  let note: RequestEffect | undefined =
    requestId && !earlier
      ? { requestId, tenantId: tenant.id, route, effect: "deltas", members: "{}", createdAt: now }
      : undefined;
  let failure: TallyrootError | undefined;
  return {
    resumed: earlier !== undefined,
    async record(items) {
      try {
        if (failure) throw failure;
        const outcomes = await recordGroup(parts, items, note);
        note = undefined;
        return outcomes;
      } catch (error) {
        if (!(error instanceof TallyrootError)) throw error;
        const stopped = failure ?? error;
        failure = stopped;
        return items.map((item) => (item instanceof TallyrootError ? item : stopped));
      }
    },
  };
}
