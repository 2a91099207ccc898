import type Database from "better-sqlite3";
import type { RowName } from "../../audit/findings.ts";
import type {
  AuditStore,
  CheckpointRow,
  DeltaKey,
  Entry,
  HeadKey,
  KeyIndex,
  LeafKey,
  MemberRow,
  TransactionKey,
} from "../../audit/port.ts";
import type { Cell } from "../row-digest.ts";
import { openListings } from "./audit-listing.ts";
import {
  ANCHORS,
  BATCHES,
  CHECKPOINTS,
  columnsOf,
  DELTAS,
  LEAVES,
  LEDGER_KEYS,
  LEDGERS,
  PROGRESS,
  packedColumnsOf,
  TENANTS,
  TRANSACTIONS,
} from "./audit-rows.ts";
import { foreignProblems, guarded, integrityProblems, readable, walked } from "./damaged-file.ts";
import type { Sqlite } from "./database.ts";
import { type OddRow, oddRows } from "./row-forms.ts";

/** Page cache of the audit's connection, in KiB. */
const CACHE_KIB = 16 * 1024;

/**
 * The record in a SQLite file as the audit reads it. Rows are found through the indexes that the server uses, and read from the tables
 * themselves: where both have a column, SQLite would take it from the index, and damage in the table would stay unseen.
 *
 * The connection must have the file for itself: many short reads, and no transaction around them.
 */
