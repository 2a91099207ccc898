import { parseAmount } from "../core/amount.ts";
import { TallyrootError } from "../core/errors.ts";
import type { Position } from "../core/tree.ts";
import {
  type Anchor,
  type AnchoredHead,
  type AnchorState,
  type Ledger,
  RecordDamagedError,
  type StoredDelta,
} from "../ledger/ports/ledgers.ts";

/** Rows as both storage engines have them, and what the ports call them. */

export type LedgerRow = { id: number; tenant: number; address: Buffer; opened_at: number };

export function ledgerOf(row: LedgerRow): Ledger {
  return { id: row.id, tenantId: row.tenant, address: row.address, openedAt: row.opened_at };
}

export type DeltaRow = {
  ledger: number;
  sequence: number;
  amount: string;
  balance: string;
  recorded_at: number;
  commitment: Buffer;
  fingerprint: Buffer;
  nodes: Buffer;
  generation: number;
  sealed: Buffer;
  request_id: Buffer | null;
};

/** @throws RecordDamagedError when an amount is no amount: only a change of the row can make it so. */
export function deltaOf(row: DeltaRow, ledger: Ledger): StoredDelta {
  const units = (column: "amount" | "balance") => {
    try {
      return parseAmount(row[column]);
    } catch (error) {
      if (!(error instanceof TallyrootError)) throw error;
      throw new RecordDamagedError(`the stored ${column} is no amount`, { ledger, sequence: row.sequence });
    }
  };
  return {
    ledger,
    sequence: row.sequence,
    amount: units("amount"),
    balance: units("balance"),
    recordedAt: row.recorded_at,
    commitment: row.commitment,
    fingerprint: row.fingerprint,
    nodes: row.nodes,
    generation: row.generation,
    sealed: row.sealed,
    requestId: row.request_id,
  };
}

export type HeadRow = {
  anchor: number;
  position: number;
  ledger: number;
  count: number;
  balance: string;
  root: Buffer;
};

export function headOf(row: HeadRow): AnchoredHead {
  return {
    anchorIndex: row.anchor,
    position: row.position,
    ledgerId: row.ledger,
    count: row.count,
    balance: parseAmount(row.balance),
    root: row.root,
  };
}

export type AnchorRow = {
  id: number;
  root: Buffer;
  size: number;
  through: number;
  through_checkpoint: number;
  created_at: number;
  state: AnchorState;
  transaction_hash: Buffer | null;
  block_number: number | null;
  block_hash: Buffer | null;
  block_time: number | null;
  confirmed_at: number | null;
  gas_used: number | null;
};

export const ANCHOR_COLUMNS =
  "a.id, a.root, a.size, a.through, a.through_checkpoint, a.created_at, p.state, p.transaction_hash, p.block_number, p.block_hash, p.block_time, p.confirmed_at, p.gas_used";

export function anchorOf(row: AnchorRow): Anchor {
  return {
    index: row.id,
    root: row.root,
    size: row.size,
    createdAt: row.created_at,
    state: row.state,
    transactionHash: row.transaction_hash,
    blockNumber: row.block_number,
    blockHash: row.block_hash,
    blockTime: row.block_time,
    confirmedAt: row.confirmed_at,
    gasUsed: row.gas_used,
  };
}

/** The leaf number, from 1, with which a stored node stands: that of the leaf that completed it. */
export function rowOfNode({ level, index }: Position): number {
  return (index + 1) * 2 ** level;
}
