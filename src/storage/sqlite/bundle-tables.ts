import { openSqlite, type Sqlite } from "./database.ts";
import { MIGRATIONS } from "./schema.ts";

/**
 * Which tables a bundle has, and which columns: spelled out, so that a new column is a decision. A test holds them against the schema.
 *
 * The record is appended to, so a later segment has only what is new. The state changes, so it is written whole each time, in a file
 * that takes the place of the one before: a key that was destroyed is then nowhere in the bundle any more.
 */

/** What rows are counted by: up to where a segment goes. */
export const COUNTERS = ["tenant", "ledger", "delta", "checkpoint", "batch", "anchor"] as const;
export type Counter = (typeof COUNTERS)[number];
export type Counts = Readonly<Record<Counter, number>>;

export type BundleTable = {
  readonly name: string;
  /** The columns of the newest schema; an earlier one has those of them that were there. */
  readonly columns: readonly string[];
  /** Columns that only earlier schemas have. */
  readonly earlier?: readonly string[];
};

export type RecordTable = BundleTable & {
  readonly counter: Counter;
  /** Where rows come from, where that is more than the table. Its name for the table is `t`. */
  readonly source?: string;
  /** What orders the rows; the first is the counter. */
  readonly key: readonly string[];
  readonly where?: string;
};

export type StateTable = BundleTable & {
  readonly key: readonly string[];
  /** Which rows are state, where not all of them are; `@anchor` is the last anchor of the segment. */
  readonly where?: string;
};

/** Tables that are only appended to, parents first. */
export const RECORD_TABLES: readonly RecordTable[] = [
  {
    name: "tenants",
    columns: ["id", "name", "sealed_secret", "created_at"],
    counter: "tenant",
    key: ["t.id"],
  },
  {
    name: "ledgers",
    columns: ["id", "tenant", "address", "opened_at"],
    counter: "ledger",
    key: ["t.id"],
  },
  {
    name: "deltas",
    columns: [
      ...["id", "ledger", "sequence", "amount", "balance", "recorded_at", "commitment", "fingerprint", "nodes"],
      ...["generation", "sealed", "request_id", "digest"],
    ],
    counter: "delta",
    key: ["t.id"],
  },
  {
    name: "checkpoints",
    columns: [
      ...["id", "statement_id", "tenant", "ledger", "kind", "from_time", "to_time", "first_sequence", "count"],
      ...["opening_balance", "closing_balance", "root", "fingerprint", "created_at", "digest"],
    ],
    counter: "checkpoint",
    key: ["t.id"],
  },
  {
    name: "checkpoint_selections",
    columns: ["checkpoint", "sequence"],
    counter: "checkpoint",
    key: ["t.checkpoint", "t.sequence"],
  },
  {
    name: "checkpoint_batches",
    columns: ["id", "statement_id", "tenant", "from_time", "to_time", "customers", "last_checkpoint", "created_at"],
    counter: "batch",
    key: ["t.id"],
  },
  {
    // Members come before their batch is complete: those of a batch that is not are left out, and made again with it.
    name: "checkpoint_batch_members",
    columns: ["statement_id", "position", "checkpoint"],
    counter: "batch",
    source: "checkpoint_batches b CROSS JOIN checkpoint_batch_members t ON t.statement_id = b.statement_id",
    key: ["b.id", "t.position"],
  },
  {
    name: "anchors",
    columns: ["id", "root", "size", "through", "created_at", "through_checkpoint", "digest"],
    counter: "anchor",
    key: ["t.id"],
  },
  {
    name: "anchor_leaves",
    columns: ["anchor", "position", "ledger", "count", "balance", "root", "leaf", "nodes", "checkpoint"],
    counter: "anchor",
    key: ["t.anchor", "t.position"],
  },
  {
    // An anchor counts once its first transaction is stored. Further attempts may come to any anchor at any time: they are state.
    name: "anchor_transactions",
    columns: ["anchor", "attempt", "nonce", "hash", "raw", "created_at", "digest"],
    counter: "anchor",
    key: ["t.anchor", "t.attempt"],
    where: "t.attempt = 1",
  },
];

/** Facts about where the indexes behind the record stand: an import builds its own. */
const OF_INDEXES = "'fingerprint_index.through', 'request_index.through'";