export function openAuditView(db: Sqlite): AuditStore {
  // Each page is met a few times at most: what is read once need not be kept.
  db.pragma(`cache_size = -${CACHE_KIB}`);
  const facts = new Map(
    db
      .prepare<[], { name: string; value: string }>("SELECT name, value FROM facts")
      .all()
      .map(({ name, value }) => [name, value]),
  );
  const { openListing, byNumber } = openListings(db, facts);

  const DELTA_KEYS =
    "SELECT id, ledger, sequence FROM deltas INDEXED BY deltas_by_ledger WHERE (ledger, sequence) > (?, ?) ORDER BY ledger, sequence LIMIT ?";
  const deltaKeys = db.prepare<[number, number, number], DeltaKey>(DELTA_KEYS);
  const deltasWith = (columns: string) =>
    `SELECT i.ledger, i.sequence, ${columns} FROM (${DELTA_KEYS}) i LEFT JOIN deltas d ON d.id = i.id ORDER BY i.ledger, i.sequence`;
  const packedDeltas = packedColumnsOf(DELTAS, "d");
  const deltas = openListing({
    table: DELTAS,
    sql: deltasWith(columnsOf(DELTAS, "d")),
    quick: { sql: deltasWith(packedDeltas.sql), columns: packedDeltas },
    keyColumns: 2,
    keyOf: ([ledger, sequence]): DeltaKey => ({ ledger: ledger as number, sequence: sequence as number }),
    parametersOf: ({ ledger, sequence }) => [ledger, sequence],
    next({ ledger, sequence }) {
      const key = deltaKeys.get(ledger, sequence, 1);
      return key && { ledger: key.ledger, sequence: key.sequence };
    },
  });

  // Leaves that a crash left behind without their anchor do not count.
  const HEAD_KEYS =
    "SELECT h.ledger, h.count, h.anchor, h.position FROM anchor_leaves h INDEXED BY anchor_leaves_by_ledger WHERE h.checkpoint IS NULL AND (h.ledger, h.count, h.anchor, h.position) > (?, ?, ?, ?) AND EXISTS (SELECT 1 FROM anchors a WHERE a.id = h.anchor) ORDER BY h.ledger, h.count, h.anchor, h.position LIMIT ?";
  const headKeys = db.prepare<number[], HeadKey>(HEAD_KEYS);
  const heads = openListing({
    table: LEAVES,
    sql: `SELECT i.ledger, i.count, i.anchor, i.position, ${columnsOf(LEAVES, "l")} FROM (${HEAD_KEYS}) i LEFT JOIN anchor_leaves l ON l.anchor = i.anchor AND l.position = i.position ORDER BY i.ledger, i.count, i.anchor, i.position`,
    keyColumns: 4,
    keyOf: (cells): HeadKey => {
      const [ledger, count, anchor, position] = cells as number[];
      return { ledger: ledger!, count: count!, anchor: anchor!, position: position! };
    },
    parametersOf: ({ ledger, count, anchor, position }) => [ledger, count, anchor, position],
    next: ({ ledger, count, anchor, position }) => headKeys.get(ledger, count, anchor, position, 1),
  });

  const leaves = openListing({
    table: LEAVES,
    sql: `SELECT ${columnsOf(LEAVES, "l")} FROM anchor_leaves l WHERE l.anchor = ? AND l.position > ? ORDER BY l.position LIMIT ?`,
    keyColumns: 0,
    keyOf: ([anchor, position]): LeafKey => ({ anchor: anchor as number, position: position as number }),
    parametersOf: ({ anchor, position }) => [anchor, position],
    // Key and leaf are one row of one tree: a damaged row misleads the search for others. Only a walk from the beginning meets it.
    next({ anchor, position }) {
      const damaged = unreadableLeaf();
      if (!damaged) return { anchor, position: position + 1 };
      return damaged.anchor === anchor && damaged.position > position ? damaged : undefined;
    },
  });

  /** The first leaf, from the beginning of the tree, that cannot be read whole; undefined when all can. */
  function unreadableLeaf(): LeafKey | undefined {
    const whole = walked(wholeLeaves, Number.POSITIVE_INFINITY);
    if (!whole.broken) return undefined;
    // Its key alone can be read more often than not; otherwise its place is after that of the one before.
    const keys = walked(leafKeys, whole.rows + 1);
    const [anchor, position] = (keys.last ?? [1, -1]) as [number, number];
    return { anchor, position: keys.rows > whole.rows ? position : position + 1 };
  }

  const keysOf = openListing({
    table: LEDGER_KEYS,
    sql: `SELECT ${columnsOf(LEDGER_KEYS, "k")} FROM ledger_keys k WHERE k.ledger = ? AND k.generation > ? ORDER BY k.generation LIMIT ?`,
    keyColumns: 0,
    keyOf: ([ledger, generation]): GenerationKey => ({ ledger: ledger as number, generation: generation as number }),
    parametersOf: ({ ledger, generation }) => [ledger, generation],
    next: ({ ledger, generation }) => ({ ledger, generation: generation + 1 }),
  });

  const transactions = openListing({
    table: TRANSACTIONS,
    sql: `SELECT ${columnsOf(TRANSACTIONS, "x")} FROM anchor_transactions x WHERE x.anchor = ? AND x.attempt > ? ORDER BY x.attempt LIMIT ?`,
    keyColumns: 0,
    keyOf: ([anchor, attempt]): TransactionKey => ({ anchor: anchor as number, attempt: attempt as number }),
    parametersOf: ({ anchor, attempt }) => [anchor, attempt],
    next: ({ anchor, attempt }) => ({ anchor, attempt: attempt + 1 }),
  });

  const ledgers = byNumber(LEDGERS);
  const progress = byNumber(PROGRESS);
  const checkpoints = byNumber(CHECKPOINTS);

  /** The one row of a number, of a list by numbers. */
  async function at<Row>(list: (after: number, limit: number) => Promise<Entry<number, Row>[]>, number: number) {
    const [entry] = await list(number - 1, 1);
    return entry?.key === number ? entry : undefined;
  }

  const arrivals = db.prepare<[], { rows: number; last: number }>(
    "SELECT (SELECT count(*) FROM deltas NOT INDEXED) AS rows, coalesce(max(id), 0) AS last FROM deltas",
  );
  const indexedKeys = {
    fingerprint_index: db.prepare<[number], Buffer>("SELECT fingerprint FROM deltas WHERE id = ?").pluck(),
    request_index: db.prepare<[number], Buffer | null>("SELECT request_id FROM deltas WHERE id = ?").pluck(),
  };
  const lastLedger = db.prepare<[], number>("SELECT coalesce(max(id), 0) FROM ledgers").pluck();
  const holes = db
    .prepare<[number], number>(
      "SELECT d.id FROM deltas d WHERE d.id > 1 AND NOT EXISTS (SELECT 1 FROM deltas p WHERE p.id = d.id - 1) ORDER BY d.id LIMIT ?",
    )
    .pluck();
  const stray = db.prepare<[number], { table: string; anchor: number }>(
    `SELECT 'anchor_transactions' AS "table", anchor FROM anchor_transactions WHERE anchor NOT IN (SELECT id FROM anchors)
    UNION ALL SELECT 'anchor_progress', anchor FROM anchor_progress WHERE anchor NOT IN (SELECT id FROM anchors)
    UNION ALL SELECT 'anchor_leaves', max(anchor) FROM anchor_leaves HAVING max(anchor) > (SELECT coalesce(max(id), 0) + 1 FROM anchors)
    LIMIT ?`,
  );
  const leafKeys = db.prepare<Cell[], Cell[]>("SELECT anchor, position FROM anchor_leaves NOT INDEXED").raw();
  const wholeLeaves = db
    .prepare<Cell[], Cell[]>(`SELECT ${columnsOf(LEAVES, "l")} FROM anchor_leaves l NOT INDEXED`)
    .raw();
  const windowIds = db
    .prepare<[number], number>("SELECT id FROM checkpoints WHERE ledger = ? AND kind = 'window' ORDER BY id")
    .pluck();
  const selected = db
    .prepare<[number, number, number], number>(
      "SELECT sequence FROM checkpoint_selections WHERE checkpoint = ? AND sequence > ? ORDER BY sequence LIMIT ?",
    )
    .pluck();
  const members = db.prepare<[string, number, number], MemberRow>(
    "SELECT statement_id AS statementId, position, checkpoint FROM checkpoint_batch_members WHERE statement_id = ? AND position > ? ORDER BY position LIMIT ?",
  );
  const usage = db.prepare<[], { tenant: number; period: string; deltas: number }>(
    "SELECT tenant, period, deltas FROM usage",
  );
  const indexes = Object.fromEntries(
    (["fingerprint_index", "request_index"] as const).map((index) => [
      index,
      db.prepare<[number, number, number], { prefix: number; delta: number }>(
        `SELECT prefix, delta FROM ${index} WHERE (prefix, delta) > (?, ?) ORDER BY prefix, delta LIMIT ?`,
      ),
    ]),
  ) as Record<KeyIndex, Database.Statement<[number, number, number], { prefix: number; delta: number }>>;

  const deltaAt = db.prepare<[number], { ledger: string; sequence: number }>(
    "SELECT '0x' || lower(hex(l.address)) AS ledger, d.sequence FROM deltas d JOIN ledgers l ON l.id = d.ledger WHERE d.id = ?",
  );
  /** How findings name the rows of each table. */
  const nameOf: Readonly<Record<string, (odd: OddRow) => RowName>> = {
    deltas: (odd) => ("rowid" in odd ? (deltaAt.get(odd.rowid) ?? { arrival: odd.rowid }) : {}),
    checkpoints: (odd) => ("rowid" in odd ? { number: odd.rowid } : {}),
    anchors: (odd) => ("rowid" in odd ? { anchor: odd.rowid } : {}),
    anchor_progress: (odd) => ("rowid" in odd ? { anchor: odd.rowid } : {}),
    anchor_leaves: (odd) => ("key" in odd ? { anchor: odd.key[0], position: odd.key[1] } : {}),
    anchor_transactions: (odd) => ("key" in odd ? { anchor: odd.key[0], attempt: odd.key[1] } : {}),
  };

  return guarded({
    async oddRows(limit) {
      // The copy is the audit's own: with nothing left in its WAL, its file is all of it.
      db.pragma("wal_checkpoint(TRUNCATE)");
      const found: { table: string; row: RowName }[] = [];
      for (const [table, name] of Object.entries(nameOf)) {
        for (const odd of oddRows(db, table)) {
          found.push({ table, row: name(odd) });
          if (found.length === limit) return found;
        }
      }
      return found;
    },
    facts: async () => facts,
    tenants: byNumber(TENANTS),
    ledgers,
    ledger: async (id) => (await at(ledgers, id))?.row,
    lastLedger: async () => lastLedger.get()!,
    keysOf: async (ledger) => {
      const entries = await keysOf({ ledger, generation: -1 }, MOST_OF_ONE);
      return entries.map(({ key, ...rest }) => ({ key: key.generation, ...rest }));
    },
    deltas,
    async delta({ ledger, sequence }) {
      const [entry] = await deltas({ ledger, sequence: sequence - 1 }, 1);
      return entry?.key.ledger === ledger && entry.key.sequence === sequence ? entry : undefined;
    },
    arrivals: async () => arrivals.get()!,
    holesBefore: async (limit) => holes.all(limit),
    heads,
    anchors: byNumber(ANCHORS),
    leaves,
    leafPositions: async (anchor) =>
      new Set(readable(leafKeys, []).cells.flatMap(([of, position]) => (of === anchor ? [position as number] : []))),
    unreadableLeaf: async () => unreadableLeaf(),
    transactions: (anchor) => transactions({ anchor, attempt: -1 }, MOST_OF_ONE),
    progress: (anchor) => at(progress, anchor),
    strayAnchors: async (limit) => stray.all(limit),
    checkpoints,
    checkpoint: async (id) => (await at(checkpoints, id))?.row,
    async windowsOf(ledger) {
      const found: CheckpointRow[] = [];
      for (const id of windowIds.all(ledger)) {
        const row = (await at(checkpoints, id))?.row;
        if (row) found.push(row);
      }
      return found;
    },
    selectionOf: async (checkpoint, after, limit) => selected.all(checkpoint, after, limit),
    batches: byNumber(BATCHES),
    membersOf: async (statementId, after, limit) => members.all(statementId, after, limit),
    usage: async () => usage.all(),
    indexedThrough: async (index) => Number(facts.get(`${index}.through`) ?? 0),
    indexedKey: async (index, delta) => indexedKeys[index].get(delta) ?? undefined,
    indexRows: async (index, { prefix, delta }, limit) => indexes[index].all(prefix, delta, limit),
    fileProblems: async (limit) => [...integrityProblems(db, limit), ...foreignProblems(db)].slice(0, limit),
  });
}

type GenerationKey = { ledger: number; generation: number };

/** Keys of one ledger, and transactions of one anchor, that are read; there are never so many. */
const MOST_OF_ONE = 10_000;
