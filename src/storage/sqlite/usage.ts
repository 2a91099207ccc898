import { parseAmount } from "../../core/amount.ts";
import type { Ledger } from "../../ledger/ports/ledgers.ts";
import type { SurveyStore } from "../../ledger/ports/survey.ts";
import type { Sqlite } from "./database.ts";

type StandingRow = { id: number; sequence: number; balance: string; recorded_at: number; confirmed: number | null };

/** Counting over the record; each statement reads a short range of one index. */
export function openSurveyStore(db: Sqlite): SurveyStore {
  const recorded = db.prepare<[number, string], { deltas: number }>(
    "SELECT deltas FROM usage WHERE tenant = ? AND period = ?",
  );
  const standings = db.prepare<[number, number, number], StandingRow>(
    `SELECT l.id, d.sequence, d.balance, d.recorded_at,
      (SELECT h.count FROM anchor_leaves h JOIN anchor_progress p ON p.anchor = h.anchor
        WHERE h.checkpoint IS NULL AND h.ledger = l.id AND p.state = 'confirmed' ORDER BY h.count DESC LIMIT 1) AS confirmed
    FROM ledgers l JOIN deltas d ON d.ledger = l.id AND d.sequence = (SELECT max(sequence) FROM deltas WHERE ledger = l.id)
    WHERE l.tenant = ? AND l.id > ? ORDER BY l.id LIMIT ?`,
  );
  const present = db.prepare<[number, number, number], { n: number }>(
    "SELECT count(*) AS n FROM deltas WHERE ledger = ? AND sequence BETWEEN ? AND ?",
  );
  const sequences = db
    .prepare<[number, number, number], number>(
      "SELECT sequence FROM deltas WHERE ledger = ? AND sequence BETWEEN ? AND ? ORDER BY sequence",
    )
    .pluck();
  return {
    recordedIn: async (tenantId, period) => recorded.get(tenantId, period)?.deltas ?? 0,
    async ledgerStandings(tenantId, after, limit) {
      return standings.all(tenantId, after, limit).map(({ id, sequence, balance, recorded_at, confirmed }) => ({
        ledgerId: id,
        count: sequence,
        balance: parseAmount(balance),
        lastDeltaAt: recorded_at,
        confirmed: confirmed ?? 0,
      }));
    },
    countSequences: async (ledger: Ledger, first, last) => present.get(ledger.id, first, last)!.n,
    sequences: async (ledger: Ledger, first, last) => sequences.all(ledger.id, first, last),
  };
}
