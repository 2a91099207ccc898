import type { Cell } from "../../row-digest.ts";

/**
 * What of a data directory's record goes where, spelled out, so that a new table or column is a decision. A test holds it against the
 * schemas of both engines.
 */

/** The types of columns, as arrays of them are sent. */
type ColumnType = "bigint" | "smallint" | "text" | "bytea" | "numeric";
type Columns = Readonly<Record<string, ColumnType>>;

/** Rows of one table in PostgreSQL. */
export type Target = {
  readonly table: string;
  readonly columns: Columns;
  /** What of the row that is moved belongs here; undefined for nothing. The row itself where it is not said. */
  readonly row?: (cells: readonly Cell[]) => readonly Cell[] | undefined;
  /** The statement, around a table expression with the columns. An INSERT of them where it is not said. */
  readonly statement?: (rows: string) => string;
};

/** One step of a move: the rows of a table in SQLite, in an order by which it can be gone on with. */
export type Step = {
  readonly name: string;
  /** Where the rows come from; their table is called `t`. */
  readonly source: string;
  /** What orders the rows, and is in none of them twice. */
  readonly key: readonly string[];
  /** What is selected, in the order of the first target's columns unless that makes a row of its own. */
  readonly columns: readonly string[];
  readonly where?: string;
  /**
   * Of rows with a digest, which covers what stands before it: the fact that says up to which number they may have none. `late`: the column
   * behind it came after digests did, see `rowDigest`.
   */
  readonly digest?: { readonly after: string; readonly late?: true };
  /** Whether rows are numbered without holes: one that is missing is then seen. */
  readonly gapless?: true;
  readonly into: readonly Target[];
};

/** A table that is the same in both engines, but for what is said. */
function same(name: string, key: readonly string[], columns: Columns, more: Partial<Step> = {}): Step {
  return {
    name,
    source: `${name} t`,
    key: key.map((column) => `t.${column}`),
    columns: Object.keys(columns).map((column) => `t.${column}`),
    into: [{ table: name, columns }],
    ...more,
  };
}

/** When the first of the deltas was recorded that an anchor takes in, which SQLite finds out when it is asked. */
const PENDING_SINCE = `(SELECT min(d.recorded_at) FROM anchor_leaves l JOIN deltas d ON d.ledger = l.ledger AND d.sequence = 1 + coalesce(
    (SELECT max(p.count) FROM anchor_leaves p WHERE p.checkpoint IS NULL AND p.ledger = l.ledger AND p.count < l.count), 0)
  WHERE l.anchor = t.id AND l.checkpoint IS NULL)`;

/** Facts that are about the files of a data directory, and not about the record. */
export const FACTS_LEFT: readonly string[] = [
  // Up to where the indexes behind the record are filled.
  "fingerprint_index.through",
  "request_index.through",
  // Rows up to these may have no digest; each that is moved gets one.
  "digests.deltas.after",
  "digests.checkpoints.after",
  "digests.anchors.after",
  // Notes of requests are digests, and in PostgreSQL always were.
  "requests.digests",
  // That the record is moved.
  "moving.to",
  "moved.to",
  // That it came out of a database before.
  "moving.from",
  "moved.from",
];

/** What PostgreSQL notes in one more row each time, and SQLite in one that changes. */
export const NOTE = "anchoring.halt";

const API_KEY: Columns = {
  public_id: "text",
  tenant: "bigint",
  secret_hash: "bytea",
  scope: "text",
  ledger_address: "bytea",
  created_at: "bigint",
  expires_at: "bigint",
  revoked_at: "bigint",
  last_used_at: "bigint",
};

const DELTA: Columns = {
  ledger: "bigint",
  sequence: "bigint",
  amount: "numeric",
  balance: "numeric",
  recorded_at: "bigint",
  commitment: "bytea",
  fingerprint: "bytea",
  nodes: "bytea",
  generation: "bigint",
  sealed: "bytea",
  request_id: "bytea",
  digest: "bytea",
};
const [LEDGER, SEQUENCE, REQUEST_ID] = ["ledger", "sequence", "request_id"].map(
  // After the number of its arrival.
  (name) => 1 + Object.keys(DELTA).indexOf(name),
) as [number, number, number];

const REQUEST: Columns = {
  request_id: "bytea",
  tenant: "bigint",
  route: "text",
  effect: "text",
  sealed_members: "bytea",
  created_at: "bigint",
};

const EVENT: Columns = {
  id: "bigint",
  event_id: "text",
  tenant: "bigint",
  event: "text",
  subject: "bigint",
  reference: "bigint",
  anchor: "bigint",
  created_at: "bigint",
};

