import { setTimeout as sleep } from "node:timers/promises";
import { TallyrootError } from "../../core/errors.ts";
import type { ErasureStore } from "../../ledger/ports/erasure.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteReader } from "./reader.ts";
import { writing } from "./refused-write.ts";

/** Tries to fold the WAL back while the other connection is reading or writing, and milliseconds between two of them. */
const MOST_TRIES = 200;
const TRY_EVERY_MS = 10;

/**
 * Erasing by destroying keys. With `secure_delete` an emptied cell is overwritten in its page; the page's earlier images in the WAL are
 * gone once it is folded back and cut to nothing.
 *
 * @param forget drops the writer's open key of a ledger, in the same turn in which the stored ones are destroyed.
 */
export function openErasureStore(
  db: Sqlite,
  { reader, forget }: { reader: SqliteReader; forget: (tenantId: number, customerId: string) => void },
): ErasureStore {
  const destroy = db.prepare(
    "UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL, erased_at = ? WHERE ledger = ? AND wrapped IS NOT NULL",
  );
  const lastErased = db.prepare<[number], { at: number | null }>(
    "SELECT max(erased_at) AS at FROM ledger_keys WHERE ledger = ?",
  );

  /** How many deltas are sealed with a key that is still there: generations never go back, so a bisection finds where they begin. */
  function readable(ledger: Parameters<SqliteReader["lastDelta"]>[0]): number {
    const live = reader.keysOf(ledger.id).find((key) => key.wrapped !== null)?.generation;
    const last = reader.lastDelta(ledger)?.sequence ?? 0;
    if (live === undefined) return 0;
    let [erased, kept] = [0, last + 1];
    while (kept - erased > 1) {
      const middle = Math.floor((erased + kept) / 2);
      const delta = reader.delta(ledger, middle);
      if (delta && delta.generation < live) erased = middle;
      else kept = middle;
    }
    return last - erased;
  }

  const erase = db.transaction((ledger: Parameters<SqliteReader["lastDelta"]>[0], at: number) => {
    const erasedDeltas = readable(ledger);
    destroy.run(at, ledger.id);
    return { erasedDeltas, erasedAt: lastErased.get(ledger.id)?.at ?? at };
  });

  /** The other connection may be in the middle of something: it is not waited for inside SQLite, which would stop this thread. */
  async function emptyWal(): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const timeout = db.pragma("busy_timeout", { simple: true }) as number;
      db.pragma("busy_timeout = 0");
      const [result] = db.pragma("wal_checkpoint(TRUNCATE)") as [{ busy: number }];
      db.pragma(`busy_timeout = ${timeout}`);
      if (result.busy === 0) return;
      await sleep(TRY_EVERY_MS);
    }
    throw new TallyrootError(
      "SERVICE_UNAVAILABLE",
      "the keys are destroyed, but old pages of the database could not be overwritten now: erase again",
      { retryAfterSeconds: 1 },
    );
  }

  return {
    async eraseKeys(tenant, ledger, customerId, at) {
      const erasure = writing(() => erase.immediate(ledger, at));
      forget(tenant.id, customerId);
      // Also where nothing was left to erase: an earlier try may have ended before this.
      await emptyWal();
      return erasure;
    },
  };
}
