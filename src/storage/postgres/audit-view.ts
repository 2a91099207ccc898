import { DatabaseError, type PoolClient } from "pg";
import { type AuditStore, type Entry, FileDamagedError, type LeafKey } from "../../audit/port.ts";
import { invariant } from "../../core/errors.ts";
import { problemsBeside } from "./audit-problems.ts";
import {
  checkpointRow,
  decoded,
  deltaKey,
  deltaRow,
  digestOf,
  leafRow,
  ledgerRow,
  progressRow,
  type Row,
} from "./audit-rows.ts";
import { type Connections, openPool } from "./connections.ts";
import { toldApart, unavailable } from "./trouble.ts";

/** Keys of one ledger, and transactions of one anchor, that are read; there are never so many. */
const MOST_OF_ONE = 10_000;
/** Classes of SQLSTATEs by which PostgreSQL says that its own files are damaged. */
const DAMAGED = /^XX/;

const LEAVES = "SELECT anchor, position, ledger, count, balance, root, leaf, nodes, checkpoint FROM anchor_leaves l";
const CHECKPOINTS =
  "SELECT id, statement_id, tenant, ledger, kind, from_time, to_time, first_sequence, count, opening_balance, closing_balance, root, fingerprint, created_at, digest FROM checkpoints c";

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

async function anchorsIn(pool: Connections): Promise<number> {
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
    indexedKey: async () => undefined,
    oddRows: async () => [],
    fileProblems: async (limit) => (await problemsBeside(all)).slice(0, limit),
  };
}

function numberIn(rows: readonly Row[]): number {
  const n = rows[0]?.n;
  invariant(typeof n === "number", "a count is a number");
  return n;
}
