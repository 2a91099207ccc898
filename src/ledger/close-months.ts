import { TallyrootError } from "../core/errors.ts";
import { monthWindow, periodOf } from "./calendar.ts";
import { checkpointAll } from "./checkpoint.ts";
import type { CheckpointStore } from "./checkpoint-ports.ts";
import type { LedgerStore, TenantStore } from "./ports.ts";

/** Milliseconds after a month's end until it is closed: clocks of servers that record may differ. */
const GRACE_MS = 5 * 60_000;
/** Tenants read at once. */
const STEP = 100;

/**
 * Closes the last month that is over: a checkpoint for every customer of every tenant that was active in it. Done again, it changes
 * nothing, so it may be called as often as is convenient.
 *
 * @param now Unix milliseconds.
 * @returns for how many tenants there is something closed.
 */
export async function closeLastMonth(store: LedgerStore & CheckpointStore & TenantStore, now: number): Promise<number> {
  const { from: thisMonth } = monthWindow(periodOf(now - GRACE_MS));
  const window = monthWindow(periodOf(thisMonth - 1));
  let closed = 0;
  for (let offset = 0; ; offset += STEP) {
    const { tenants } = await store.tenants({ offset, limit: STEP });
    for (const tenant of tenants) {
      try {
        await checkpointAll(store, tenant, window, now);
        closed += 1;
      } catch (error) {
        // Nobody was active: there is nothing to close.
        if (!(error instanceof TallyrootError && error.code === "NOT_FOUND")) throw error;
      }
    }
    if (tenants.length < STEP) return closed;
  }
}
