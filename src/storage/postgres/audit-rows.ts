import type { CheckpointRow, DeltaKey, DeltaRow, Digest, LeafRow, LedgerRow, ProgressRow } from "../../audit/port.ts";
import { formatAmount, parseAmount } from "../../core/amount.ts";
import { TallyrootError } from "../../core/errors.ts";
import { type Cell, rowDigest } from "../row-digest.ts";

/** Rows as the audit reads them: what is stored, with amounts as canonical text. */
export type Row = Record<string, Cell>;

/** PostgreSQL sees to the kinds of columns itself; an amount that is none shows here. */
export function decoded<R>(make: () => R): { row: R } | { problem: { kind: "malformed"; detail: string } } {
  try {
    return { row: make() };
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return { problem: { kind: "malformed", detail: error.message } };
  }
}

/** The columns of a row but its digest, in their order, with amounts as they are hashed. */
export function digestOf(table: string, { digest, ...columns }: Row): Digest {
  const { gas_used: late = null, ...cells } = columns;
  const expected = rowDigest(table, Object.values(cells), late);
  return Buffer.compare(digest as Uint8Array, expected) === 0 ? "matches" : "differs";
}

/** Numeric as canonical text. */
function amountIn(cell: Cell | undefined): string {
  return formatAmount(parseAmount(cell as string));
}

export const deltaKey = (row: Row): DeltaKey => ({ ledger: row.ledger as number, sequence: row.sequence as number });

export function deltaRow(row: Row): DeltaRow {
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

export function ledgerRow(row: Row): LedgerRow {
  return {
    id: row.id as number,
    tenant: row.tenant as number,
    address: row.address as Uint8Array,
    openedAt: row.opened_at as number,
  };
}

export function leafRow(row: Row): LeafRow {
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

export function progressRow(row: Row): ProgressRow {
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

export function checkpointRow(row: Row): CheckpointRow {
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
