import { RECORD_TABLES, type RecordTable, STATE_TABLES, type StateTable } from "../../sqlite/bundle-tables.ts";
import { NOTE, STEPS } from "../move-in/tables.ts";

/**
 * Where the rows of each table of SQLite are in PostgreSQL: the way in, read in the other direction. Where nothing is said they are in the
 * table of the same name, in columns of the same names.
 */

/** Tables of SQLite that are filled, in their order: what others refer to comes first. Those that follow from the deltas are made with them. */
export const FILLED: readonly (RecordTable | StateTable)[] = [
  ...RECORD_TABLES,
  // What a bundle keeps in two parts is one table.
  ...STATE_TABLES.filter(({ name }) => RECORD_TABLES.every((table) => table.name !== name)),
];

/** Tables whose rows stand otherwise in PostgreSQL. Deltas have an order besides, see `DELTAS`. */
export const SOURCES: Readonly<Record<string, string>> = {
  // Of what is noted in one more row each time, the last.
  facts: `(SELECT name, value FROM facts WHERE NOT starts_with(name, '${NOTE}.')
    UNION ALL (SELECT '${NOTE}', value FROM facts WHERE starts_with(name, '${NOTE}.') ORDER BY length(name) DESC, name DESC LIMIT 1)
    UNION ALL SELECT 'requests.digests', 'yes')`,
  // In the order in which SQLite would have numbered them.
  api_key_labels:
    "(SELECT row_number() OVER (ORDER BY created_at, public_id) AS id, public_id, sealed_label FROM api_keys)",
  // Those without their anchor are what a crash left of one that was never made.
  anchor_leaves: "(SELECT * FROM anchor_leaves WHERE anchor IN (SELECT id FROM anchors))",
  usage: "(SELECT tenant, period, sum(deltas)::bigint AS deltas FROM usage GROUP BY tenant, period)",
};

/** Columns of amounts, which SQLite has as canonical text. */
const AMOUNTS = new Set(
  STEPS.flatMap(({ name, into }) =>
    Object.entries(into[0]!.columns).flatMap(([column, type]) => (type === "numeric" ? [`${name}.${column}`] : [])),
  ),
);

export function isAmount(table: string, column: string): boolean {
  return AMOUNTS.has(`${table}.${column}`);
}

/** What a table's rows come in the order of: SQLite fills up pages when they come by their key. */
export function orderOf(table: string): string {
  return STEPS.find(({ name }) => name === table)?.key.join() ?? "t.id";
}

/** Deltas of a ledger, found by its key each time: without the offset, all of them might be joined by ledger, and most of that dropped. */
const rangeOf = (ledger: string, sequences: string) =>
  `SELECT * FROM deltas d WHERE d.ledger = ${ledger} AND d.sequence ${sequences} OFFSET 0`;

/** Anchors whose deltas are put in order at once. */
export const ANCHORS_AT_ONCE = 1_000;

/**
 * Deltas in an order in which they may have arrived, and the same each time: PostgreSQL keeps none. Those that an anchor took in come before
 * those of the next, which SQLite tells by their numbers; those of one anchor by their times, and of one moment by ledger and sequence.
 */
export const DELTAS = {
  /** The deltas that anchors took in, from one to another. */
  anchored: (columns: string, first: number) =>
    `SELECT ${columns} FROM anchor_leaves l
    CROSS JOIN LATERAL (SELECT coalesce(max(count), 0) AS count FROM anchor_leaves
      WHERE checkpoint IS NULL AND ledger = l.ledger AND count < l.count) p
    CROSS JOIN LATERAL (${rangeOf("l.ledger", "> p.count AND d.sequence <= l.count")}) t
    WHERE l.checkpoint IS NULL AND l.anchor BETWEEN ${first} AND ${first + ANCHORS_AT_ONCE - 1}
      AND l.anchor IN (SELECT id FROM anchors)
    ORDER BY l.anchor, t.recorded_at, t.ledger, t.sequence`,
  /** The deltas that none has taken in yet. */
  waiting: (columns: string) =>
    `SELECT ${columns} FROM ledgers g
    CROSS JOIN LATERAL (SELECT coalesce(max(l.count), 0) AS count FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor
      WHERE l.checkpoint IS NULL AND l.ledger = g.id) p
    CROSS JOIN LATERAL (${rangeOf("g.id", "> p.count")}) t
    ORDER BY t.recorded_at, t.ledger, t.sequence`,
} as const;
