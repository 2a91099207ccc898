import { DatabaseError, type Pool, type PoolClient } from "pg";
import {
  type AuditStore,
  type CheckpointRow,
  type Digest,
  type Entry,
  FileDamagedError,
  type LeafKey,
  type LeafRow,
} from "../../audit/port.ts";
import { formatAmount, parseAmount } from "../../core/amount.ts";
import { invariant, TallyrootError } from "../../core/errors.ts";
import { type Cell, rowDigest } from "../row-digest.ts";
import { openPool } from "./connections.ts";
import { toldApart, unavailable } from "./trouble.ts";

type Row = Record<string, Cell>;

/** Keys of one ledger, and transactions of one anchor, that are read; there are never so many. */
const MOST_OF_ONE = 10_000;
/** Classes of SQLSTATEs by which PostgreSQL says that its own files are damaged. */
const DAMAGED = /^XX/;

const LEAVES = "SELECT anchor, position, ledger, count, balance, root, leaf, nodes, checkpoint FROM anchor_leaves l";
const CHECKPOINTS =
  "SELECT id, statement_id, tenant, ledger, kind, from_time, to_time, first_sequence, count, opening_balance, closing_balance, root, fingerprint, created_at, digest FROM checkpoints c";

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

/**
 * The record in PostgreSQL as the audit reads it: all of it as it was at one moment, while nodes go on recording. Nothing is locked.
 *
 * @throws TallyrootError SERVICE_UNAVAILABLE when the database does not answer.
 */
export async function openAuditView(url: string): Promise<{
  store: AuditStore;
  anchorsNow(): Promise<number>;
  close(): Promise<void>;
}> {
  const pool = openPool(url, "owner", 2);
  pool.on("error", () => undefined);
  let client: PoolClient;
  try {
    client = await pool.connect();
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  } catch (error) {
    await pool.end();
    throw unavailable(toldApart(error), "the database does not answer");
  }
  return {
    store: auditStoreOf(client),
    anchorsNow: () => anchorsIn(pool),
    async close() {
      client.release(true);
      await pool.end();
    },
  };
}

async function anchorsIn(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>("SELECT coalesce(max(id), 0) AS n FROM anchors");
  return rows[0]!.n;
}

