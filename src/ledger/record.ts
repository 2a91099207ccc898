import { ledgerAddress } from "../core/address.ts";
import { formatAmount } from "../core/amount.ts";
import { sameBytes } from "../core/bytes.ts";
import { type Content, canonicalJson } from "../core/content.ts";
import { TallyrootError } from "../core/errors.ts";
import { parseRecordId } from "../core/record-id.ts";
import type { Contents } from "./contents.ts";
import type { LedgerStore, RecordedDelta, RecordOutcome, RecordRequest, StoredDelta } from "./ports/ledgers.ts";

/** What `record` answers: the delta as it is on disk, and whether it was there before. */
export type Recorded = { delta: RecordedDelta; replayed: boolean };

export type RecordParts = { store: LedgerStore; contents: Contents };

/**
 * Records one delta: the answer comes after it is on disk.
 *
 * The same request id with the same members gives the delta that was recorded first, however often and whenever it is sent; the
 * request id is stored with the delta itself, so no crash can come between them.
 *
 * @throws TallyrootError IDEMPOTENCY_CONFLICT naming the members that differ; BALANCE_OVERFLOW; SERVICE_UNAVAILABLE; VALIDATION_ERROR
 *   for a correction of what is not on record.
 */
export async function recordDelta({ store, contents }: RecordParts, request: RecordRequest): Promise<Recorded> {
  if (request.adjusts) await expectCorrectable(store, request);
  const [outcome] = await store.record([request], false);
  return settle(contents, request, outcome!);
}

/**
 * A correction by record id corrects a delta of the same customer that is on record. A reference id is taken as it is: references are
 * stored sealed, so looking one up would mean to open the whole ledger.
 *
 * @throws TallyrootError VALIDATION_ERROR in the same words whether the record is another customer's, another tenant's, or nobody's.
 */
export async function expectCorrectable(
  store: LedgerStore,
  { tenant, customerId, adjusts }: RecordRequest,
): Promise<void> {
  if (!adjusts || !("recordId" in adjusts)) return;
  const place = parseRecordId(adjusts.recordId);
  const address = ledgerAddress(tenant.namespace, customerId);
  const ledger = place && sameBytes(place.ledger, address) ? await store.ledger(tenant.id, address) : undefined;
  if (place && ledger && (await store.delta(ledger, place.sequence))) return;
  throw new TallyrootError(
    "VALIDATION_ERROR",
    `adjusts.recordId: customer ${customerId} has no record ${adjusts.recordId}`,
    { path: "adjusts.recordId", recordId: adjusts.recordId },
  );
}

/** What a store's outcome means to the caller. @throws TallyrootError as `recordDelta` */
export async function settle(contents: Contents, request: RecordRequest, outcome: RecordOutcome): Promise<Recorded> {
  if (outcome.kind === "refused") throw outcome.error;
  if (outcome.kind === "recorded") return { delta: outcome.delta, replayed: false };
  const { delta } = outcome;
  const differs = differingMembers(request, delta, await contents.contentOf(delta));
  if (differs.length > 0) throw conflict(differs);
  return { delta, replayed: true };
}

/** The conflict of an idempotency key that was used before with other members. */
export function conflict(differs: readonly string[]): TallyrootError {
  const named = differs.slice(0, 10).join(", ") + (differs.length > 10 ? ` and ${differs.length - 10} more` : "");
  return new TallyrootError("IDEMPOTENCY_CONFLICT", `this idempotency key was used before with another ${named}`, {
    differs: differs.slice(0, 100),
  });
}

const MEMBERS = ["customerId", "delta", "reason", "referenceId", "metadata", "adjusts"] as const;

/**
 * Members of a request that are not those of the delta recorded earlier under its request id.
 *
 * @param before its content; of one that was erased, the amount is all that can be compared.
 */
export function differingMembers(request: RecordRequest, earlier: StoredDelta, before: Content | undefined): string[] {
  return MEMBERS.filter((member) => {
    if (member === "delta") return request.amount !== earlier.amount;
    if (!before) return false;
    const [now, then] = [request[member], before[member]];
    return now !== then && canonicalJson(now ?? null) !== canonicalJson(then ?? null);
  });
}

/** The members of a request as one text, equal for equal requests however they were written. */
export function canonicalRequest({
  customerId,
  amount,
  reason,
  referenceId,
  metadata,
  adjusts,
}: RecordRequest): string {
  return canonicalJson({
    customerId,
    delta: formatAmount(amount),
    reason,
    referenceId: referenceId ?? null,
    metadata: metadata ?? null,
    adjusts: adjusts ?? null,
  });
}
