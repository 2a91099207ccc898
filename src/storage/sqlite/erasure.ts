import { setTimeout as sleep } from "node:timers/promises";
import { TallyrootError } from "../../core/errors.ts";
import type { Erasure, ErasureStore } from "../../ledger/ports/erasure.ts";
import type { Ledger } from "../../ledger/ports/ledgers.ts";
import { emptyWal, isStorageTrouble, type Sqlite } from "./database.ts";
import type { SqliteReader } from "./reader.ts";
import type { SqliteWriter } from "./writer.ts";

/** Tries to fold the WAL back while the other connection is reading or writing, and milliseconds between two of them. */
const MOST_TRIES = 200;
const TRY_EVERY_MS = 10;

/**
 * Destroys the keys of a ledger and the labels of API keys for it, in one transaction. With `secure_delete` an emptied cell is overwritten in its page;
 * no other page has a copy (see migrations/4-erasure.ts); the page's earlier images in the WAL are gone once it is folded back and cut
 * to nothing.
 */
export function openKeyDestruction(db: Sqlite, reader: SqliteReader): (ledger: Ledger, at: number) => Erasure {
  const destroy = db.prepare(
    "UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL, erased_at = ? WHERE ledger = ? AND wrapped IS NOT NULL",
  );
  const eraseLabels = db.prepare(
    "UPDATE api_key_labels SET sealed_label = NULL WHERE sealed_label IS NOT NULL AND public_id IN (SELECT public_id FROM api_keys WHERE ledger_address = ?)",
  );
  const lastErased = db.prepare<[number], { at: number | null }>(
    "SELECT max(erased_at) AS at FROM ledger_keys WHERE ledger = ?",
  );

  /** How many deltas are sealed with a key that is still there: generations never go back, so a bisection finds where they begin. */
  function readable(ledger: Ledger): number {
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

  const erase = db.transaction((ledger: Ledger, at: number) => {
    const erasedDeltas = readable(ledger);
    destroy.run(at, ledger.id);
    eraseLabels.run(ledger.address);
    return { erasedDeltas, erasedAt: lastErased.get(ledger.id)?.at ?? at };
  });

  return erase.immediate;
}

/**
 * Erasing: the writer destroys the keys, and what is left of them in the files is overwritten.
 *
 * @param forgetKeysOf drops API keys for the ledger, which have labels, from memory.
 */
export function openErasureStore(
  db: Sqlite,
  { writer, forgetKeysOf }: { writer: SqliteWriter; forgetKeysOf: (ledgerAddress: Uint8Array) => void },
): ErasureStore {
  /** The other connection may be in the middle of something: it is not waited for inside SQLite, which would stop this thread. */
  async function overwriteOldPages(): Promise<void> {
    let trouble: Error | undefined;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      try {
        if (emptyWal(db)) return;
      } catch (error) {
        if (!isStorageTrouble(error)) throw error;
        trouble = error;
      }
      await sleep(TRY_EVERY_MS);
    }
    throw new TallyrootError(
      "SERVICE_UNAVAILABLE",
      "the keys are destroyed, but old pages of the database could not be overwritten now: erase again",
      { retryAfterSeconds: 1 },
      { cause: trouble },
    );
  }

  return {
    async eraseKeys(tenant, ledger, customerId, at) {
      const erasure = await writer.eraseKeys(tenant.id, customerId, ledger, at);
      forgetKeysOf(ledger.address);
      // Also where nothing was left to erase: an earlier try may have ended before this.
      await overwriteOldPages();
      return erasure;
    },
  };
}