/** Tables whose rows change, or come in no order; parents first. */
export const STATE_TABLES: readonly StateTable[] = [
  { name: "facts", columns: ["name", "value"], key: ["name"], where: `name NOT IN (${OF_INDEXES})` },
  {
    name: "api_keys",
    columns: [
      ...["public_id", "tenant", "secret_hash", "scope", "ledger_address", "created_at", "expires_at", "revoked_at"],
      ...["last_used_at"],
    ],
    earlier: ["sealed_label"],
    key: ["public_id"],
  },
  { name: "api_key_labels", columns: ["id", "public_id", "sealed_label"], key: ["id"] },
  {
    name: "ledger_keys",
    columns: ["ledger", "generation", "wrapped", "sealed_customer_id", "erased_at"],
    key: ["ledger", "generation"],
  },
  {
    name: "anchor_transactions",
    columns: ["anchor", "attempt", "nonce", "hash", "raw", "created_at", "digest"],
    key: ["anchor", "attempt"],
    where: "attempt > 1 AND anchor <= @anchor",
  },
  {
    name: "anchor_progress",
    columns: [
      ...["anchor", "state", "transaction_hash", "block_number", "block_hash", "block_time", "confirmed_at", "digest"],
      ...["gas_used"],
    ],
    key: ["anchor"],
    where: "anchor <= @anchor",
  },
  {
    name: "requests",
    columns: ["request_id", "tenant", "route", "effect", "sealed_members", "created_at"],
    key: ["request_id"],
  },
  { name: "usage", columns: ["tenant", "period", "deltas"], key: ["tenant", "period"] },
  {
    name: "webhook_endpoints",
    columns: [
      ...["id", "tenant", "sealed_url", "sealed_description", "events", "sealed_secret", "sealed_previous_secret"],
      ...["previous_until", "enabled", "created_at", "resumed_at", "deleted_at", "last_triggered_at", "success_count"],
      ...["failure_count", "pending", "delivered", "parked"],
    ],
    key: ["id"],
  },
  {
    name: "webhook_events",
    columns: ["id", "event_id", "tenant", "event", "subject", "reference", "anchor", "created_at"],
    key: ["id"],
  },
  {
    name: "webhook_deliveries",
    columns: [
      ...["event", "endpoint", "tenant", "subject", "state", "attempts", "since", "next_attempt_at"],
      ...["last_attempt_at", "last_status", "last_error", "delivered_at"],
    ],
    key: ["event", "endpoint"],
  },
  { name: "webhook_progress", columns: ["id", "anchor", "position", "sequence"], key: ["id"] },
];

/** Tables that no bundle has: they follow from the deltas. */
export const DERIVED_TABLES: readonly string[] = ["fingerprint_index", "request_index"];

/** How a table's row at the end of a counter is told from another record's: what in it nobody can have twice. */
export const ENDS: Readonly<Record<Counter, string>> = {
  tenant: "SELECT id, name, sealed_secret FROM tenants WHERE id = ?",
  ledger: "SELECT id, tenant, address FROM ledgers WHERE id = ?",
  delta: "SELECT id, ledger, sequence, fingerprint, sealed FROM deltas WHERE id = ?",
  checkpoint: "SELECT id, statement_id, fingerprint FROM checkpoints WHERE id = ?",
  batch: "SELECT id, statement_id FROM checkpoint_batches WHERE id = ?",
  anchor: "SELECT id, root, size FROM anchors WHERE id = ?",
};

export type ColumnType = "INTEGER" | "TEXT" | "BLOB";
export type Column = { readonly name: string; readonly type: ColumnType };

/** The columns of a bundle's tables as they were in one version of the schema; tables that it did not have yet have none. */
export type SchemaColumns = (table: BundleTable) => Column[];

/** Brings a database to a version of the schema; one that is there or beyond stays as it is. */
export function migrateTo(db: Sqlite, version: number): void {
  const applied = db.pragma("user_version", { simple: true }) as number;
  for (let next = applied; next < version; next++) {
    db.exec(MIGRATIONS[next]!);
    db.pragma(`user_version = ${next + 1}`);
  }
}

/** @param version 1 to the number of migrations that there are. */
export function columnsAt(version: number): SchemaColumns {
  const db = openSqlite(":memory:");
  try {
    migrateTo(db, version);
    const tables = [...RECORD_TABLES, ...STATE_TABLES];
    const types = new Map(
      tables.map(({ name }) => [
        name,
        new Map((db.pragma(`table_info(${name})`) as Column[]).map((column) => [column.name, column.type])),
      ]),
    );
    return ({ name, columns, earlier = [] }) =>
      [...columns, ...earlier].flatMap((column) => {
        const type = types.get(name)?.get(column);
        return type === undefined ? [] : [{ name: column, type }];
      });
  } finally {
    db.close();
  }
}