function auditStoreOf(client: PoolClient): AuditStore {
  async function all(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } catch (error) {
      if (!(error instanceof DatabaseError) || !DAMAGED.test(error.code ?? "")) throw error;
      throw new FileDamagedError(error.message, { cause: error });
    }
  }
  async function listed<Key, R>(
    text: string,
    values: readonly unknown[],
    keyOf: (row: Row) => Key,
    rowOf: (row: Row) => R,
  ): Promise<Entry<Key, R>[]> {
    return (await all(text, values)).map((row) => ({ key: keyOf(row), ...decoded(() => rowOf(row)) }));
  }
  const byId = (row: Row) => row.id as number;
  const leafKey = (row: Row): LeafKey => ({ anchor: row.anchor as number, position: row.position as number });

  return {
    facts: async () =>
      new Map((await all("SELECT name, value FROM facts")).map(({ name, value }) => [name as string, value as string])),
    tenants: (after, limit) =>
      listed("SELECT * FROM tenants WHERE id > $1 ORDER BY id LIMIT $2", [after, limit], byId, (row) => ({
        id: row.id as number,
        name: row.name as string,
        sealedSecret: row.sealed_secret as Uint8Array,
      })),
    ledgers: (after, limit) =>
      listed("SELECT * FROM ledgers WHERE id > $1 ORDER BY id LIMIT $2", [after, limit], byId, ledgerRow),
    async ledger(id) {
      const [row] = await all("SELECT * FROM ledgers WHERE id = $1", [id]);
      return row && ledgerRow(row);
    },
    lastLedger: async () => numberIn(await all("SELECT coalesce(max(id), 0) AS n FROM ledgers")),
    keysOf: (ledger) =>
      listed(
        "SELECT * FROM ledger_keys WHERE ledger = $1 ORDER BY generation LIMIT $2",
        [ledger, MOST_OF_ONE],
        (row) => row.generation as number,
        (row) => ({
          ledger: row.ledger as number,
          generation: row.generation as number,
          wrapped: row.wrapped as Uint8Array | null,
          sealedCustomerId: row.sealed_customer_id as Uint8Array | null,
        }),
      ),
    deltas: ({ ledger, sequence }, limit) =>
      listed(
        "SELECT * FROM deltas WHERE (ledger, sequence) > ($1, $2) ORDER BY ledger, sequence LIMIT $3",
        [ledger, sequence, limit],
        deltaKey,
        deltaRow,
      ),
    async delta({ ledger, sequence }) {
      const [entry] = await listed(
        "SELECT * FROM deltas WHERE ledger = $1 AND sequence = $2",
        [ledger, sequence],
        deltaKey,
        deltaRow,
      );
      return entry;
    },
    async arrivals() {
      const rows = numberIn(await all("SELECT count(*) AS n FROM deltas"));
      return { rows, last: numberIn(await all("SELECT coalesce(sum(deltas), 0)::bigint AS n FROM recorded")) };
    },
    // Each ledger counts for itself.
    holesBefore: async () => [],
    heads: ({ ledger, count, anchor, position }, limit) =>
      listed(
        `${LEAVES} WHERE l.checkpoint IS NULL AND (l.ledger, l.count, l.anchor, l.position) > ($1, $2, $3, $4)
        AND EXISTS (SELECT 1 FROM anchors a WHERE a.id = l.anchor) ORDER BY l.ledger, l.count, l.anchor, l.position LIMIT $5`,
        [ledger, count, anchor, position, limit],
        (row) => ({ ...leafKey(row), ledger: row.ledger as number, count: row.count as number }),
        leafRow,
      ),
    anchors: (after, limit) =>
      listed(
        "SELECT id, root, size, through, created_at, through_checkpoint, digest FROM anchors WHERE id > $1 ORDER BY id LIMIT $2",
        [after, limit],
        byId,
        (row) => ({
          id: row.id as number,
          root: row.root as Uint8Array,
          size: row.size as number,
          through: row.through as number,
          createdAt: row.created_at as number,
          throughCheckpoint: row.through_checkpoint as number,
          digest: digestOf("anchors", row),
        }),
      ),
    leaves: ({ anchor, position }, limit) =>
      listed(
        `${LEAVES} WHERE l.anchor = $1 AND l.position > $2 ORDER BY l.position LIMIT $3`,
        [anchor, position, limit],
        leafKey,
        leafRow,
      ),
    leafPositions: async (anchor) =>
      new Set(
        (await all("SELECT position FROM anchor_leaves WHERE anchor = $1", [anchor])).map(
          (row) => row.position as number,
        ),
      ),
    unreadableLeaf: async () => undefined,
    transactions: (anchor) =>
      listed(
        "SELECT anchor, attempt, nonce, hash, raw, created_at, digest FROM anchor_transactions WHERE anchor = $1 ORDER BY attempt LIMIT $2",
        [anchor, MOST_OF_ONE],
        (row) => ({ anchor: row.anchor as number, attempt: row.attempt as number }),
        (row) => ({
          anchor: row.anchor as number,
          attempt: row.attempt as number,
          nonce: row.nonce as number,
          hash: row.hash as Uint8Array,
          raw: row.raw as Uint8Array,
          digest: digestOf("anchor_transactions", row),
        }),
      ),
    async progress(anchor) {
      const [entry] = await listed(
        "SELECT anchor, state, transaction_hash, block_number, block_hash, block_time, confirmed_at, digest, gas_used FROM anchor_progress WHERE anchor = $1",
        [anchor],
        (row) => row.anchor as number,
        progressRow,
      );
      return entry;
    },
    async strayAnchors(limit) {
      const rows = await all(
        `SELECT 'anchor_transactions' AS "table", anchor FROM anchor_transactions WHERE anchor NOT IN (SELECT id FROM anchors)
        UNION ALL SELECT 'anchor_progress', anchor FROM anchor_progress WHERE anchor NOT IN (SELECT id FROM anchors)
        UNION ALL SELECT 'anchor_leaves', max(anchor) FROM anchor_leaves HAVING max(anchor) > (SELECT coalesce(max(id), 0) + 1 FROM anchors)
        LIMIT $1`,
        [limit],
      );
      return rows.map(({ table, anchor }) => ({ table: table as string, anchor: anchor as number }));
    },
    checkpoints: (after, limit) =>
      listed(`${CHECKPOINTS} WHERE c.id > $1 ORDER BY c.id LIMIT $2`, [after, limit], byId, checkpointRow),
    async checkpoint(id) {
      const [row] = await all(`${CHECKPOINTS} WHERE c.id = $1`, [id]);
      return row && checkpointRow(row);
    },
    windowsOf: async (ledger) =>
      (await all(`${CHECKPOINTS} WHERE c.ledger = $1 AND c.kind = 'window' ORDER BY c.id`, [ledger])).map(
        checkpointRow,
      ),
    selectionOf: async (checkpoint, after, limit) =>
      (
        await all(
          "SELECT sequence FROM checkpoint_selections WHERE checkpoint = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
          [checkpoint, after, limit],
        )
      ).map((row) => row.sequence as number),
    batches: (after, limit) =>
      listed("SELECT * FROM checkpoint_batches WHERE id > $1 ORDER BY id LIMIT $2", [after, limit], byId, (row) => ({
        id: row.id as number,
        statementId: row.statement_id as string,
        tenant: row.tenant as number,
        from: row.from_time as number,
        to: row.to_time as number,
        customers: row.customers as number,
        lastCheckpoint: row.last_checkpoint as number,
      })),
    membersOf: async (statementId, after, limit) =>
      (
        await all(
          "SELECT position, checkpoint FROM checkpoint_batch_members WHERE statement_id = $1 AND position > $2 ORDER BY position LIMIT $3",
          [statementId, after, limit],
        )
      ).map((row) => ({ statementId, position: row.position as number, checkpoint: row.checkpoint as number })),
    usage: async () =>
      (await all("SELECT tenant, period, sum(deltas)::bigint AS deltas FROM usage GROUP BY tenant, period")).map(
        (row) => ({ tenant: row.tenant as number, period: row.period as string, deltas: row.deltas as number }),
      ),
    // There are no indexes that are filled behind the record.
    indexedThrough: async () => 0,
    indexRows: async () => [],
    oddRows: async () => [],
    async fileProblems(limit) {
      const found: string[] = [];
      for (const [sql, problem] of PROBLEMS) {
        const n = Number((await all(sql))[0]!.n);
        if (n !== 0)
          found.push(n < 0 ? `${-n} deltas are missing that were counted as they were recorded` : `${n}: ${problem}`);
      }
      return found.slice(0, limit);
    },
  };
}