const EVENTS_MADE: Columns = { id: "bigint", anchor: "bigint", position: "bigint", sequence: "bigint" };

/** Tables in the order in which they are moved: what others refer to comes first. */
export const STEPS: readonly Step[] = [
  same(
    "facts",
    ["name"],
    { name: "text", value: "text" },
    {
      columns: [`CASE WHEN t.name = '${NOTE}' THEN '${NOTE}.1' ELSE t.name END`, "t.value"],
      where: `t.name NOT IN (${FACTS_LEFT.map((name) => `'${name}'`).join()})`,
    },
  ),
  same("tenants", ["id"], { id: "bigint", name: "text", sealed_secret: "bytea", created_at: "bigint" }),
  same("api_keys", ["public_id"], API_KEY, {
    source: "api_keys t LEFT JOIN api_key_labels l ON l.public_id = t.public_id",
    columns: [...Object.keys(API_KEY).map((column) => `t.${column}`), "l.sealed_label"],
    into: [{ table: "api_keys", columns: { ...API_KEY, sealed_label: "bytea" } }],
  }),
  same("ledgers", ["id"], { id: "bigint", tenant: "bigint", address: "bytea", opened_at: "bigint" }),
  same("ledger_keys", ["ledger", "generation"], {
    ledger: "bigint",
    generation: "bigint",
    wrapped: "bytea",
    sealed_customer_id: "bytea",
    erased_at: "bigint",
  }),
  same("deltas", ["id"], DELTA, {
    columns: ["id", ...Object.keys(DELTA)].map((column) => `t.${column}`),
    digest: { after: "digests.deltas.after" },
    gapless: true,
    into: [
      // Without the number of its arrival: PostgreSQL has no order over all ledgers.
      { table: "deltas", columns: DELTA, row: ([, ...cells]) => cells },
      {
        table: "request_ids",
        columns: { request_id: "bytea", ledger: "bigint", sequence: "bigint" },
        row: (cells) =>
          cells[REQUEST_ID] === null ? undefined : [cells[REQUEST_ID]!, cells[LEDGER]!, cells[SEQUENCE]!],
      },
      {
        table: "recorded",
        columns: { slot: "smallint", deltas: "bigint" },
        row: () => [0, 1],
        statement: (rows) =>
          `INSERT INTO recorded AS r (slot, deltas) SELECT slot, sum(deltas)::bigint FROM ${rows} GROUP BY slot
          ON CONFLICT (slot) DO UPDATE SET deltas = r.deltas + excluded.deltas`,
      },
    ],
  }),
  same("requests", ["request_id"], REQUEST, {
    into: [
      { table: "request_ids", columns: { request_id: "bytea" }, row: ([id]) => [id!] },
      { table: "requests", columns: REQUEST },
    ],
  }),
  same(
    "usage",
    ["tenant", "period"],
    { tenant: "bigint", period: "text", deltas: "bigint", slot: "smallint" },
    {
      columns: ["t.tenant", "t.period", "t.deltas", "0"],
    },
  ),
  same(
    "anchors",
    ["id"],
    {
      id: "bigint",
      root: "bytea",
      size: "bigint",
      through: "bigint",
      created_at: "bigint",
      through_checkpoint: "bigint",
      digest: "bytea",
      pending_since: "bigint",
    },
    {
      columns: [
        ...["t.id", "t.root", "t.size", "t.through", "t.created_at", "t.through_checkpoint", "t.digest"],
        PENDING_SINCE,
      ],
      digest: { after: "digests.anchors.after" },
      gapless: true,
    },
  ),
  same(
    "anchor_leaves",
    ["anchor", "position"],
    {
      anchor: "bigint",
      position: "bigint",
      ledger: "bigint",
      count: "bigint",
      balance: "numeric",
      root: "bytea",
      leaf: "bytea",
      nodes: "bytea",
      checkpoint: "bigint",
    },
    // Those without their anchor are what a crash left of one that was never made.
    { where: "t.anchor IN (SELECT id FROM anchors)" },
  ),
  same(
    "anchor_transactions",
    ["anchor", "attempt"],
    {
      anchor: "bigint",
      attempt: "bigint",
      nonce: "bigint",
      hash: "bytea",
      raw: "bytea",
      created_at: "bigint",
      digest: "bytea",
    },
    { digest: { after: "digests.anchors.after" } },
  ),
  same(
    "anchor_progress",
    ["anchor"],
    {
      anchor: "bigint",
      state: "text",
      transaction_hash: "bytea",
      block_number: "bigint",
      block_hash: "bytea",
      block_time: "bigint",
      confirmed_at: "bigint",
      digest: "bytea",
      gas_used: "bigint",
    },
    { digest: { after: "digests.anchors.after", late: true } },
  ),
  same(
    "checkpoints",
    ["id"],
    {
      id: "bigint",
      statement_id: "text",
      tenant: "bigint",
      ledger: "bigint",
      kind: "text",
      from_time: "bigint",
      to_time: "bigint",
      first_sequence: "bigint",
      count: "bigint",
      opening_balance: "numeric",
      closing_balance: "numeric",
      root: "bytea",
      fingerprint: "bytea",
      created_at: "bigint",
      digest: "bytea",
    },
    { digest: { after: "digests.checkpoints.after" }, gapless: true },
  ),
  same("checkpoint_selections", ["checkpoint", "sequence"], { checkpoint: "bigint", sequence: "bigint" }),
  same("checkpoint_batches", ["id"], {
    id: "bigint",
    statement_id: "text",
    tenant: "bigint",
    from_time: "bigint",
    to_time: "bigint",
    customers: "bigint",
    last_checkpoint: "bigint",
    created_at: "bigint",
  }),
  same("checkpoint_batch_members", ["statement_id", "position"], {
    statement_id: "text",
    position: "bigint",
    checkpoint: "bigint",
  }),
  same("webhook_endpoints", ["id"], {
    id: "text",
    tenant: "bigint",
    sealed_url: "bytea",
    sealed_description: "bytea",
    events: "text",
    sealed_secret: "bytea",
    sealed_previous_secret: "bytea",
    previous_until: "bigint",
    enabled: "bigint",
    created_at: "bigint",
    resumed_at: "bigint",
    deleted_at: "bigint",
    last_triggered_at: "bigint",
    success_count: "bigint",
    failure_count: "bigint",
    pending: "bigint",
    delivered: "bigint",
    parked: "bigint",
  }),
  same("webhook_events", ["id"], EVENT, {
    into: [
      {
        table: "webhook_events",
        columns: EVENT,
        // Their numbers are the database's own otherwise.
        statement: (rows) =>
          `INSERT INTO webhook_events (${Object.keys(EVENT).join()}) OVERRIDING SYSTEM VALUE SELECT * FROM ${rows}`,
      },
    ],
  }),
  same("webhook_deliveries", ["event", "endpoint"], {
    event: "bigint",
    endpoint: "text",
    tenant: "bigint",
    subject: "bigint",
    state: "text",
    attempts: "bigint",
    since: "bigint",
    next_attempt_at: "bigint",
    last_attempt_at: "bigint",
    last_status: "bigint",
    last_error: "text",
    delivered_at: "bigint",
  }),
  same("webhook_progress", ["id"], EVENTS_MADE, {
    into: [
      {
        table: "webhook_progress",
        columns: EVENTS_MADE,
        // The schema comes with its one row.
        statement: (rows) =>
          `UPDATE webhook_progress p SET anchor = t.anchor, position = t.position, sequence = t.sequence FROM ${rows} WHERE p.id = t.id`,
      },
    ],
  }),
];

