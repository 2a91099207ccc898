import { setTimeout as sleep } from "node:timers/promises";
import { formatAmount } from "../../core/amount.ts";
import type { AnchorLeaf, AnchorStore, AnchorTransaction, Moments, NewAnchor } from "../../ledger/ports/anchoring.ts";
import { type AnchorState, type Ledger, RecordDamagedError, type StoredDelta } from "../../ledger/ports/ledgers.ts";
import { type Cell, rowDigest } from "../row-digest.ts";
import { ANCHOR_COLUMNS, type AnchorRow, anchorOf, type DeltaRow, deltaOf } from "../rows.ts";
import { type CheckpointRow, checkpointOfRow } from "./checkpoints.ts";
import type { Sqlite } from "./database.ts";
import { packed } from "./packed.ts";
import { openReader } from "./reader.ts";

/** Leaves that one transaction stores: the recording connection waits no longer than that takes. */
const LEAVES_PER_COMMIT = 250;

/** Milliseconds that one moment of the record is read for, and that nothing is read for after it. */
const MOMENT_MS = 20;
const GAP_MS = 1;

/** Transaction, block number, hash and time, and when it was confirmed. */
const NOT_MINED = [null, null, null, null, null];

/** The anchoring side of the record, over a connection of its own (it runs in another thread than the writer of deltas). */
export function openAnchorStore(db: Sqlite): AnchorStore {
  const reader = openReader(db);
  const latest = db.prepare<[], AnchorRow>(
    `SELECT ${ANCHOR_COLUMNS} FROM anchors a JOIN anchor_progress p ON p.anchor = a.id ORDER BY a.id DESC LIMIT 1`,
  );
  const firstOpen = db.prepare<[], { anchor: number }>(
    "SELECT anchor FROM anchor_progress WHERE state <> 'confirmed' ORDER BY anchor LIMIT 1",
  );
  const lastArrival = db.prepare<[], { id: number | null }>("SELECT max(id) AS id FROM deltas");
  const moved = db.prepare<[number, number], { ledger: number; last: number }>(
    "SELECT ledger, max(sequence) AS last FROM deltas WHERE id > ? AND id <= ? GROUP BY ledger ORDER BY ledger",
  );
  const arrived = db.prepare<[number, number], { n: number }>(
    "SELECT count(*) AS n FROM deltas WHERE id > ? AND id <= ?",
  );
  const deltas = openDeltaRange(db);
  const insertLeaf = db.prepare(
    "INSERT INTO anchor_leaves (anchor, position, ledger, count, balance, root, leaf, nodes, checkpoint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const dropLeaves = db.prepare("DELETE FROM anchor_leaves WHERE anchor >= ?");
  const insertAnchor = db.prepare(
    "INSERT INTO anchors (id, root, size, through, created_at, through_checkpoint, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const insertProgress = db.prepare("INSERT INTO anchor_progress (anchor, state, digest) VALUES (?, 'prepared', ?)");
  const insertTransaction = db.prepare(
    "INSERT INTO anchor_transactions (anchor, attempt, nonce, hash, raw, created_at, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const transactions = db.prepare<
    [number],
    { attempt: number; nonce: number; hash: Buffer; raw: Buffer; created_at: number }
  >("SELECT attempt, nonce, hash, raw, created_at FROM anchor_transactions WHERE anchor = ? ORDER BY attempt");
  const sent = db.prepare(
    "UPDATE anchor_progress SET state = 'sent', digest = ? WHERE anchor = ? AND state = 'prepared'",
  );
  const confirmed = db.prepare(
    "UPDATE anchor_progress SET state = 'confirmed', transaction_hash = ?, block_number = ?, block_hash = ?, block_time = ?, confirmed_at = ?, gas_used = ?, digest = ? WHERE anchor = ?",
  );
  const unconfirmed = db.prepare(
    "UPDATE anchor_progress SET state = 'sent', transaction_hash = NULL, block_number = NULL, block_hash = NULL, block_time = NULL, confirmed_at = NULL, gas_used = NULL, digest = ? WHERE anchor = ?",
  );

  const completeCheckpoints = db.prepare<[number, number], CheckpointRow>(
    "SELECT * FROM checkpoints WHERE id > ? AND id <= (SELECT coalesce(max(last_checkpoint), 0) FROM checkpoint_batches) ORDER BY id LIMIT ?",
  );
  const selection = db.prepare<[number, number, number], { sequence: number }>(
    "SELECT sequence FROM checkpoint_selections WHERE checkpoint = ? ORDER BY sequence LIMIT ? OFFSET ?",
  );

  const addLeaves = db.transaction((index: number, position: number, leaves: readonly AnchorLeaf[]) => {
    for (const [i, leaf] of leaves.entries()) {
      insertLeaf.run(
        index,
        position + i,
        leaf.ledgerId,
        leaf.count,
        formatAmount(leaf.balance),
        leaf.root,
        leaf.leaf,
        leaf.nodes,
        leaf.checkpointId,
      );
    }
  });
  const prepare = db.transaction((anchor: NewAnchor) => {
    const { index, root, size, through, createdAt, throughCheckpoint } = anchor;
    const columns = [index, root, size, through, createdAt, throughCheckpoint];
    insertAnchor.run(...columns, rowDigest("anchors", columns));
    insertProgress.run(index, progressDigest(index, "prepared"));
  });

  return {
    async latest() {
      const row = latest.get();
      return row && { anchor: anchorOf(row), through: row.through, throughCheckpoint: row.through_checkpoint };
    },
    async firstOpen() {
      const row = firstOpen.get();
      return row && reader.anchor(row.anchor);
    },
    anchor: async (index) => reader.anchor(index),
    async moved(through) {
      const last = lastArrival.get()?.id ?? 0;
      // Arrivals are numbered without holes: the last delta of a ledger leaves no other trace when it is deleted.
      const missing = last - through - arrived.get(through, last)!.n;
      if (missing !== 0)
        throw new RecordDamagedError(
          `${Math.abs(missing)} of the deltas that arrived ${missing > 0 ? "after" : "up to"} number ${through} are missing`,
        );
      const ledgers = moved.all(through, last).map((row) => ({ ledgerId: row.ledger, last: row.last }));
      return { ledgers, through: last };
    },
    moments: () => openMoments(db),
    ledger: async (id) => reader.ledgerById(id),
    keysOf: async (ledgerId) => reader.keysOf(ledgerId),
    lastHead: async (ledgerId) => reader.lastHead(ledgerId),
    deltas: async (ledger, first, limit) => deltas(ledger, first, limit) ?? reader.deltas(ledger, first, limit),
    nodes: async (ledger, positions) => reader.nodes(ledger, positions),
    completeCheckpoints: async (through, limit) =>
      completeCheckpoints.all(through, limit).map((row) => checkpointOfRow(row, reader)),
    selectionOf: async (checkpointId, { offset, limit }) =>
      selection.all(checkpointId, limit, offset).map((row) => row.sequence),
    async addLeaves(index, position, leaves) {
      for (let start = 0; start < leaves.length; start += LEAVES_PER_COMMIT) {
        addLeaves.immediate(index, position + start, leaves.slice(start, start + LEAVES_PER_COMMIT));
      }
    },
    async dropLeavesFrom(index) {
      dropLeaves.run(index);
    },
    async prepare(anchor) {
      prepare.immediate(anchor);
    },
    async addTransaction(index, { attempt, nonce, hash, raw, createdAt }) {
      const columns = [index, attempt, nonce, hash, raw, createdAt];
      insertTransaction.run(...columns, rowDigest("anchor_transactions", columns));
    },
    transactions: async (index): Promise<AnchorTransaction[]> =>
      transactions.all(index).map((row) => ({
        attempt: row.attempt,
        nonce: row.nonce,
        hash: row.hash,
        raw: row.raw,
        createdAt: row.created_at,
      })),
    async markSent(index) {
      sent.run(progressDigest(index, "sent"), index);
    },
    async markConfirmed(index, mined) {
      const { transactionHash, blockNumber, blockHash, blockTime, confirmedAt, gasUsed } = mined;
      const columns = [transactionHash, blockNumber, blockHash, blockTime, confirmedAt];
      confirmed.run(...columns, gasUsed, progressDigest(index, "confirmed", columns, gasUsed), index);
    },
    async markUnconfirmed(index) {
      unconfirmed.run(progressDigest(index, "sent"), index);
    },
  };
}

/**
 * Reads in transactions. Without one each statement takes and leaves SQLite's locks, and after every commit of the recording connection
 * begins with an empty page cache.
 */
function openMoments(db: Sqlite): Moments {
  let since = 0;
  const end = () => {
    if (db.inTransaction) db.exec("COMMIT");
  };
  return {
    async look() {
      if (db.inTransaction) {
        if (performance.now() - since < MOMENT_MS) return;
        end();
        // The WAL can be emptied only while nobody reads.
        await sleep(GAP_MS);
      }
      db.exec("BEGIN");
      since = performance.now();
    },
    end,
  };
}

/** The columns of a delta in the order in which they are unpacked. */
const DELTA_COLUMNS: readonly { name: keyof DeltaRow; bytes: boolean }[] = [
  { name: "ledger", bytes: false },
  { name: "sequence", bytes: false },
  { name: "amount", bytes: false },
  { name: "balance", bytes: false },
  { name: "recorded_at", bytes: false },
  { name: "generation", bytes: false },
  { name: "commitment", bytes: true },
  { name: "fingerprint", bytes: true },
  { name: "nodes", bytes: true },
  { name: "sealed", bytes: true },
  { name: "request_id", bytes: true },
];

/** A row of those columns, whose kinds the schema and the unpacking have seen to. */
function rowOf(cells: readonly Cell[]): DeltaRow {
  const [ledger, sequence, amount, balance, recorded_at, generation, ...bytes] = cells;
  const [commitment, fingerprint, nodes, sealed, request_id] = bytes;
  const row = { ledger, sequence, amount, balance, recorded_at, generation };
  return { ...row, commitment, fingerprint, nodes, sealed, request_id } as DeltaRow;
}

/** Reads deltas of one ledger in half the time of the plain way; undefined where a row is not as it should be. */
function openDeltaRange(db: Sqlite) {
  const columns = packed(DELTA_COLUMNS, "d");
  const range = db
    .prepare<[number, number, number], Cell[]>(
      `SELECT ${columns.sql} FROM deltas d WHERE d.ledger = ? AND d.sequence >= ? ORDER BY d.sequence LIMIT ?`,
    )
    .raw();
  return (ledger: Ledger, first: number, limit: number): StoredDelta[] | undefined => {
    const deltas: StoredDelta[] = [];
    for (const packedCells of range.all(ledger.id, first, limit)) {
      const cells = columns.unpack(packedCells, 0);
      if (!cells) return undefined;
      deltas.push(deltaOf(rowOf(cells), ledger));
    }
    return deltas;
  };
}

/** The digest of an anchor's progress. @param mined the columns after the state; all null, as the gas is, while no block has it. */
function progressDigest(
  index: number,
  state: AnchorState,
  mined: readonly Cell[] = NOT_MINED,
  gasUsed: number | null = null,
): Buffer {
  return rowDigest("anchor_progress", [index, state, ...mined], gasUsed);
}
