import { parseAmount } from "../../core/amount.ts";
import type { SurveyStore } from "../../ledger/ports/survey.ts";
import type { Postgres } from "./database.ts";

type StandingRow = { id: number; count: number; balance: string; recorded_at: number; confirmed: number };

/** Counting over the record; each statement reads a short range of one index. */
export function openSurveyStore({ read }: Postgres): SurveyStore {
  return {
    async recordedIn(tenantId, period) {
      const [row] = await read<{ deltas: number }>(
        "SELECT coalesce(sum(deltas), 0)::bigint AS deltas FROM usage WHERE tenant = $1 AND period = $2",
        [tenantId, period],
      );
      return row!.deltas;
    },
    async ledgerStandings(tenantId, after, limit) {
      // From the last rows, not from the heads' cache: this is looked at where somebody doubts.
      const rows = await read<StandingRow>(
        `SELECT l.id, d.sequence AS count, d.balance, d.recorded_at, coalesce(c.count, 0) AS confirmed
        FROM (SELECT id FROM ledgers WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3) l
        CROSS JOIN LATERAL (SELECT sequence, balance, recorded_at FROM deltas WHERE ledger = l.id ORDER BY sequence DESC LIMIT 1) d
        LEFT JOIN LATERAL (SELECT h.count FROM anchor_leaves h JOIN anchor_progress p ON p.anchor = h.anchor
          WHERE h.checkpoint IS NULL AND h.ledger = l.id AND p.state = 'confirmed' ORDER BY h.count DESC LIMIT 1) c ON true
        ORDER BY l.id`,
        [tenantId, after, limit],
      );
      return rows.map(({ id, count, balance, recorded_at, confirmed }) => ({
        ledgerId: id,
        count,
        balance: parseAmount(balance),
        lastDeltaAt: recorded_at,
        confirmed,
      }));
    },
    async countSequences(ledger, first, last) {
      const [row] = await read<{ n: number }>(
        "SELECT count(*) AS n FROM deltas WHERE ledger = $1 AND sequence BETWEEN $2 AND $3",
        [ledger.id, first, last],
      );
      return row!.n;
    },
    async sequences(ledger, first, last) {
      const rows = await read<{ sequence: number }>(
        "SELECT sequence FROM deltas WHERE ledger = $1 AND sequence BETWEEN $2 AND $3 ORDER BY sequence",
        [ledger.id, first, last],
      );
      return rows.map(({ sequence }) => sequence);
    },
  };
}
