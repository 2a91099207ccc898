import { closeLastMonth, lastMonth } from "../ledger/close-months.ts";
import type { CheckpointStore } from "../ledger/ports/checkpoints.ts";
import type { EffectStore } from "../ledger/ports/effects.ts";
import type { LedgerStore } from "../ledger/ports/ledgers.ts";
import type { Log } from "../ledger/ports/log.ts";
import type { TenantStore } from "../ledger/ports/tenants.ts";

/** Milliseconds between two looks at the calendar. */
const INTERVAL_MS = 10 * 60_000;

/**
 * Closes each month by itself once it is over. A month that a process has closed is not gone through again by it. A failure is logged,
 * and the next look tries again.
 */
export function startMonthClosing(
  store: LedgerStore & CheckpointStore & EffectStore & TenantStore,
  log: Log,
): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let closed: string | undefined;
  const look = async () => {
    try {
      const now = await store.now();
      if (closed === lastMonth(now)) return;
      const { period, tenants } = await closeLastMonth(store, now);
      closed = period;
      log.info({ period, tenants }, "the last month is closed");
    } catch (error) {
      log.error({ err: error }, "the last month could not be closed; it is tried again");
    }
  };
  const start = () => {
    running = running.then(look);
  };
  start();
  const timer = setInterval(start, INTERVAL_MS);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
