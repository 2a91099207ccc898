import { TallyrootError } from "../../core/errors.ts";
import { periodOf } from "../../ledger/calendar.ts";
import type { Sqlite } from "./database.ts";

/**
 * Counts the deltas of each tenant and UTC month, in the transactions that record them, and refuses what is beyond the quota.
 *
 * @param quota deltas per tenant and month; null for none.
 */
export type UsageMeter = {
  /** Why a tenant may not record one delta more, when this commit already has `drafted` of it. */
  refusal(tenantId: number, drafted: number, now: number): TallyrootError | undefined;
  /** Adds to the counter: one statement per tenant and commit, inside its transaction. */
  write(counts: ReadonlyMap<number, number>, now: number): void;
  /** Takes over what was written, once the transaction is on disk. */
  written(counts: ReadonlyMap<number, number>, now: number): void;
};

export function openUsageMeter(db: Sqlite, quota: number | null): UsageMeter {
  const select = db.prepare<[number, string], { deltas: number }>(
    "SELECT deltas FROM usage WHERE tenant = ? AND period = ?",
  );
  const add = db.prepare(
    "INSERT INTO usage (tenant, period, deltas) VALUES (?, ?, ?) ON CONFLICT (tenant, period) DO UPDATE SET deltas = deltas + excluded.deltas",
  );
  const used = new Map<number, { period: string; deltas: number }>();

  function usedIn(tenantId: number, period: string): { deltas: number } {
    const known = used.get(tenantId);
    if (known?.period === period) return known;
    const fresh = { period, deltas: select.get(tenantId, period)?.deltas ?? 0 };
    used.set(tenantId, fresh);
    return fresh;
  }

  return {
    refusal(tenantId, drafted, now) {
      if (quota === null) return undefined;
      const period = periodOf(now);
      if (usedIn(tenantId, period).deltas + drafted < quota) return undefined;
      return new TallyrootError("QUOTA_EXCEEDED", `the quota of ${quota} deltas for ${period} is used up`, {
        allowed: quota,
        period,
      });
    },
    write(counts, now) {
      for (const [tenantId, count] of counts) add.run(tenantId, periodOf(now), count);
    },
    written(counts, now) {
      if (quota === null) return;
      const period = periodOf(now);
      for (const [tenantId, count] of counts) {
        const known = used.get(tenantId);
        if (known?.period === period) known.deltas += count;
      }
    },
  };
}
