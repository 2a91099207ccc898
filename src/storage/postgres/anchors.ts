import { formatAmount } from "../../core/amount.ts";
import type { AnchorLeaf, AnchorStore } from "../../ledger/ports/anchoring.ts";
import type { AnchorState } from "../../ledger/ports/ledgers.ts";
import { type Cell, rowDigest } from "../row-digest.ts";
import { ANCHOR_COLUMNS, type AnchorRow, anchorOf } from "../rows.ts";
import { CHECKPOINTS, type CheckpointRow, checkpointOf, readSelection } from "./checkpoints.ts";
import type { Postgres, Transaction } from "./database.ts";
import { holdLease, type Lease } from "./leases.ts";
import { openReader } from "./reader.ts";

/** Heads whose ledgers are noted at once as anchored: whoever records in one of them waits no longer than that takes. */
const SETTLED_AT_ONCE = 250;

/** Transaction, block number, hash and time, and when it was confirmed. */
const NOT_MINED = [null, null, null, null, null];

const LATEST = `SELECT ${ANCHOR_COLUMNS} FROM anchors a JOIN anchor_progress p ON p.anchor = a.id ORDER BY a.id DESC LIMIT 1`;

/**
 * Ledgers that have moved, and how many deltas there are altogether: one statement sees one moment. Which deltas are new is a question to
 * each ledger by itself, so that recording needs no order over all of them.
 */
const MOVED = `SELECT r.through, h.ledger, h.count, l.count AS anchored
  FROM (SELECT coalesce(sum(deltas), 0)::bigint AS through FROM recorded) r
  LEFT JOIN ledger_heads h ON h.moved
  LEFT JOIN LATERAL (SELECT l.count FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor
    WHERE l.checkpoint IS NULL AND l.ledger = h.ledger ORDER BY l.count DESC LIMIT 1) l ON true
  ORDER BY h.ledger`;
type MovedRow = { through: number; ledger: number | null; count: number; anchored: number | null };

/** Notes of ledgers how far they are anchored, in the order in which whoever records takes them. */
const HOLD = "SELECT 1 FROM ledger_heads WHERE ledger = ANY ($1::bigint[]) ORDER BY ledger FOR NO KEY UPDATE";
const SETTLE = `UPDATE ledger_heads h SET moved = h.count > t.count, pending_since = CASE WHEN h.count > t.count
    THEN (SELECT recorded_at FROM deltas d WHERE d.ledger = h.ledger AND d.sequence = t.count + 1) ELSE h.pending_since END
  FROM unnest($1::bigint[], $2::bigint[]) AS t (ledger, count) WHERE h.ledger = t.ledger`;

/**
 * The anchoring side of the record, for the one node that has the lease: every change is made together with a look whether it still has.
 *
 * @throws LeaseLostError from each change once it has not.
 */