/** PostgreSQL sees to the kinds of columns itself; an amount that is none shows here. */
function decoded<R>(make: () => R): { row: R } | { problem: { kind: "malformed"; detail: string } } {
  try {
    return { row: make() };
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return { problem: { kind: "malformed", detail: error.message } };
  }
}

/** The columns of a row but its digest, in their order, with amounts as they are hashed. */
function digestOf(table: string, { digest, ...columns }: Row): Digest {
  const { gas_used: late = null, ...cells } = columns;
  const expected = rowDigest(table, Object.values(cells), late);
  return Buffer.compare(digest as Uint8Array, expected) === 0 ? "matches" : "differs";
}

/** Numeric as canonical text. */
function amountIn(cell: Cell | undefined): string {
  return formatAmount(parseAmount(cell as string));
}

const deltaKey = (row: Row) => ({ ledger: row.ledger as number, sequence: row.sequence as number });

function deltaRow(row: Row) {
  const exact = { ...row, amount: amountIn(row.amount), balance: amountIn(row.balance) };
  return {
    ...deltaKey(row),
    arrival: undefined,
    amount: exact.amount,
    balance: exact.balance,
    recordedAt: row.recorded_at as number,
    commitment: row.commitment as Uint8Array,
    fingerprint: row.fingerprint as Uint8Array,
    nodes: row.nodes as Uint8Array,
    generation: row.generation as number,
    sealed: row.sealed as Uint8Array,
    requestId: row.request_id as Uint8Array | null,
    digest: digestOf("deltas", exact),
  };
}

function ledgerRow(row: Row) {
  return {
    id: row.id as number,
    tenant: row.tenant as number,
    address: row.address as Uint8Array,
    openedAt: row.opened_at as number,
  };
}

function leafRow(row: Row): LeafRow {
  return {
    anchor: row.anchor as number,
    position: row.position as number,
    ledger: row.ledger as number,
    count: row.count as number,
    balance: amountIn(row.balance),
    root: row.root as Uint8Array,
    leaf: row.leaf as Uint8Array,
    nodes: row.nodes as Uint8Array,
    checkpoint: row.checkpoint as number | null,
  };
}

function progressRow(row: Row) {
  return {
    anchor: row.anchor as number,
    state: row.state as string,
    transactionHash: row.transaction_hash as Uint8Array | null,
    blockNumber: row.block_number as number | null,
    blockHash: row.block_hash as Uint8Array | null,
    blockTime: row.block_time as number | null,
    confirmedAt: row.confirmed_at as number | null,
    gasUsed: row.gas_used as number | null,
    digest: digestOf("anchor_progress", row),
  };
}

function checkpointRow(row: Row): CheckpointRow {
  const exact = {
    ...row,
    opening_balance: amountIn(row.opening_balance),
    closing_balance: amountIn(row.closing_balance),
  };
  return {
    id: row.id as number,
    statementId: row.statement_id as string,
    tenant: row.tenant as number,
    ledger: row.ledger as number,
    kind: row.kind as string,
    from: row.from_time as number,
    to: row.to_time as number,
    firstSequence: row.first_sequence as number,
    count: row.count as number,
    openingBalance: exact.opening_balance,
    closingBalance: exact.closing_balance,
    root: row.root as Uint8Array,
    fingerprint: row.fingerprint as Uint8Array,
    createdAt: row.created_at as number,
    digest: digestOf("checkpoints", exact),
  };
}

function numberIn(rows: readonly Row[]): number {
  const n = rows[0]?.n;
  invariant(typeof n === "number", "a count is a number");
  return n;
}
