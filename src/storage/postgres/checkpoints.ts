import { formatAmount, parseAmount } from "../../core/amount.ts";
import type {
  CheckpointBatch,
  CheckpointFilter,
  CheckpointStore,
  NewBatch,
  NewCheckpoint,
  StoredCheckpoint,
} from "../../ledger/ports/checkpoints.ts";
import { mapKey } from "../draft.ts";
import { rowDigest } from "../row-digest.ts";
import { LOCKS } from "./connections.ts";
import type { Postgres, Transaction } from "./database.ts";
import type { Effects } from "./effects.ts";

/** A checkpoint with the ledger that it is about. */
export type CheckpointRow = {
  id: number;
  statement_id: string;
  tenant: number;
  ledger: number;
  kind: StoredCheckpoint["kind"];
  from_time: number;
  to_time: number;
  first_sequence: number;
  count: number;
  opening_balance: string;
  closing_balance: string;
  root: Buffer;
  fingerprint: Buffer;
  created_at: number;
  address: Buffer;
  opened_at: number;
};

type BatchRow = {
  statement_id: string;
  tenant: number;
  from_time: number;
  to_time: number;
  customers: number;
  last_checkpoint: number;
  created_at: number;
};

/** Checkpoints that one statement stores. */
const PER_STATEMENT = 1_000;

export const CHECKPOINTS = `SELECT c.id, c.statement_id, c.tenant, c.ledger, c.kind, c.from_time, c.to_time, c.first_sequence, c.count,
    c.opening_balance, c.closing_balance, c.root, c.fingerprint, c.created_at, l.address, l.opened_at
  FROM checkpoints c JOIN ledgers l ON l.id = c.ledger`;

export function checkpointOf(row: CheckpointRow): StoredCheckpoint {
  return {
    id: row.id,
    statementId: row.statement_id,
    tenantId: row.tenant,
    ledger: { id: row.ledger, tenantId: row.tenant, address: row.address, openedAt: row.opened_at },
    kind: row.kind,
    from: row.from_time,
    to: row.to_time,
    firstSequence: row.first_sequence,
    count: row.count,
    openingBalance: parseAmount(row.opening_balance),
    closingBalance: parseAmount(row.closing_balance),
    root: row.root,
    fingerprint: row.fingerprint,
    createdAt: row.created_at,
  };
}

/** The sequences of a selection, a page at a time. */
export async function readSelection(
  { read }: Pick<Postgres, "read">,
  checkpointId: number,
  { offset, limit }: { offset: number; limit: number },
): Promise<number[]> {
  const rows = await read<{ sequence: number }>(
    "SELECT sequence FROM checkpoint_selections WHERE checkpoint = $1 ORDER BY sequence LIMIT $2 OFFSET $3",
    [checkpointId, limit, offset],
  );
  return rows.map(({ sequence }) => sequence);
}

/** Checkpoints and their batches. A batch is stored in one transaction: nobody who records waits for it. */
export function openCheckpointStore(db: Postgres, { effects }: { effects: Effects }): CheckpointStore {
  return {
    ...openCheckpointReader(db),
    addCheckpoints: (checkpoints, batch, request) =>
      effects.once(request, "added", async (tx) => {
        tx.query("SELECT pg_advisory_xact_lock($1)", [LOCKS.storing]);
        const ids: number[] = [];
        for (let start = 0; start < checkpoints.length; start += PER_STATEMENT)
          ids.push(...(await addPart(tx, checkpoints.slice(start, start + PER_STATEMENT))));
        addBatch(tx, checkpoints, ids, batch);
        return "added";
      }),
  };
}

export function openCheckpointReader({ read }: Pick<Postgres, "read">): Omit<CheckpointStore, "addCheckpoints"> {
  async function one(rest: string, values: readonly unknown[]): Promise<StoredCheckpoint | undefined> {
    const [row] = await read<CheckpointRow>(`${CHECKPOINTS} WHERE ${rest}`, values);
    return row && checkpointOf(row);
  }

  return {
    checkpoint: (tenantId, statementId) => one("c.tenant = $1 AND c.statement_id = $2", [tenantId, statementId]),
    checkpointByFingerprint: (fingerprint) => one("c.fingerprint = $1", [fingerprint]),
    latestOverWindow: (ledgerId, from, to) =>
      one("c.kind = 'window' AND c.ledger = $1 AND c.from_time = $2 AND c.to_time = $3 ORDER BY c.count DESC LIMIT 1", [
        ledgerId,
        from,
        to,
      ]),
    checkpointByRoot: (ledgerId, root) =>
      one("c.kind = 'window' AND c.ledger = $1 AND c.root = $2 ORDER BY c.id DESC LIMIT 1", [ledgerId, root]),
    latestCheckpoint: (ledgerId) => one("c.kind = 'window' AND c.ledger = $1 ORDER BY c.id DESC LIMIT 1", [ledgerId]),
    async checkpoints(tenantId, filter, { offset, limit }) {
      const { where, values } = conditionsOf(tenantId, filter);
      const place = values.length;
      const [rows, counted] = await Promise.all([
        read<CheckpointRow>(
          `${CHECKPOINTS} WHERE ${where} ORDER BY c.id DESC LIMIT $${place + 1} OFFSET $${place + 2}`,
          [...values, limit, offset],
        ),
        read<{ n: number }>(`SELECT count(*) AS n FROM checkpoints c WHERE ${where}`, values),
      ]);
      return { checkpoints: rows.map(checkpointOf), total: counted[0]!.n };
    },
    selectionOf: (checkpointId, page) => readSelection({ read }, checkpointId, page),
    async checkpointLeaf(checkpointId) {
      const [row] = await read<{ anchor: number; position: number }>(
        "SELECT l.anchor, l.position FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor WHERE l.checkpoint = $1 ORDER BY l.anchor LIMIT 1",
        [checkpointId],
      );
      return row && { anchorIndex: row.anchor, position: row.position };
    },
    async batch(tenantId, statementId) {
      const [row] = await read<BatchRow>("SELECT * FROM checkpoint_batches WHERE tenant = $1 AND statement_id = $2", [
        tenantId,
        statementId,
      ]);
      return row && batchOf(row);
    },
    async batchCheckpoints({ statementId }, { offset, limit }) {
      const rows = await read<CheckpointRow>(
        `${CHECKPOINTS} JOIN checkpoint_batch_members m ON m.checkpoint = c.id
        WHERE m.statement_id = $1 AND m.position >= $2 ORDER BY m.position LIMIT $3`,
        [statementId, offset, limit],
      );
      return rows.map(checkpointOf);
    },
  };
}