export function openAnchorStore(db: Postgres, lease: Lease): AnchorStore {
  const { read } = db;
  const reader = openReader(db);
  const writing = <T>(work: (tx: Transaction) => Promise<T> | T) =>
    db.transaction(async (tx) => {
      await holdLease(tx, lease);
      return work(tx);
    });

  async function settleHeads(heads: readonly { ledger: number; count: number }[]): Promise<void> {
    for (let start = 0; start < heads.length; start += SETTLED_AT_ONCE) {
      const some = heads.slice(start, start + SETTLED_AT_ONCE);
      const ledgers = some.map(({ ledger }) => ledger);
      await writing((tx) => {
        tx.query(HOLD, [ledgers]);
        tx.query(SETTLE, [ledgers, some.map(({ count }) => count)]);
      });
    }
  }

  return {
    async latest() {
      const [row] = await read<AnchorRow>(LATEST);
      return row && { anchor: anchorOf(row), through: row.through, throughCheckpoint: row.through_checkpoint };
    },
    async firstOpen() {
      const [row] = await read<{ anchor: number }>(
        "SELECT anchor FROM anchor_progress WHERE state <> 'confirmed' ORDER BY anchor LIMIT 1",
      );
      return row && reader.anchor(row.anchor);
    },
    anchor: reader.anchor,
    async moved() {
      const rows = await read<MovedRow>(MOVED);
      const heads = rows.flatMap(({ ledger, count, anchored }) =>
        ledger === null ? [] : [{ ledger, count, anchored: anchored ?? 0 }],
      );
      // What a crash left unnoted after its anchor was made.
      await settleHeads(heads.filter(({ count, anchored }) => anchored === count));
      const ledgers = heads
        .filter(({ count, anchored }) => anchored !== count)
        .map(({ ledger, count }) => ({ ledgerId: ledger, last: count }));
      return { ledgers, through: rows[0]!.through };
    },
    // What was recorded does not change, and each statement sees one moment: nothing is to be held in between.
    moments: () => ({ look: async () => undefined, end: () => undefined }),
    ledger: reader.ledgerById,
    keysOf: reader.keysOf,
    lastHead: reader.lastHead,
    deltas: reader.deltas,
    nodes: reader.nodes,
    async completeCheckpoints(through, limit) {
      // Those of a batch are stored in one transaction, and numbered in the order of their transactions.
      const rows = await read<CheckpointRow>(`${CHECKPOINTS} WHERE c.id > $1 ORDER BY c.id LIMIT $2`, [through, limit]);
      return rows.map(checkpointOf);
    },
    selectionOf: (checkpointId, page) => readSelection(db, checkpointId, page),
    addLeaves: (index, position, leaves) =>
      writing((tx) => {
        if (leaves.length > 0) insertLeaves(tx, index, position, leaves);
      }),
    dropLeavesFrom: (index) =>
      writing((tx) => {
        tx.query("DELETE FROM anchor_leaves WHERE anchor >= $1", [index]);
      }),
    async prepare({ index, root, size, through, createdAt, throughCheckpoint }) {
      const cells = [index, root, size, through, createdAt, throughCheckpoint];
      const heads = await writing((tx) => {
        tx.query(
          `INSERT INTO anchors (id, root, size, through, created_at, through_checkpoint, digest, pending_since)
          SELECT $1, $2, $3, $4, $5, $6, $7, min(h.pending_since)
          FROM anchor_leaves l JOIN ledger_heads h ON h.ledger = l.ledger WHERE l.anchor = $1 AND l.checkpoint IS NULL`,
          [...cells, rowDigest("anchors", cells)],
        );
        tx.query("INSERT INTO anchor_progress (anchor, state, digest) VALUES ($1, 'prepared', $2)", [
          index,
          progressDigest(index, "prepared"),
        ]);
        return tx.query<{ ledger: number; count: number }>(
          "SELECT ledger, count FROM anchor_leaves WHERE anchor = $1 AND checkpoint IS NULL ORDER BY ledger",
          [index],
        );
      });
      await settleHeads(heads);
    },
    addTransaction: (index, { attempt, nonce, hash, raw, createdAt }) =>
      writing((tx) => {
        const cells = [index, attempt, nonce, hash, raw, createdAt];
        tx.query(
          "INSERT INTO anchor_transactions (anchor, attempt, nonce, hash, raw, created_at, digest) VALUES ($1, $2, $3, $4, $5, $6, $7)",
          [...cells, rowDigest("anchor_transactions", cells)],
        );
      }),
    async transactions(index) {
      const rows = await read<{ attempt: number; nonce: number; hash: Buffer; raw: Buffer; created_at: number }>(
        "SELECT attempt, nonce, hash, raw, created_at FROM anchor_transactions WHERE anchor = $1 ORDER BY attempt",
        [index],
      );
      return rows.map(({ created_at, ...rest }) => ({ ...rest, createdAt: created_at }));
    },
    markSent: (index) =>
      writing((tx) => {
        tx.query("UPDATE anchor_progress SET state = 'sent', digest = $2 WHERE anchor = $1 AND state = 'prepared'", [
          index,
          progressDigest(index, "sent"),
        ]);
      }),
    markConfirmed: (index, { transactionHash, blockNumber, blockHash, blockTime, confirmedAt, gasUsed }) =>
      writing((tx) => {
        const cells = [transactionHash, blockNumber, blockHash, blockTime, confirmedAt];
        tx.query(
          "UPDATE anchor_progress SET state = 'confirmed', transaction_hash = $2, block_number = $3, block_hash = $4, block_time = $5, confirmed_at = $6, gas_used = $7, digest = $8 WHERE anchor = $1",
          [index, ...cells, gasUsed, progressDigest(index, "confirmed", cells, gasUsed)],
        );
      }),
    markUnconfirmed: (index) =>
      writing((tx) => {
        tx.query(
          "UPDATE anchor_progress SET state = 'sent', transaction_hash = NULL, block_number = NULL, block_hash = NULL, block_time = NULL, confirmed_at = NULL, gas_used = NULL, digest = $2 WHERE anchor = $1",
          [index, progressDigest(index, "sent")],
        );
      }),
  };
}

function insertLeaves(tx: Transaction, index: number, position: number, leaves: readonly AnchorLeaf[]): void {
  tx.query(
    `INSERT INTO anchor_leaves (anchor, position, ledger, count, balance, root, leaf, nodes, checkpoint)
    SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::numeric[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bigint[])`,
    [
      index,
      leaves.map((_, i) => position + i),
      leaves.map(({ ledgerId }) => ledgerId),
      leaves.map(({ count }) => count),
      leaves.map(({ balance }) => formatAmount(balance)),
      leaves.map(({ root }) => root),
      leaves.map(({ leaf }) => leaf),
      leaves.map(({ nodes }) => nodes),
      leaves.map(({ checkpointId }) => checkpointId),
    ],
  );
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