/** Where each ledger stands: nothing that SQLite stores, made from what was moved, and so the last step. */
export const HEADS: Target = {
  table: "ledger_heads",
  columns: {
    ledger: "bigint",
    count: "bigint",
    balance: "numeric",
    recorded_at: "bigint",
    peaks: "bytea",
    moved: "smallint",
    pending_since: "bigint",
  },
  statement: (rows) =>
    `INSERT INTO ledger_heads (ledger, count, balance, recorded_at, peaks, moved, pending_since)
    SELECT ledger, count, balance, recorded_at, peaks, moved = 1, pending_since FROM ${rows}`,
};

/** Tables of SQLite that are not moved, and why. */
export const TABLES_LEFT: Readonly<Record<string, string>> = {
  api_key_labels: "they are moved with their keys, which PostgreSQL has in one table",
  fingerprint_index: "PostgreSQL finds deltas by an index of its own",
  request_index: "request_ids is filled with the deltas",
};

/** Tables and columns of PostgreSQL that nothing is moved into, and why. */
export const NOT_FILLED: Readonly<Record<string, string>> = {
  schema_versions: "the schema's own",
  moving_in: "how far the move is",
  moving_out: "that the record has left",
  commit_marks: "what servers ask for that have lost an answer: none runs",
  leases: "what one server at a time does: none runs",
  "webhook_deliveries.claimed_by": "no server has one under way",
  "webhook_deliveries.claimed_until": "no server has one under way",
};
