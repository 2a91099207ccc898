import { periodOf } from "./calendar.ts";
import type { Tenant } from "./ports/ledgers.ts";
import type { SurveyStore } from "./ports/survey.ts";

/** What a tenant has recorded in the current UTC month, and may. Null: no quota. */
export type Usage = { period: string; used: number; allowed: number | null };

/**
 * @param quota deltas per tenant and UTC month; null for no quota.
 * @param now Unix milliseconds.
 */
export async function usageOf(
  store: SurveyStore,
  tenant: Tenant,
  { quota, now }: { quota: number | null; now: number },
): Promise<Usage> {
  const period = periodOf(now);
  return { period, used: await store.recordedIn(tenant.id, period), allowed: quota };
}
