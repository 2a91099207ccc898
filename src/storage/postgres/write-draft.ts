import type { KeyObject } from "node:crypto";
import { formatAmount } from "../../core/amount.ts";
import { concatBytes } from "../../core/bytes.ts";
import { periodOf } from "../../ledger/calendar.ts";
import type { LedgerState } from "../../ledger/compose.ts";
import type { StoredDelta } from "../../ledger/ports/ledgers.ts";
import type { Draft } from "../draft.ts";
import { rowDigest } from "../row-digest.ts";
import type { Transaction } from "./database.ts";
import { noteRequests } from "./effects.ts";

/** Sends all that a draft holds. What is unique is written first, in an order of its own, so that nobody waits in a circle. */
export function writeDraft(
  tx: Transaction,
  { master, quota }: { master: KeyObject; quota: number | null },
  draft: Draft,
  now: number,
): void {
  const { deltas } = draft;
  const effects = [...draft.effects.values()];
  if (deltas.length === 0 && effects.length === 0) return;
  const used = new Set(deltas.map(({ ledger }) => ledger.id));
  // Ledgers that were opened for a refused request only are not stored.
  const keys = draft.keys.filter(({ state }) => used.has(state.ledger.id));
  const opened = keys.filter(({ opensLedger }) => opensLedger).map(({ state }) => state.ledger);
  if (opened.length > 0) {
    tx.query(
      `INSERT INTO ledgers (id, tenant, address, opened_at)
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[]) AS t (id, tenant, address, opened_at) ORDER BY address`,
      columns(opened, [(l) => l.id, (l) => l.tenantId, (l) => l.address, (l) => l.openedAt]),
    );
  }
  if (keys.length > 0) {
    tx.query(
      `INSERT INTO ledger_keys (ledger, generation, wrapped, sealed_customer_id)
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[])`,
      columns(keys, [
        ({ state }) => state.ledger.id,
        ({ sealed }) => sealed.generation,
        ({ sealed }) => sealed.wrapped,
        ({ sealed }) => sealed.sealedCustomerId,
      ]),
    );
  }
  const ids = [
    ...deltas.flatMap(({ requestId, ledger, sequence }) =>
      requestId ? [{ requestId, ledger: ledger.id, sequence }] : [],
    ),
    ...effects.map(({ requestId }) => ({ requestId, ledger: null, sequence: null })),
  ];
  if (ids.length > 0) {
    tx.query(
      `INSERT INTO request_ids (request_id, ledger, sequence)
      SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS t (request_id, ledger, sequence) ORDER BY request_id`,
      columns(ids, [(id) => id.requestId, (id) => id.ledger, (id) => id.sequence]),
    );
  }
  noteRequests(tx, master, effects);
  if (deltas.length === 0) return;
  insertDeltas(tx, deltas);
  const heads = headsOf(draft, deltas);
  tx.query(
    `INSERT INTO ledger_heads AS h (ledger, count, balance, recorded_at, peaks, moved, pending_since)
    SELECT ledger, count, balance, recorded_at, peaks, true, pending_since
    FROM unnest($1::bigint[], $2::bigint[], $3::numeric[], $4::bigint[], $5::bytea[], $6::bigint[])
      AS t (ledger, count, balance, recorded_at, peaks, pending_since)
    ON CONFLICT (ledger) DO UPDATE SET count = excluded.count, balance = excluded.balance, recorded_at = excluded.recorded_at,
      peaks = excluded.peaks, moved = true, pending_since = CASE WHEN h.moved THEN h.pending_since ELSE excluded.pending_since END`,
    columns(heads, [
      ({ state }) => state.ledger.id,
      ({ state }) => state.frontier.count,
      ({ state }) => formatAmount(state.balance),
      ({ state }) => state.recordedAt,
      ({ state }) => concatBytes(...state.frontier.peaks),
      ({ since }) => since,
    ]),
  );
  tx.query(
    `INSERT INTO usage AS u (tenant, period, slot, deltas)
    SELECT tenant, $3, ${quota === null ? SLOT : "0"}, deltas FROM unnest($1::bigint[], $2::bigint[]) AS t (tenant, deltas) ORDER BY tenant
    ON CONFLICT (tenant, period, slot) DO UPDATE SET deltas = u.deltas + excluded.deltas`,
    [[...draft.counts.keys()], [...draft.counts.values()], periodOf(now)],
  );
  tx.query(
    `INSERT INTO recorded AS r (slot, deltas) VALUES (${SLOT}, $1)
    ON CONFLICT (slot) DO UPDATE SET deltas = r.deltas + excluded.deltas`,
    [deltas.length],
  );
}

/** Each connection counts in its own slot, as far as there are slots. */
const SLOT = "(pg_backend_pid() % 32)::smallint";

function insertDeltas(tx: Transaction, deltas: readonly StoredDelta[]): void {
  tx.query(
    `INSERT INTO deltas (ledger, sequence, amount, balance, recorded_at, commitment, fingerprint, nodes, generation, sealed, request_id, digest)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::numeric[], $4::numeric[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[],
      $9::bigint[], $10::bytea[], $11::bytea[], $12::bytea[])`,
    transposed(
      deltas.map((delta) => {
        const cells = [
          delta.ledger.id,
          delta.sequence,
          formatAmount(delta.amount),
          formatAmount(delta.balance),
          delta.recordedAt,
          delta.commitment,
          delta.fingerprint,
          delta.nodes,
          delta.generation,
          delta.sealed,
          delta.requestId,
        ];
        return [...cells, rowDigest("deltas", cells)];
      }),
    ),
  );
}

/** Where the ledgers of a draft stand after it, and when the first of its deltas in each was recorded. */
function headsOf(draft: Draft, deltas: readonly StoredDelta[]): { state: LedgerState; since: number }[] {
  const since = new Map<number, number>();
  for (const { ledger, recordedAt } of deltas) if (!since.has(ledger.id)) since.set(ledger.id, recordedAt);
  return [...draft.states.values()].flatMap((state) => {
    const first = since.get(state.ledger.id);
    return first === undefined ? [] : [{ state, since: first }];
  });
}

function columns<Row>(rows: readonly Row[], of: readonly ((row: Row) => unknown)[]): unknown[][] {
  return of.map((column) => rows.map(column));
}

function transposed(rows: readonly (readonly unknown[])[]): unknown[][] {
  return rows[0]!.map((_, column) => rows.map((row) => row[column]));
}

/** Each of them once, in their order. */
