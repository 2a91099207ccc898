import type { ProgressStore } from "../../ledger/ports/progress.ts";
import type { Postgres } from "./database.ts";

type Row = {
  recorded: number;
  latest_index: number;
  confirmed_index: number;
  through: number;
  oldest: number | null;
  confirmed_at: number | null;
};

/**
 * Anchors are confirmed in order, so the latest confirmed one is before the first that is open. What is recorded is counted in slots; the
 * oldest delta that waits is the first of a ledger that has moved, or was so when an anchor took it in that is still open.
 */
const OVERVIEW = `
WITH made AS (SELECT coalesce(max(id), 0) AS id FROM anchors),
  open AS (SELECT min(anchor) AS id FROM anchor_progress WHERE state <> 'confirmed'),
  confirmed AS (SELECT coalesce((SELECT id FROM open) - 1, (SELECT id FROM made)) AS id)
SELECT coalesce((SELECT sum(deltas) FROM recorded), 0)::bigint AS recorded,
  (SELECT id FROM made) AS latest_index,
  c.id AS confirmed_index,
  coalesce((SELECT through FROM anchors WHERE id = c.id), 0) AS through,
  least((SELECT min(pending_since) FROM ledger_heads WHERE moved),
    (SELECT min(pending_since) FROM anchors WHERE id > c.id)) AS oldest,
  (SELECT confirmed_at FROM anchor_progress WHERE anchor = c.id) AS confirmed_at
FROM confirmed c`;

export function openProgressStore({ read }: Postgres): ProgressStore {
  return {
    async progress() {
      const [row] = await read<Row>(OVERVIEW);
      const { recorded, through, oldest, latest_index, confirmed_index, confirmed_at } = row!;
      return {
        recorded,
        anchored: through,
        oldestPendingAt: oldest,
        latestIndex: latest_index,
        confirmedIndex: confirmed_index,
        confirmedAt: confirmed_at,
      };
    },
  };
}
