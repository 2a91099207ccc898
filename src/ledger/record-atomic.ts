import { toHex } from "../core/bytes.ts";
import { invariant, TallyrootError } from "../core/errors.ts";
import { BULK_LANE } from "./bulk-lane.ts";
import { openPause } from "./in-steps.ts";
import type { RequestEffect } from "./ports/effects.ts";
import type { RecordRequest } from "./ports/ledgers.ts";
import { canonicalRequest, conflict, differingMembers, expectCorrectable, type Recorded } from "./record.ts";
import { type BulkItem, type BulkParts, refusalOf } from "./record-group.ts";

/** How often a batch is looked at again when another request took one of its request ids between the look and the commit. */
const MOST_LOOKS = 3;

/**
 * Records all of the items or none, in one transaction.
 *
 * What can be refused is refused before the transaction: it holds up everything else, so it only does what it must.
 *
 * @param note what the items are part of, stored with them.
 * @throws TallyrootError the refusal of the first bad item, with its index in message and facts; nothing was recorded then.
 */
export async function recordAtomic(
  parts: BulkParts,
  items: readonly BulkItem[],
  note?: RequestEffect,
): Promise<Recorded[]> {
  const requests = await expectRecordable(parts, items);
  for (let look = 1; ; look++) {
    const known = await recordedBefore(parts, requests);
    const fresh = [...requests.keys()].filter((i) => !known.has(i));
    try {
      const deltas = fresh.map((i) => requests[i]!);
      const outcomes = await BULK_LANE.through(deltas.length, () =>
        parts.store.record(deltas, true, { request: note, allNew: true }),
      );
      // The item that was refused for itself; the others were refused because of it.
      const bad = outcomes.findIndex(
        (outcome) => outcome.kind === "refused" && outcome.error.facts.index === undefined,
      );
      const refused = outcomes[bad];
      if (refused?.kind === "refused") throw refusalAt(fresh[bad]!, refused.error);
      for (const [k, outcome] of outcomes.entries()) {
        invariant(outcome.kind !== "refused", "one of the refused items of a unit was refused for itself");
        known.set(fresh[k]!, { delta: outcome.delta, replayed: outcome.kind === "replayed" });
      }
      return requests.map((_, i) => known.get(i)!);
    } catch (error) {
      const moved =
        error instanceof TallyrootError && error.code === "IDEMPOTENCY_CONFLICT" && error.facts.index === undefined;
      if (!moved || look === MOST_LOOKS) throw error;
    }
  }
}

/** What the items alone, and the record as it is, have against recording them. */
async function expectRecordable({ store }: BulkParts, items: readonly BulkItem[]): Promise<RecordRequest[]> {
  const pause = openPause();
  const places = new Map<string, number>();
  const requests: RecordRequest[] = [];
  for (const [i, item] of items.entries()) {
    await pause();
    if (item instanceof TallyrootError) throw refusalAt(i, item);
    const refused = item.adjusts && (await refusalOf(expectCorrectable(store, item)));
    if (refused) throw refusalAt(i, refused);
    requests.push(item);
    if (!item.requestId) continue;
    const name = toHex(item.requestId);
    const earlier = places.get(name) ?? i;
    places.set(name, earlier);
    if (earlier === i || canonicalRequest(requests[earlier]!) === canonicalRequest(item)) continue;
    throw refusalAt(
      i,
      new TallyrootError(
        "IDEMPOTENCY_CONFLICT",
        `has the idempotency key of deltas.${earlier}, which is another delta`,
      ),
    );
  }
  return requests;
}

/** The items whose request ids are known already. */
async function recordedBefore(
  { store, contents }: BulkParts,
  requests: readonly RecordRequest[],
): Promise<Map<number, Recorded>> {
  const pause = openPause();
  const known = new Map<number, Recorded>();
  for (const [i, request] of requests.entries()) {
    await pause();
    const delta = request.requestId && (await store.deltaByRequestId(request.requestId));
    if (!delta) continue;
    const differs = differingMembers(request, delta, await contents.contentOf(delta));
    if (differs.length > 0) throw refusalAt(i, conflict(differs));
    known.set(i, { delta, replayed: true });
  }
  return known;
}

function refusalAt(index: number, { code, message, facts }: TallyrootError): TallyrootError {
  return new TallyrootError(code, `deltas.${index}: ${message}`, { ...facts, index });
}
