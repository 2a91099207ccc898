import { sameBytes } from "../../core/bytes.ts";
import { invariant } from "../../core/errors.ts";
import { leafOf } from "../../core/fingerprint.ts";
import { HASH_BYTES, type Position } from "../../core/tree.ts";
import {
  type Anchor,
  type AnchoredCounts,
  type AnchoredHead,
  type AnchorState,
  type Ledger,
  type Page,
  RecordDamagedError,
  type SealedKey,
  type StoredDelta,
} from "../../ledger/ports/ledgers.ts";
import {
  ANCHOR_COLUMNS,
  type AnchorRow,
  anchorOf,
  type DeltaRow,
  deltaOf,
  type HeadRow,
  headOf,
  type LedgerRow,
  ledgerOf,
  rowOfNode,
} from "../rows.ts";
import type { Sqlite } from "./database.ts";
import type { TailIndex } from "./tail-index.ts";

/** Every read of the record, synchronous as SQLite is; one point or one short range of an index each. */
export type SqliteReader = ReturnType<typeof openReader>;

export function openReader(
  db: Sqlite,
  { fingerprints, requestIds }: { fingerprints?: TailIndex; requestIds?: TailIndex } = {},
) {
  const ledgerByAddress = db.prepare<[number, Uint8Array], LedgerRow>(
    "SELECT id, tenant, address, opened_at FROM ledgers WHERE tenant = ? AND address = ?",
  );
  const ledgerById = db.prepare<[number], LedgerRow>("SELECT id, tenant, address, opened_at FROM ledgers WHERE id = ?");
  const ledgerPage = db.prepare<[number, number, number], LedgerRow>(
    "SELECT id, tenant, address, opened_at FROM ledgers WHERE tenant = ? ORDER BY id LIMIT ? OFFSET ?",
  );
  const ledgerCount = db.prepare<[number], { n: number }>("SELECT count(*) AS n FROM ledgers WHERE tenant = ?");
  const keys = db.prepare<[number], { generation: number; wrapped: Buffer | null; sealed_customer_id: Buffer | null }>(
    "SELECT generation, wrapped, sealed_customer_id FROM ledger_keys WHERE ledger = ? ORDER BY generation",
  );
  const deltaAt = db.prepare<[number, number], DeltaRow>("SELECT * FROM deltas WHERE ledger = ? AND sequence = ?");
  const lastArrival = db.prepare<[], number>("SELECT coalesce(max(id), 0) FROM deltas").pluck();
  const deltaById = db.prepare<[number], DeltaRow>("SELECT * FROM deltas WHERE id = ?");
  const deltaLast = db.prepare<[number], DeltaRow>(
    "SELECT * FROM deltas WHERE ledger = ? ORDER BY sequence DESC LIMIT 1",
  );
  const deltaRange = db.prepare<[number, number, number], DeltaRow>(
    "SELECT * FROM deltas WHERE ledger = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
  );
  const timeAt = db.prepare<[number, number], { recorded_at: number }>(
    "SELECT recorded_at FROM deltas WHERE ledger = ? AND sequence = ?",
  );
  const lastSequence = db.prepare<[number], { n: number | null }>(
    "SELECT max(sequence) AS n FROM deltas WHERE ledger = ?",
  );
  const fingerprintRange = db
    .prepare<[number, number, number], Buffer>(
      "SELECT fingerprint FROM deltas WHERE ledger = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
    )
    .pluck();
  const fingerprintAt = db
    .prepare<[number, number], Buffer>("SELECT fingerprint FROM deltas WHERE ledger = ? AND sequence = ?")
    .pluck();
  // Of a row's nodes, the one at a place counted from 1: each array of bytes that leaves SQLite costs a microsecond.
  const nodeAt = db
    .prepare<[number, number, number], Buffer>(
      `SELECT substr(nodes, ?, ${HASH_BYTES}) FROM deltas WHERE ledger = ? AND sequence = ?`,
    )
    .pluck();
  const HEADS =
    "SELECT l.anchor, l.position, l.ledger, l.count, l.balance, l.root FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor";
  const headsFrom = db.prepare<[number, number, number], HeadRow>(
    `${HEADS} WHERE l.checkpoint IS NULL AND l.ledger = ? AND l.count >= ? ORDER BY l.count LIMIT ?`,
  );
  const headIn = db.prepare<[number, number], HeadRow>(
    `${HEADS} WHERE l.checkpoint IS NULL AND l.ledger = ? AND l.anchor = ?`,
  );
  const lastHead = db.prepare<[number], HeadRow>(
    `${HEADS} WHERE l.checkpoint IS NULL AND l.ledger = ? ORDER BY l.count DESC LIMIT 1`,
  );
  const countsDown = db.prepare<[number], { count: number; state: AnchorState }>(
    "SELECT l.count, p.state FROM anchor_leaves l JOIN anchor_progress p ON p.anchor = l.anchor WHERE l.checkpoint IS NULL AND l.ledger = ? ORDER BY l.count DESC",
  );
  const ANCHORS = `SELECT ${ANCHOR_COLUMNS} FROM anchors a JOIN anchor_progress p ON p.anchor = a.id`;
  const anchorAt = db.prepare<[number], AnchorRow>(`${ANCHORS} WHERE a.id = ?`);
  const anchorPage = db.prepare<[number, number], AnchorRow>(`${ANCHORS} ORDER BY a.id DESC LIMIT ? OFFSET ?`);
  // Anchors are numbered from 1 without holes: the last number is how many there are.
  const anchorCount = db.prepare<[], { n: number }>("SELECT coalesce(max(id), 0) AS n FROM anchors");
  const leafAt = db
    .prepare<[number, number], Buffer>("SELECT leaf FROM anchor_leaves WHERE anchor = ? AND position = ?")
    .pluck();
  const leafNodeAt = db
    .prepare<[number, number, number], Buffer>(
      `SELECT substr(nodes, ?, ${HASH_BYTES}) FROM anchor_leaves WHERE anchor = ? AND position = ?`,
    )
    .pluck();

  function owner(id: number): Ledger {
    const row = ledgerById.get(id);
    invariant(row !== undefined, "a stored row names a ledger that exists");
    return ledgerOf(row);
  }

  function byRandomKey(
    index: TailIndex | undefined,
    key: Uint8Array,
    column: "fingerprint" | "request_id",
  ): StoredDelta | undefined {
    invariant(index !== undefined, "this connection was opened with its indexes");
    for (const id of index.find(key)) {
      const row = deltaById.get(id);
      const found = row?.[column];
      if (row && found && sameBytes(found, key)) return deltaOf(row, owner(row.ledger));
    }
    return undefined;
  }

  /** @param read a row's leaf, or, for `at` above 0, what stands at that place of the nodes that it completed. */
  function nodesFrom(
    read: (row: number, at: number) => Uint8Array | undefined,
    positions: readonly Position[],
    damaged: (row: number, problem: string) => Error,
  ): Uint8Array[] {
    return positions.map((position) => {
      const row = rowOfNode(position);
      const { level } = position;
      const node = read(row, level === 0 ? 0 : (level - 1) * HASH_BYTES + 1);
      if (!node) throw damaged(row, "the row is missing");
      if (node.length !== HASH_BYTES) throw damaged(row, "the tree nodes that it completed are not stored with it");
      return node;
    });
  }

  return {
    ledger(tenantId: number, address: Uint8Array): Ledger | undefined {
      const row = ledgerByAddress.get(tenantId, address);
      return row && ledgerOf(row);
    },
    ledgerById: owner,
    ledgers: (tenantId: number, { offset, limit }: Page): Ledger[] =>
      ledgerPage.all(tenantId, limit, offset).map(ledgerOf),
    ledgerCount: (tenantId: number): number => ledgerCount.get(tenantId)!.n,
    keysOf: (ledgerId: number): SealedKey[] =>
      keys
        .all(ledgerId)
        .map((row) => ({ generation: row.generation, wrapped: row.wrapped, sealedCustomerId: row.sealed_customer_id })),
    delta(ledger: Ledger, sequence: number): StoredDelta | undefined {
      const row = deltaAt.get(ledger.id, sequence);
      return row && deltaOf(row, ledger);
    },
    lastDelta(ledger: Ledger): StoredDelta | undefined {
      const row = deltaLast.get(ledger.id);
      return row && deltaOf(row, ledger);
    },
    deltas: (ledger: Ledger, first: number, limit: number): StoredDelta[] =>
      deltaRange.all(ledger.id, first, limit).map((row) => deltaOf(row, ledger)),
    countBefore(ledger: Ledger, time: number): number {
      // recorded_at never decreases within a ledger, so a bisection over sequences needs no index by time.
      let [before, after] = [0, (lastSequence.get(ledger.id)?.n ?? 0) + 1];
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2);
        const row = timeAt.get(ledger.id, middle);
        invariant(row !== undefined, "sequences have no holes");
        if (row.recorded_at < time) before = middle;
        else after = middle;
      }
      return before;
    },
    /** The number of the last delta by arrival; 0 for none. */
    lastArrival: (): number => lastArrival.get()!,
    fingerprints: (ledger: Ledger, first: number, limit: number): Uint8Array =>
      Buffer.concat(fingerprintRange.all(ledger.id, first, limit)),
    deltaByFingerprint: (fingerprint: Uint8Array) => byRandomKey(fingerprints, fingerprint, "fingerprint"),
    deltaByRequestId: (requestId: Uint8Array) => byRandomKey(requestIds, requestId, "request_id"),
    nodes: (ledger: Ledger, positions: readonly Position[]): Uint8Array[] =>
      nodesFrom(
        (sequence, at) => {
          if (at > 0) return nodeAt.get(at, ledger.id, sequence);
          const fingerprint = fingerprintAt.get(ledger.id, sequence);
          return fingerprint && leafOf(fingerprint);
        },
        positions,
        (sequence, problem) => new RecordDamagedError(problem, { ledger, sequence }),
      ),
    anchoredCounts(ledgerId: number): AnchoredCounts {
      let underWay = 0;
      // Anchors become final in their order: few of the latest are not.
      for (const { count, state } of countsDown.iterate(ledgerId)) {
        underWay ||= count;
        if (state === "confirmed") return { confirmed: count, underWay };
      }
      return { confirmed: 0, underWay };
    },
    headsFrom: (ledgerId: number, sequence: number, limit: number): AnchoredHead[] =>
      headsFrom.all(ledgerId, sequence, limit).map(headOf),
    headIn(ledgerId: number, anchorIndex: number): AnchoredHead | undefined {
      const row = headIn.get(ledgerId, anchorIndex);
      return row && headOf(row);
    },
    lastHead(ledgerId: number): AnchoredHead | undefined {
      const row = lastHead.get(ledgerId);
      return row && headOf(row);
    },
    anchor(index: number): Anchor | undefined {
      const row = anchorAt.get(index);
      return row && anchorOf(row);
    },
    anchors: ({ offset, limit }: Page): { anchors: Anchor[]; total: number } => ({
      anchors: anchorPage.all(limit, offset).map(anchorOf),
      total: anchorCount.get()!.n,
    }),
    anchorNodes: (index: number, positions: readonly Position[]): Uint8Array[] =>
      nodesFrom(
        (leafNumber, at) => (at > 0 ? leafNodeAt.get(at, index, leafNumber - 1) : leafAt.get(index, leafNumber - 1)),
        positions,
        (leafNumber, problem) => new RecordDamagedError(`anchor ${index}, leaf ${leafNumber}: ${problem}`),
      ),
  };
}
