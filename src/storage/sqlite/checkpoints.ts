import { setImmediate as yieldToOthers } from "node:timers/promises";
import { formatAmount, parseAmount } from "../../core/amount.ts";
import type { CheckpointBatch, CheckpointStore, NewCheckpoint, StoredCheckpoint } from "../../ledger/checkpoint-ports.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteReader } from "./reader.ts";

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
};

type BatchRow = { statement_id: string; tenant: number; from_time: number; to_time: number; customers: number; last_checkpoint: number; created_at: number };

/** Checkpoints that one transaction stores: recording waits no longer than that takes. */
const PER_COMMIT = 200;

export function checkpointOfRow(row: CheckpointRow, reader: SqliteReader): StoredCheckpoint {
  return {
    id: row.id,
    statementId: row.statement_id,
    tenantId: row.tenant,
    ledger: reader.ledgerById(row.ledger),
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

/** Checkpoints and their batches, on the connection that records. */
export function openCheckpointStore(db: Sqlite, reader: SqliteReader): CheckpointStore {
  const insert = db.prepare(
    "INSERT INTO checkpoints (statement_id, tenant, ledger, kind, from_time, to_time, first_sequence, count, opening_balance, closing_balance, root, fingerprint, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const insertSelected = db.prepare("INSERT INTO checkpoint_selections (checkpoint, sequence) VALUES (?, ?)");
  const insertBatch = db.prepare(
    "INSERT INTO checkpoint_batches (statement_id, tenant, from_time, to_time, customers, last_checkpoint, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const one = (where: string) => db.prepare<unknown[], CheckpointRow>(`SELECT * FROM checkpoints WHERE ${where}`);
  const byStatement = one("tenant = ? AND statement_id = ?");
  const byFingerprint = one("fingerprint = ?");
  const byWindow = one("kind = 'window' AND ledger = ? AND from_time = ? AND to_time = ? AND count = ?");
  const byRoot = one("ledger = ? AND root = ? ORDER BY id DESC LIMIT 1");
  const latest = one("ledger = ? AND kind = 'window' ORDER BY id DESC LIMIT 1");
  // Of each ledger the latest checkpoint over the window that the batch knew.
  const inBatch = db.prepare<[number, number, number, number, number, number, number], CheckpointRow>(
    `SELECT c.* FROM checkpoints c WHERE c.tenant = ? AND c.from_time = ? AND c.to_time = ? AND c.id <= ? AND c.kind = 'window' AND c.id =
       (SELECT max(d.id) FROM checkpoints d WHERE d.kind = 'window' AND d.ledger = c.ledger AND d.from_time = c.from_time AND d.to_time = c.to_time AND d.id <= ?)
     ORDER BY c.id LIMIT ? OFFSET ?`,
  );
  const selection = db.prepare<[number, number, number], { sequence: number }>("SELECT sequence FROM checkpoint_selections WHERE checkpoint = ? ORDER BY sequence LIMIT ? OFFSET ?");
  const leaf = db.prepare<[number], { anchor: number; position: number }>(
    "SELECT l.anchor, l.position FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor WHERE l.checkpoint = ? ORDER BY l.anchor LIMIT 1",
  );
  const batchById = db.prepare<[number, string], BatchRow>("SELECT * FROM checkpoint_batches WHERE tenant = ? AND statement_id = ?");
  const batchOfWindow = db.prepare<[number, number, number], BatchRow>(
    "SELECT * FROM checkpoint_batches WHERE tenant = ? AND from_time = ? AND to_time = ? ORDER BY id DESC LIMIT 1",
  );
  const lastId = db.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM checkpoints");
  const FILTER = "tenant = :tenant AND (:ledger IS NULL OR ledger = :ledger) AND (:from IS NULL OR from_time >= :from) AND (:to IS NULL OR to_time <= :to)";
  const page = db.prepare<unknown[], CheckpointRow>(`SELECT * FROM checkpoints WHERE ${FILTER} ORDER BY id DESC LIMIT :limit OFFSET :offset`);
  const total = db.prepare<unknown[], { n: number }>(`SELECT count(*) AS n FROM checkpoints WHERE ${FILTER}`);
  const found = (row: CheckpointRow | undefined) => row && checkpointOfRow(row, reader);

  function add(checkpoint: NewCheckpoint): StoredCheckpoint {
    const { kind, ledger, from, to, count } = checkpoint;
    const before = kind === "window" ? byWindow.get(ledger.id, from, to, count) : byFingerprint.get(checkpoint.fingerprint);
    if (before) return checkpointOfRow(before, reader);
    const { lastInsertRowid } = insert.run(
      checkpoint.statementId,
      checkpoint.tenantId,
      ledger.id,
      kind,
      from,
      to,
      checkpoint.firstSequence,
      count,
      formatAmount(checkpoint.openingBalance),
      formatAmount(checkpoint.closingBalance),
      checkpoint.root,
      checkpoint.fingerprint,
      checkpoint.createdAt,
    );
    const id = Number(lastInsertRowid);
    for (const sequence of checkpoint.selection ?? []) insertSelected.run(id, sequence);
    const { selection: _, ...stored } = checkpoint;
    return { id, ...stored };
  }

  const addSome = db.transaction((checkpoints: readonly NewCheckpoint[]) => checkpoints.map(add));
  // One request at a time, so that no other's batch reaches checkpoints of one that is still being stored.
  let queue: Promise<unknown> = Promise.resolve();

  async function addAll(checkpoints: readonly NewCheckpoint[], batch: Omit<CheckpointBatch, "lastCheckpoint" | "customers">) {
    const lastBefore = lastId.get()?.id ?? 0;
    const stored: StoredCheckpoint[] = [];
    for (let start = 0; start < checkpoints.length; start += PER_COMMIT) {
      stored.push(...addSome.immediate(checkpoints.slice(start, start + PER_COMMIT)));
      await yieldToOthers();
    }
    const before = batchOfWindow.get(batch.tenantId, batch.from, batch.to);
    // Old, and reached by a batch: what a crash left without one is not.
    const known = before !== undefined && stored.every(({ id }) => id <= lastBefore && id <= before.last_checkpoint);
    if (known && (stored.length === 1 || before.customers === stored.length)) return { checkpoints: stored, batch: batchOf(before) };
    const { statementId, tenantId, from, to, createdAt } = batch;
    const same = batchById.get(tenantId, statementId);
    if (same) return { checkpoints: stored, batch: batchOf(same) };
    const row = { statementId, tenantId, from, to, customers: stored.length, lastCheckpoint: lastId.get()?.id ?? 0, createdAt };
    insertBatch.run(statementId, tenantId, from, to, row.customers, row.lastCheckpoint, createdAt);
    return { checkpoints: stored, batch: row };
  }

  return {
    addCheckpoints(checkpoints, batch) {
      const added = queue.then(() => addAll(checkpoints, batch));
      // The caller meets a failure in `added`; the next in the queue only waits for the end.
      queue = added.catch(() => undefined);
      return added;
    },
    checkpoint: async (tenantId, statementId) => found(byStatement.get(tenantId, statementId)),
    checkpointByFingerprint: async (fingerprint) => found(byFingerprint.get(fingerprint)),
    checkpointByWindow: async (ledgerId, from, to, count) => found(byWindow.get(ledgerId, from, to, count)),
    checkpointByRoot: async (ledgerId, root) => found(byRoot.get(ledgerId, root)),
    latestCheckpoint: async (ledgerId) => found(latest.get(ledgerId)),
    async checkpoints(tenantId, filter, { offset, limit }) {
      const named = { tenant: tenantId, ledger: filter.ledgerId ?? null, from: filter.from ?? null, to: filter.to ?? null };
      return { checkpoints: page.all({ ...named, limit, offset }).map((row) => checkpointOfRow(row, reader)), total: total.get(named)!.n };
    },
    selectionOf: async (checkpointId, { offset, limit }) => selection.all(checkpointId, limit, offset).map((row) => row.sequence),
    async checkpointLeaf(checkpointId) {
      const row = leaf.get(checkpointId);
      return row && { anchorIndex: row.anchor, position: row.position };
    },
    async batch(tenantId, statementId) {
      const row = batchById.get(tenantId, statementId);
      return row && batchOf(row);
    },
    async batchCheckpoints(batch, { offset, limit }) {
      const { tenantId, from, to, lastCheckpoint } = batch;
      const rows = inBatch.all(tenantId, from, to, lastCheckpoint, lastCheckpoint, limit, offset);
      return { checkpoints: rows.map((row) => checkpointOfRow(row, reader)), total: batch.customers };
    },
  };
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
