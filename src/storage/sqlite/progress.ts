import type { Progress, ProgressStore } from "../../ledger/ports/progress.ts";
import type { Sqlite } from "./database.ts";

type Row = {
  recorded: number;
  latest_index: number;
  confirmed_index: number;
  through: number;
  confirmed_at: number | null;
};

/** Deltas are numbered by arrival without holes, so their counts are numbers of rows: a few points of indexes, whatever the history. */
export function openProgressStore(db: Sqlite): ProgressStore {
  // Anchors are confirmed in order: the latest confirmed one is before the first that is open.
  const overview = db.prepare<[], Row>(`
    WITH made AS (SELECT coalesce(max(id), 0) AS id FROM anchors),
      open AS (SELECT min(anchor) AS id FROM anchor_progress WHERE state <> 'confirmed'),
      confirmed AS (SELECT coalesce((SELECT id FROM open) - 1, (SELECT id FROM made)) AS id)
    SELECT coalesce((SELECT max(id) FROM deltas), 0) AS recorded,
      (SELECT id FROM made) AS latest_index,
      c.id AS confirmed_index,
      coalesce((SELECT through FROM anchors WHERE id = c.id), 0) AS through,
      (SELECT confirmed_at FROM anchor_progress WHERE anchor = c.id) AS confirmed_at
    FROM confirmed c`);
  const recordedAt = db.prepare<[number], { recorded_at: number }>("SELECT recorded_at FROM deltas WHERE id = ?");
  return {
    async progress(): Promise<Progress> {
      const row = overview.get()!;
      return {
        recorded: row.recorded,
        anchored: row.through,
        oldestPendingAt: recordedAt.get(row.through + 1)?.recorded_at ?? null,
        latestIndex: row.latest_index,
        confirmedIndex: row.confirmed_index,
        confirmedAt: row.confirmed_at,
      };
    },
  };
}
