import type { Row } from "./audit-rows.ts";

/** What stands beside the deltas, and must say of them what they are; a sentence for each that does not. */
const PROBLEMS: readonly (readonly [sql: string, problem: string])[] = [
  [
    "SELECT (SELECT count(*) FROM deltas) - coalesce((SELECT sum(deltas) FROM recorded), 0) AS n",
    "more deltas are there than were counted as they were recorded",
  ],
  [
    "SELECT count(*) AS n FROM ledger_heads h WHERE NOT EXISTS (SELECT 1 FROM deltas d WHERE d.ledger = h.ledger AND d.sequence = h.count AND d.balance = h.balance AND d.recorded_at = h.recorded_at)",
    "ledgers do not stand where their last deltas say",
  ],
  [
    "SELECT count(*) AS n FROM ledgers l WHERE NOT EXISTS (SELECT 1 FROM ledger_heads h WHERE h.ledger = l.id)",
    "ledgers have no head",
  ],
  [
    "SELECT count(*) AS n FROM ledger_heads h WHERE NOT h.moved AND h.count <> (SELECT coalesce(max(l.count), 0) FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor WHERE l.checkpoint IS NULL AND l.ledger = h.ledger)",
    "ledgers have deltas that no anchor took in, and are not noted as moved",
  ],
  [
    "SELECT count(*) AS n FROM deltas d LEFT JOIN request_ids r ON r.request_id = d.request_id WHERE d.request_id IS NOT NULL AND (r.ledger IS DISTINCT FROM d.ledger OR r.sequence IS DISTINCT FROM d.sequence)",
    "deltas are not found by their request ids",
  ],
  [
    "SELECT count(*) AS n FROM request_ids r WHERE r.ledger IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deltas d WHERE d.ledger = r.ledger AND d.sequence = r.sequence AND d.request_id = r.request_id)",
    "request ids name deltas that are not there, or are others'",
  ],
  [
    "SELECT count(*) AS n FROM request_ids r FULL JOIN requests q ON q.request_id = r.request_id WHERE r.ledger IS NULL AND (r.request_id IS NULL OR q.request_id IS NULL)",
    "notes of requests and request ids do not belong together",
  ],
  [
    "SELECT coalesce(checksum_failures, 0) AS n FROM pg_stat_database WHERE datname = current_database()",
    "pages failed their checksums since the server's statistics were reset",
  ],
];

/** Sentences about what stands beside the deltas and contradicts them. */
export async function problemsBeside(all: (text: string) => Promise<Row[]>): Promise<string[]> {
  const found: string[] = [];
  for (const [sql, problem] of PROBLEMS) {
    const n = Number((await all(sql))[0]!.n);
    if (n < 0) found.push(`${-n} deltas are missing that were counted as they were recorded`);
    else if (n > 0) found.push(`${n}: ${problem}`);
  }
  return found;
}
