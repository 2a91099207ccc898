import { formatAmount } from "../core/amount.ts";
import { canonicalJson, type Content } from "../core/content.ts";
import { TallyrootError } from "../core/errors.ts";
import type { Contents } from "./contents.ts";
import type { LedgerStore, RecordRequest, StoredDelta } from "./ports.ts";

/** What `record` answers: the delta as it is on disk, and whether it was there before. */
export type Recorded = { delta: StoredDelta; replayed: boolean };

/**
 * Records one delta: the answer comes after it is on disk.
 *
 * The same request id with the same members gives the delta that was recorded first, however often and whenever it is sent; the
 * request id is stored with the delta itself, so no crash can come between them.
 *
 * @throws TallyrootError IDEMPOTENCY_CONFLICT naming the members that differ; BALANCE_OVERFLOW; SERVICE_UNAVAILABLE
 */
export async function recordDelta({ store, contents }: { store: LedgerStore; contents: Contents }, request: RecordRequest): Promise<Recorded> {
  const [outcome] = await store.record([request], false);
  if (outcome?.kind === "recorded") return { delta: outcome.delta, replayed: false };
  if (outcome?.kind === "replayed") {
    await refuseConflict(contents, request, outcome.delta);
    return { delta: outcome.delta, replayed: true };
  }
  throw outcome!.error;
}

async function refuseConflict(contents: Contents, request: RecordRequest, earlier: StoredDelta): Promise<void> {
  const before = await contents.contentOf(earlier);
  const differs = before ? differingMembers(request, before) : earlier.amount === request.amount ? [] : ["delta"];
  if (differs.length === 0) return;
  throw new TallyrootError("IDEMPOTENCY_CONFLICT", `this idempotency key was used before with another ${differs.join(", ")}`, { differs });
}

function differingMembers(request: RecordRequest, before: Content): string[] {
  const now: Record<string, unknown> = { ...request, delta: formatAmount(request.amount) };
  const members = ["customerId", "delta", "reason", "referenceId", "metadata", "adjusts"] as const;
  return members.filter((member) => canonicalJson(now[member] ?? null) !== canonicalJson(before[member] ?? null));
}
