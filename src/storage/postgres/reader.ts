import { invariant } from "../../core/errors.ts";
import { leafOf } from "../../core/fingerprint.ts";
import { HASH_BYTES, type Position } from "../../core/tree.ts";
import {
  type Anchor,
  type AnchoredHead,
  type AnchorState,
  type Ledger,
  type LedgerStore,
  RecordDamagedError,
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
import type { Postgres } from "./database.ts";

/** Every read of the record: one point or one short range of an index each. `lastHead` is for those who anchor. */
export type PostgresReader = Omit<LedgerStore, "record" | "countBefore" | "now"> & {
  lastHead(ledgerId: number): Promise<AnchoredHead | undefined>;
};

const LEDGERS = "SELECT id, tenant, address, opened_at FROM ledgers";
/** A delta's columns, as `deltaOf` takes them. */
const DELTA_COLUMNS =
  "d.ledger, d.sequence, d.amount, d.balance, d.recorded_at, d.commitment, d.fingerprint, d.nodes, d.generation, d.sealed, d.request_id";
const DELTAS = `SELECT ${DELTA_COLUMNS} FROM deltas d`;
const HEADS =
  "SELECT l.anchor, l.position, l.ledger, l.count, l.balance, l.root FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor";
const ANCHORS = `SELECT ${ANCHOR_COLUMNS} FROM anchors a JOIN anchor_progress p ON p.anchor = a.id`;

/** A delta with the ledger that it is in. */
export type OwnedDeltaRow = DeltaRow & { tenant: number; address: Buffer; opened_at: number };
export const OWNED_DELTA_COLUMNS = `${DELTA_COLUMNS}, l.tenant, l.address, l.opened_at`;
const OWNED_DELTAS = `SELECT ${OWNED_DELTA_COLUMNS} FROM deltas d JOIN ledgers l ON l.id = d.ledger`;

export function ownedDelta(row: OwnedDeltaRow): StoredDelta {
  return deltaOf(row, { id: row.ledger, tenantId: row.tenant, address: row.address, openedAt: row.opened_at });
}

type NodeRow = { place: number; leaf: Buffer | null; node: Buffer | null };

export function openReader({ read }: Pick<Postgres, "read">): PostgresReader {
  const one = async <Row extends object>(text: string, values: readonly unknown[]) =>
    (await read<Row>(text, values))[0];

  /** @param query gives for each of the places $2 its leaf or fingerprint, and the 32 bytes of its nodes that begin at $3. */
  async function nodesFrom(
    query: string,
    owner: number,
    positions: readonly Position[],
    damaged: (row: number, problem: string) => Error,
  ): Promise<{ leaf: Buffer | null; node: Buffer | null }[]> {
    if (positions.length === 0) return [];
    const rows = positions.map(rowOfNode);
    const starts = positions.map(({ level }) => (level === 0 ? 0 : (level - 1) * HASH_BYTES + 1));
    const found = await read<NodeRow>(query, [owner, rows, starts]);
    return positions.map(({ level }, place) => {
      const row = found[place];
      invariant(row !== undefined, "each position is answered");
      if (row.leaf === null) throw damaged(rows[place]!, "the row is missing");
      if (level > 0 && row.node?.length !== HASH_BYTES)
        throw damaged(rows[place]!, "the tree nodes that it completed are not stored with it");
      return { leaf: row.leaf, node: level === 0 ? null : row.node };
    });
  }

  return {
    async ledger(tenantId, address) {
      const row = await one<LedgerRow>(`${LEDGERS} WHERE address = $2 AND tenant = $1`, [tenantId, address]);
      return row && ledgerOf(row);
    },
    async ledgerById(id): Promise<Ledger> {
      const row = await one<LedgerRow>(`${LEDGERS} WHERE id = $1`, [id]);
      invariant(row !== undefined, "a stored row names a ledger that exists");
      return ledgerOf(row);
    },
    async ledgers(tenantId, { offset, limit }) {
      const rows = await read<LedgerRow>(`${LEDGERS} WHERE tenant = $1 ORDER BY id LIMIT $2 OFFSET $3`, [
        tenantId,
        limit,
        offset,
      ]);
      return rows.map(ledgerOf);
    },
    ledgerCount: async (tenantId) =>
      (await one<{ n: number }>("SELECT count(*) AS n FROM ledgers WHERE tenant = $1", [tenantId]))!.n,
    async keysOf(ledgerId) {
      const rows = await read<{ generation: number; wrapped: Buffer | null; sealed_customer_id: Buffer | null }>(
        "SELECT generation, wrapped, sealed_customer_id FROM ledger_keys WHERE ledger = $1 ORDER BY generation",
        [ledgerId],
      );
      return rows.map(({ generation, wrapped, sealed_customer_id }) => ({
        generation,
        wrapped,
        sealedCustomerId: sealed_customer_id,
      }));
    },
    async delta(ledger, sequence) {
      const row = await one<DeltaRow>(`${DELTAS} WHERE d.ledger = $1 AND d.sequence = $2`, [ledger.id, sequence]);
      return row && deltaOf(row, ledger);
    },
    async lastDelta(ledger) {
      const row = await one<DeltaRow>(`${DELTAS} WHERE d.ledger = $1 ORDER BY d.sequence DESC LIMIT 1`, [ledger.id]);
      return row && deltaOf(row, ledger);
    },
    async deltas(ledger, first, limit) {
      const rows = await read<DeltaRow>(
        `${DELTAS} WHERE d.ledger = $1 AND d.sequence >= $2 ORDER BY d.sequence LIMIT $3`,
        [ledger.id, first, limit],
      );
      return rows.map((row) => deltaOf(row, ledger));
    },
    async deltaByFingerprint(fingerprint) {
      const row = await one<OwnedDeltaRow>(`${OWNED_DELTAS} WHERE d.fingerprint = $1`, [fingerprint]);
      return row && ownedDelta(row);
    },
    async deltaByRequestId(requestId) {
      const row = await one<OwnedDeltaRow>(
        `${OWNED_DELTAS} JOIN request_ids r ON r.ledger = d.ledger AND r.sequence = d.sequence WHERE r.request_id = $1`,
        [requestId],
      );
      return row && ownedDelta(row);
    },
    async fingerprints(ledger, first, limit) {
      const rows = await read<{ fingerprint: Buffer }>(
        "SELECT fingerprint FROM deltas WHERE ledger = $1 AND sequence >= $2 ORDER BY sequence LIMIT $3",
        [ledger.id, first, limit],
      );
      return Buffer.concat(rows.map(({ fingerprint }) => fingerprint));
    },
    async nodes(ledger, positions) {
      const found = await nodesFrom(
        `SELECT p.place, d.fingerprint AS leaf, substr(d.nodes, p.start, ${HASH_BYTES}) AS node
        FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS p (sequence, start, place)
        LEFT JOIN deltas d ON d.ledger = $1 AND d.sequence = p.sequence ORDER BY p.place`,
        ledger.id,
        positions,
        (sequence, problem) => new RecordDamagedError(problem, { ledger, sequence }),
      );
      return found.map(({ leaf, node }) => node ?? leafOf(leaf!));
    },
    async anchoredCounts(ledgerId) {
      // Anchors become final in their order: the latest confirmed head is few heads before the latest.
      const row = await one<{ under_way: number; confirmed: number }>(
        `SELECT coalesce((SELECT l.count FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor
            WHERE l.checkpoint IS NULL AND l.ledger = $1 ORDER BY l.count DESC LIMIT 1), 0) AS under_way,
          coalesce((SELECT l.count FROM anchor_leaves l JOIN anchor_progress p ON p.anchor = l.anchor
            WHERE l.checkpoint IS NULL AND l.ledger = $1 AND p.state = 'confirmed' ORDER BY l.count DESC LIMIT 1), 0) AS confirmed`,
        [ledgerId],
      );
      return { confirmed: row!.confirmed, underWay: row!.under_way };
    },
    async headsFrom(ledgerId, sequence, limit) {
      const rows = await read<HeadRow>(
        `${HEADS} WHERE l.checkpoint IS NULL AND l.ledger = $1 AND l.count >= $2 ORDER BY l.count LIMIT $3`,
        [ledgerId, sequence, limit],
      );
      return rows.map(headOf);
    },
    async headIn(ledgerId, anchorIndex) {
      const row = await one<HeadRow>(`${HEADS} WHERE l.checkpoint IS NULL AND l.ledger = $1 AND l.anchor = $2`, [
        ledgerId,
        anchorIndex,
      ]);
      return row && headOf(row);
    },
    async lastHead(ledgerId) {
      const row = await one<HeadRow>(
        `${HEADS} WHERE l.checkpoint IS NULL AND l.ledger = $1 ORDER BY l.count DESC LIMIT 1`,
        [ledgerId],
      );
      return row && headOf(row);
    },
    async anchor(index): Promise<Anchor | undefined> {
      const row = await one<AnchorRow & { state: AnchorState }>(`${ANCHORS} WHERE a.id = $1`, [index]);
      return row && anchorOf(row);
    },
    async anchors({ offset, limit }) {
      // Anchors are numbered from 1 without holes: the last number is how many there are.
      const [rows, counted] = await Promise.all([
        read<AnchorRow>(`${ANCHORS} ORDER BY a.id DESC LIMIT $1 OFFSET $2`, [limit, offset]),
        one<{ n: number }>("SELECT coalesce(max(id), 0) AS n FROM anchors", []),
      ]);
      return { anchors: rows.map(anchorOf), total: counted!.n };
    },
    async anchorNodes(index, positions) {
      const found = await nodesFrom(
        `SELECT p.place, l.leaf, substr(l.nodes, p.start, ${HASH_BYTES}) AS node
        FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS p (number, start, place)
        LEFT JOIN anchor_leaves l ON l.anchor = $1 AND l.position = p.number - 1 ORDER BY p.place`,
        index,
        positions,
        (leafNumber, problem) => new RecordDamagedError(`anchor ${index}, leaf ${leafNumber}: ${problem}`),
      );
      return found.map(({ leaf, node }) => node ?? leaf!);
    },
  };
}
