import type { ErasureStore } from "../../ledger/ports/erasure.ts";
import type { Postgres } from "./database.ts";
import { tellOfErasure } from "./erasures.ts";

/**
 * How many deltas are sealed with keys that are still there: generations never go back, so the last of those sealed with an earlier one
 * is found by a bisection.
 */
const READABLE = `
WITH live AS (SELECT min(generation) AS generation FROM ledger_keys WHERE ledger = $1 AND wrapped IS NOT NULL)
SELECT CASE WHEN l.generation IS NULL THEN 0 ELSE h.count - sealed_before($1, l.generation, h.count) END AS readable
FROM live l, ledger_heads h WHERE h.ledger = $1`;

/**
 * Erasing destroys a ledger's keys behind its lock: whoever records in it next, on whichever node, finds no key and makes a new one.
 * No node keeps keys between two commits.
 *
 * PostgreSQL writes a new version of a row instead of overwriting the old one, and what frees the old one's room leaves its bytes there. So the
 * tables are written anew, at once, where the server may (PostgreSQL 17 and later). The server's WAL, its standbys and backups keep what
 * they have for as long as they are kept: how long is the operator's setting, and part of how fast something can be erased.
 */
export function openErasureStore(db: Postgres): ErasureStore {
  return {
    async eraseKeys(_tenant, ledger, _customerId, at) {
      const { erasure, xid } = await db.transaction(async (tx) => {
        tx.query("SELECT 1 FROM ledger_heads WHERE ledger = $1 FOR NO KEY UPDATE", [ledger.id]);
        const numbering = tx.query<{ xid: string }>("SELECT pg_current_xact_id()::text AS xid");
        const counting = tx.query<{ readable: number }>(READABLE, [ledger.id]);
        tx.query(
          "UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL, erased_at = $2 WHERE ledger = $1 AND wrapped IS NOT NULL",
          [ledger.id, at],
        );
        tx.query("UPDATE api_keys SET sealed_label = NULL WHERE ledger_address = $1 AND sealed_label IS NOT NULL", [
          ledger.address,
        ]);
        tellOfErasure(tx, ledger.id);
        const [last] = await tx.query<{ at: number | null }>(
          "SELECT max(erased_at) AS at FROM ledger_keys WHERE ledger = $1",
          [ledger.id],
        );
        const erasure = { erasedDeltas: (await counting)[0]?.readable ?? 0, erasedAt: last?.at ?? at };
        return { erasure, xid: (await numbering)[0]!.xid };
      });
      await db.clean(["ledger_keys", "api_keys"], xid);
      return erasure;
    },
  };
}
