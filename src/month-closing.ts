import type { CheckpointStore } from "./ledger/checkpoint-ports.ts";
import { closeLastMonth } from "./ledger/close-months.ts";
import type { LedgerStore, Log, TenantStore } from "./ledger/ports.ts";

/** Milliseconds between two looks at the calendar. */
const INTERVAL_MS = 10 * 60_000;

/** Closes each month by itself once it is over. A failure is logged, and the next look tries again. */
export function startMonthClosing(store: LedgerStore & CheckpointStore & TenantStore, clock: () => number, log: Log): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  const look = async () => {
    try {
      const closed = await closeLastMonth(store, clock());
      log.debug({ tenants: closed }, "the last month is closed");
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
