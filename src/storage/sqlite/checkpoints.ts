import { setImmediate as yieldToOthers } from "node:timers/promises";
import { formatAmount, parseAmount } from "../../core/amount.ts";
import type {
  CheckpointBatch,
  CheckpointFilter,
  CheckpointStore,
  NewBatch,
  NewCheckpoint,
  StoredCheckpoint,
} from "../../ledger/ports/checkpoints.ts";
import type { RequestEffect } from "../../ledger/ports/effects.ts";
import type { Page } from "../../ledger/ports/ledgers.ts";
import { type Cell, rowDigest } from "../row-digest.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteEffects } from "./effects.ts";
import type { SqliteReader } from "./reader.ts";
import { writing } from "./refused-write.ts";

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

type BatchRow = {
  statement_id: string;
  tenant: number;
  from_time: number;
  to_time: number;
  customers: number;
  last_checkpoint: number;
  created_at: number;
};

/** How far a batch is stored: so many checkpoints, the newest of which has this id. */
type Before = { position: number; newest: number };

/** Checkpoints that one transaction stores: recording waits no longer than that takes. */
const PER_COMMIT = 100;

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
export function openCheckpointStore(
  db: Sqlite,
  { reader, effects }: { reader: SqliteReader; effects: SqliteEffects },
): CheckpointStore {
  const insert = db.prepare(
    "INSERT INTO checkpoints (id, statement_id, tenant, ledger, kind, from_time, to_time, first_sequence, count, opening_balance, closing_balance, root, fingerprint, created_at, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const last = db.prepare<[], { id: number }>("SELECT coalesce(max(id), 0) AS id FROM checkpoints");
  const insertSelected = db.prepare("INSERT INTO checkpoint_selections (checkpoint, sequence) VALUES (?, ?)");
  const insertMember = db.prepare(
    "INSERT OR IGNORE INTO checkpoint_batch_members (statement_id, position, checkpoint) VALUES (?, ?, ?)",
  );
  const insertBatch = db.prepare(
    "INSERT OR IGNORE INTO checkpoint_batches (statement_id, tenant, from_time, to_time, customers, last_checkpoint, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const one = (where: string) => db.prepare<unknown[], CheckpointRow>(`SELECT * FROM checkpoints WHERE ${where}`);
  const byStatement = one("tenant = ? AND statement_id = ?");
  const byFingerprint = one("fingerprint = ?");
  const overWindow = one(
    "kind = 'window' AND ledger = ? AND from_time = ? AND to_time = ? ORDER BY count DESC LIMIT 1",
  );
  const byRoot = one("kind = 'window' AND ledger = ? AND root = ? ORDER BY id DESC LIMIT 1");
  const latest = one("kind = 'window' AND ledger = ? ORDER BY id DESC LIMIT 1");
  const members = db.prepare<[string, number, number], CheckpointRow>(
    "SELECT c.* FROM checkpoint_batch_members m JOIN checkpoints c ON c.id = m.checkpoint WHERE m.statement_id = ? AND m.position >= ? ORDER BY m.position LIMIT ?",
  );
  const selection = db.prepare<[number, number, number], { sequence: number }>(
    "SELECT sequence FROM checkpoint_selections WHERE checkpoint = ? ORDER BY sequence LIMIT ? OFFSET ?",
  );
  const leaf = db.prepare<[number], { anchor: number; position: number }>(
    "SELECT l.anchor, l.position FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor WHERE l.checkpoint = ? ORDER BY l.anchor LIMIT 1",
  );
  const batchByStatement = db.prepare<[number, string], BatchRow>(
    "SELECT * FROM checkpoint_batches WHERE tenant = ? AND statement_id = ?",
  );
  const listing = openListing(db);
  const found = (row: CheckpointRow | undefined) => row && checkpointOfRow(row, reader);

  /** The id of a checkpoint, found or new. */
  function add(checkpoint: NewCheckpoint): number {
    const before = byFingerprint.get(checkpoint.fingerprint);
    if (before) return before.id;
    const id = last.get()!.id + 1;
    const columns = columnsOf(id, checkpoint);
    insert.run(...columns, rowDigest("checkpoints", columns));
    for (const sequence of checkpoint.selection ?? []) insertSelected.run(id, sequence);
    return id;
  }

  /** Adds a part of a batch. @returns the newest id in it. */
  function addPart(checkpoints: readonly NewCheckpoint[], batch: NewBatch, position: number): number {
    let newest = 0;
    for (const [i, checkpoint] of checkpoints.entries()) {
      const id = add(checkpoint);
      newest = Math.max(newest, id);
      if (checkpoint.statementId !== batch.statementId) insertMember.run(batch.statementId, position + i, id);
    }
    return newest;
  }

  const store = db.transaction(addPart);
  // The last part comes with the batch and the note of its request: none of the parts counts before that.
  const complete = db.transaction(
    (last: readonly NewCheckpoint[], batch: NewBatch, before: Before, request: RequestEffect | undefined) => {
      if (request && isKnown(request)) return "repeated";
      const newest = Math.max(before.newest, addPart(last, batch, before.position));
      const { statementId, tenantId, from, to, createdAt } = batch;
      insertBatch.run(statementId, tenantId, from, to, before.position + last.length, newest, createdAt);
      effects.note(request);
      return "added";
    },
  );

  function isKnown({ requestId }: RequestEffect): boolean {
    return effects.find(requestId) !== undefined || reader.deltaByRequestId(requestId) !== undefined;
  }

  // One batch at a time: another one that is complete would reach the checkpoints of one that is not.
  let queue: Promise<unknown> = Promise.resolve();

  async function addAll(checkpoints: readonly NewCheckpoint[], batch: NewBatch, request: RequestEffect | undefined) {
    const before: Before = { position: 0, newest: 0 };
    for (; checkpoints.length - before.position > PER_COMMIT; before.position += PER_COMMIT) {
      const part = checkpoints.slice(before.position, before.position + PER_COMMIT);
      before.newest = Math.max(
        before.newest,
        writing(() => store.immediate(part, batch, before.position)),
      );
      await yieldToOthers();
    }
    return writing(() => complete.immediate(checkpoints.slice(before.position), batch, before, request));
  }

  return {
    addCheckpoints(checkpoints, batch, request) {
      const added = queue.then(() => addAll(checkpoints, batch, request));
      // The caller meets a failure in `added`; the next in the queue only waits for the end.
      queue = added.catch(() => undefined);
      return added;
    },
    checkpoint: async (tenantId, statementId) => found(byStatement.get(tenantId, statementId)),
    checkpointByFingerprint: async (fingerprint) => found(byFingerprint.get(fingerprint)),
    latestOverWindow: async (ledgerId, from, to) => found(overWindow.get(ledgerId, from, to)),
    checkpointByRoot: async (ledgerId, root) => found(byRoot.get(ledgerId, root)),
    latestCheckpoint: async (ledgerId) => found(latest.get(ledgerId)),
    async checkpoints(tenantId, filter, page) {
      const { rows, total } = listing(tenantId, filter, page);
      return { checkpoints: rows.map((row) => checkpointOfRow(row, reader)), total };
    },
    selectionOf: async (checkpointId, { offset, limit }) =>
      selection.all(checkpointId, limit, offset).map((row) => row.sequence),
    async checkpointLeaf(checkpointId) {
      const row = leaf.get(checkpointId);
      return row && { anchorIndex: row.anchor, position: row.position };
    },
    async batch(tenantId, statementId) {
      const row = batchByStatement.get(tenantId, statementId);
      return row && batchOf(row);
    },
    batchCheckpoints: async ({ statementId }, { offset, limit }) =>
      members.all(statementId, offset, limit).map((row) => checkpointOfRow(row, reader)),
  };
}

/** A checkpoint's columns but its digest, in their order. */
function columnsOf(id: number, checkpoint: NewCheckpoint): Cell[] {
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

/** The list by filter: one statement for each combination, so that each uses its own index. */
function openListing(db: Sqlite) {
  const prepared = (filter: CheckpointFilter) => {
    const conditions = [
      "tenant = :tenant",
      ...(filter.ledgerId === undefined ? [] : ["ledger = :ledgerId"]),
      ...(filter.from === undefined ? [] : ["from_time >= :from"]),
      ...(filter.to === undefined ? [] : ["to_time <= :to"]),
    ].join(" AND ");
    return {
      page: db.prepare<unknown[], CheckpointRow>(
        `SELECT * FROM checkpoints WHERE ${conditions} ORDER BY id DESC LIMIT :limit OFFSET :offset`,
      ),
      total: db.prepare<unknown[], { n: number }>(`SELECT count(*) AS n FROM checkpoints WHERE ${conditions}`),
    };
  };
  const known = new Map<string, ReturnType<typeof prepared>>();
  return (tenant: number, filter: CheckpointFilter, page: Page): { rows: CheckpointRow[]; total: number } => {
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    const shape = Object.keys(given).join();
    const statements = known.get(shape) ?? prepared(given);
    known.set(shape, statements);
    const total = statements.total.get({ tenant, ...given })!.n;
    return { rows: statements.page.all({ tenant, ...given, ...page }), total };
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