/** The numbers of checkpoints, found or new. */
async function addPart(tx: Transaction, checkpoints: readonly NewCheckpoint[]): Promise<number[]> {
  const finding = tx.query<{ id: number; fingerprint: Buffer }>(
    "SELECT id, fingerprint FROM checkpoints WHERE fingerprint = ANY ($1::bytea[])",
    [checkpoints.map(({ fingerprint }) => fingerprint)],
  );
  const [last] = await tx.query<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM checkpoints");
  const known = new Map((await finding).map(({ id, fingerprint }) => [mapKey(fingerprint), id]));
  const fresh: unknown[][] = [];
  const selected: [number, number][] = [];
  let next = last!.id;
  const ids = checkpoints.map((checkpoint) => {
    const name = mapKey(checkpoint.fingerprint);
    const before = known.get(name);
    if (before !== undefined) return before;
    next += 1;
    known.set(name, next);
    const cells = cellsOf(next, checkpoint);
    fresh.push([...cells, rowDigest("checkpoints", cells)]);
    for (const sequence of checkpoint.selection ?? []) selected.push([next, sequence]);
    return next;
  });
  if (fresh.length > 0) {
    tx.query(
      `INSERT INTO checkpoints (id, statement_id, tenant, ledger, kind, from_time, to_time, first_sequence, count, opening_balance, closing_balance, root, fingerprint, created_at, digest)
      SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::numeric[], $11::numeric[], $12::bytea[], $13::bytea[], $14::bigint[], $15::bytea[])`,
      fresh[0]!.map((_, column) => fresh.map((row) => row[column])),
    );
  }
  if (selected.length > 0) {
    tx.query(
      "INSERT INTO checkpoint_selections (checkpoint, sequence) SELECT * FROM unnest($1::bigint[], $2::bigint[])",
      [selected.map(([id]) => id), selected.map(([, sequence]) => sequence)],
    );
  }
  return ids;
}

function addBatch(tx: Transaction, checkpoints: readonly NewCheckpoint[], ids: readonly number[], batch: NewBatch) {
  const { statementId, tenantId, from, to, createdAt } = batch;
  const members = checkpoints.flatMap((checkpoint, position) =>
    checkpoint.statementId === statementId ? [] : [{ position, id: ids[position]! }],
  );
  if (members.length > 0) {
    tx.query(
      "INSERT INTO checkpoint_batch_members (statement_id, position, checkpoint) SELECT $1, * FROM unnest($2::bigint[], $3::bigint[]) ON CONFLICT DO NOTHING",
      [statementId, members.map(({ position }) => position), members.map(({ id }) => id)],
    );
  }
  tx.query(
    "INSERT INTO checkpoint_batches (statement_id, tenant, from_time, to_time, customers, last_checkpoint, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (statement_id) DO NOTHING",
    [statementId, tenantId, from, to, checkpoints.length, ids.reduce((a, b) => Math.max(a, b), 0), createdAt],
  );
}

/** A checkpoint's columns but its digest, in their order. */
function cellsOf(id: number, checkpoint: NewCheckpoint) {
  return [
    id,
    checkpoint.statementId,
    checkpoint.tenantId,
    checkpoint.ledger.id,
    checkpoint.kind,
    checkpoint.from,
    checkpoint.to,
    checkpoint.firstSequence,
    checkpoint.count,
    formatAmount(checkpoint.openingBalance),
    formatAmount(checkpoint.closingBalance),
    checkpoint.root,
    checkpoint.fingerprint,
    checkpoint.createdAt,
  ];
}

function conditionsOf(tenantId: number, { ledgerId, from, to }: CheckpointFilter) {
  const values: number[] = [tenantId];
  const conditions = ["c.tenant = $1"];
  const add = (condition: string, value: number | undefined) => {
    if (value !== undefined) conditions.push(`${condition} $${values.push(value)}`);
  };
  add("c.ledger =", ledgerId);
  add("c.from_time >=", from);
  add("c.to_time <=", to);
  return { where: conditions.join(" AND "), values };
}

function batchOf(row: BatchRow): CheckpointBatch {
  return {
    statementId: row.statement_id,
    tenantId: row.tenant,
    from: row.from_time,
    to: row.to_time,
    customers: row.customers,
    lastCheckpoint: row.last_checkpoint,
    createdAt: row.created_at,
  };
}
