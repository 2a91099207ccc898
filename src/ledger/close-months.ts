import { monthWindow, periodOf } from "./calendar.ts";
import { checkpointAll } from "./checkpoint.ts";
import type { CheckpointStore } from "./ports/checkpoints.ts";
import type { EffectStore } from "./ports/effects.ts";
import type { LedgerStore } from "./ports/ledgers.ts";
import type { TenantStore } from "./ports/tenants.ts";

/** Milliseconds after a month's end until it is closed: clocks of servers that record may differ. */
const GRACE_MS = 5 * 60_000;
/** Tenants read at once. */
const STEP = 100;

/** The last month that is over, `YYYY-MM`, and for how many tenants there is something closed in it. */
export type ClosedMonth = { period: string; tenants: number };

/**
 * Closes the last month that is over: a checkpoint for every customer of every tenant that was active in it. Done again, it changes
 * nothing.
 *
 * @param now Unix milliseconds.
 */
export async function closeLastMonth(
  store: LedgerStore & CheckpointStore & EffectStore & TenantStore,
  now: number,
): Promise<ClosedMonth> {
  const period = lastMonth(now);
  let closed = 0;
  for (let offset = 0; ; offset += STEP) {
    const { tenants } = await store.tenants({ offset, limit: STEP });
    for (const tenant of tenants) {
      if (await checkpointAll(store, tenant, monthWindow(period), { now })) closed += 1;
    }
    if (tenants.length < STEP) return { period, tenants: closed };
  }
}

/** The last month that is over at a time, and has been for long enough. */
export function lastMonth(now: number): string {
  return periodOf(monthWindow(periodOf(now - GRACE_MS)).from - 1);
}
