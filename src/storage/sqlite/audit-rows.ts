import type {
  AnchorRow,
  BatchRow,
  CheckpointRow,
  DeltaRow,
  Digest,
  LeafRow,
  LedgerKeyRow,
  LedgerRow,
  ProgressRow,
  RowProblem,
  TenantRow,
  TransactionRow,
} from "../../audit/port.ts";
import { sameBytes } from "../../core/bytes.ts";
import { type Cell, rowDigest } from "../row-digest.ts";
import { type Packed, packed } from "./packed.ts";

/** What a column must hold. A damaged file does not care for the kinds that its tables declare. */
type Kind = "number" | "text" | "bytes" | "hash" | "address" | "number?" | "bytes?" | "hash?";

const HOLDS: Readonly<Record<Kind, (cell: Cell) => boolean>> = {
  number: isNumber,
  text: (cell) => typeof cell === "string",
  bytes: isBytes,
  hash: (cell) => isBytes(cell) && cell.length === 32,
  address: (cell) => isBytes(cell) && cell.length === 20,
  "number?": (cell) => cell === null || isNumber(cell),
  "bytes?": (cell) => cell === null || isBytes(cell),
  "hash?": (cell) => cell === null || (isBytes(cell) && cell.length === 32),
};

function isNumber(cell: Cell): boolean {
  return Number.isSafeInteger(cell) && (cell as number) >= 0;
}

function isBytes(cell: Cell): cell is Buffer {
  return cell instanceof Uint8Array;
}

/** A table as the audit reads it: its columns in the order of the table, without the digest, and what they are called in a row. */
export type AuditTable<Row> = {
  name: string;
  columns: readonly (readonly [column: string, kind: Kind, member: keyof Row | undefined])[];
  /**
   * Whether a row has a digest after its columns, and which column says whether it is from before digests. `late`: the last column came
   * after digests did; see `rowDigest`.
   */
  digest?: { since: "deltas" | "checkpoints" | "anchors"; late?: true };
};

export const TENANTS: AuditTable<TenantRow> = {
  name: "tenants",
  columns: [
    ["id", "number", "id"],
    ["name", "text", "name"],
    ["sealed_secret", "bytes", "sealedSecret"],
  ],
};

export const LEDGERS: AuditTable<LedgerRow> = {
  name: "ledgers",
  columns: [
    ["id", "number", "id"],
    ["tenant", "number", "tenant"],
    ["address", "address", "address"],
    ["opened_at", "number", "openedAt"],
  ],
};

export const LEDGER_KEYS: AuditTable<LedgerKeyRow> = {
  name: "ledger_keys",
  columns: [
    ["ledger", "number", "ledger"],
    ["generation", "number", "generation"],
    ["wrapped", "bytes?", "wrapped"],
    ["sealed_customer_id", "bytes?", "sealedCustomerId"],
  ],
};

export const DELTAS: AuditTable<DeltaRow> = {
  name: "deltas",
  columns: [
    ["id", "number", "arrival"],
    ["ledger", "number", "ledger"],
    ["sequence", "number", "sequence"],
    ["amount", "text", "amount"],
    ["balance", "text", "balance"],
    ["recorded_at", "number", "recordedAt"],
    ["commitment", "hash", "commitment"],
    ["fingerprint", "hash", "fingerprint"],
    ["nodes", "bytes", "nodes"],
    ["generation", "number", "generation"],
    ["sealed", "bytes", "sealed"],
    ["request_id", "bytes?", "requestId"],
  ],
  digest: { since: "deltas" },
};

export const LEAVES: AuditTable<LeafRow> = {
  name: "anchor_leaves",
  columns: [
    ["anchor", "number", "anchor"],
    ["position", "number", "position"],
    ["ledger", "number", "ledger"],
    ["count", "number", "count"],
    ["balance", "text", "balance"],
    ["root", "hash", "root"],
    ["leaf", "hash", "leaf"],
    ["nodes", "bytes", "nodes"],
    ["checkpoint", "number?", "checkpoint"],
  ],
};

export const ANCHORS: AuditTable<AnchorRow> = {
  name: "anchors",
  columns: [
    ["id", "number", "id"],
    ["root", "hash", "root"],
    ["size", "number", "size"],
    ["through", "number", "through"],
    ["created_at", "number", "createdAt"],
    ["through_checkpoint", "number", "throughCheckpoint"],
  ],
  digest: { since: "anchors" },
};

export const TRANSACTIONS: AuditTable<TransactionRow> = {
  name: "anchor_transactions",
  columns: [
    ["anchor", "number", "anchor"],
    ["attempt", "number", "attempt"],
    ["nonce", "number", "nonce"],
    ["hash", "hash", "hash"],
    ["raw", "bytes", "raw"],
    ["created_at", "number", undefined],
  ],
  digest: { since: "anchors" },
};

export const PROGRESS: AuditTable<ProgressRow> = {
  name: "anchor_progress",
  columns: [
    ["anchor", "number", "anchor"],
    ["state", "text", "state"],
    ["transaction_hash", "hash?", "transactionHash"],
    ["block_number", "number?", "blockNumber"],
    ["block_hash", "hash?", "blockHash"],
    ["block_time", "number?", "blockTime"],
    ["confirmed_at", "number?", "confirmedAt"],
    ["gas_used", "number?", "gasUsed"],
  ],
  digest: { since: "anchors", late: true },
};

export const CHECKPOINTS: AuditTable<CheckpointRow> = {
  name: "checkpoints",
  columns: [
    ["id", "number", "id"],
    ["statement_id", "text", "statementId"],
    ["tenant", "number", "tenant"],
    ["ledger", "number", "ledger"],
    ["kind", "text", "kind"],
    ["from_time", "number", "from"],
    ["to_time", "number", "to"],
    ["first_sequence", "number", "firstSequence"],
    ["count", "number", "count"],
    ["opening_balance", "text", "openingBalance"],
    ["closing_balance", "text", "closingBalance"],
    ["root", "hash", "root"],
    ["fingerprint", "hash", "fingerprint"],
    ["created_at", "number", "createdAt"],
  ],
  digest: { since: "checkpoints" },
};

export const BATCHES: AuditTable<BatchRow> = {
  name: "checkpoint_batches",
  columns: [
    ["id", "number", "id"],
    ["statement_id", "text", "statementId"],
    ["tenant", "number", "tenant"],
    ["from_time", "number", "from"],
    ["to_time", "number", "to"],
    ["customers", "number", "customers"],
    ["last_checkpoint", "number", "lastCheckpoint"],
  ],
};

/** The columns to select for a table, its digest last. */
export function columnsOf<Row>({ columns, digest }: AuditTable<Row>, alias: string): string {
  return [...columns.map(([column]) => column), ...(digest ? ["digest"] : [])]
    .map((column) => `${alias}.${column}`)
    .join(", ");
}

/** The same columns, those of bytes packed into one. */
export function packedColumnsOf<Row>({ columns, digest }: AuditTable<Row>, alias: string): Packed {
  const holdsBytes = (kind: Kind) => /^(bytes|hash|address)/.test(kind);
  const all = columns.map(([name, kind]) => ({ name, bytes: holdsBytes(kind) }));
  return packed([...all, ...(digest ? [{ name: "digest", bytes: true }] : [])], alias);
}

/**
 * Makes rows out of the columns of a table.
 *
 * @param lastWithout of each numbered table: up to which number its rows, and what belongs to them, may have no digest.
 */
export function openDecoder<Row>(
  table: AuditTable<Row>,
  lastWithout: Readonly<Record<"deltas" | "checkpoints" | "anchors", number>>,
): (cells: readonly Cell[]) => { row: Row } | { problem: RowProblem } {
  const { name, columns, digest } = table;
  const checks = columns.map(([, kind]) => HOLDS[kind]);
  const members = columns.map(([, , member]) => member as string | undefined);
  const without = digest ? lastWithout[digest.since] : 0;
  return (cells) => {
    const row: Record<string, Cell | Digest> = {};
    for (let i = 0; i < columns.length; i++) {
      if (!checks[i]!(cells[i]!)) return { problem: { kind: "malformed", detail: `column ${columns[i]![0]} is none` } };
      if (members[i] !== undefined) row[members[i]!] = cells[i]!;
    }
    if (digest) row.digest = digestOf(name, cells, digest.late ?? false, without);
    return { row: row as Row };
  };
}

function digestOf(table: string, cells: readonly Cell[], hasLate: boolean, lastWithout: number): Digest {
  const digest = cells.at(-1)!;
  if (digest === null) return (cells[0] as number) <= lastWithout ? "none" : "missing";
  const expected = hasLate ? rowDigest(table, cells.slice(0, -2), cells.at(-2)) : rowDigest(table, cells.slice(0, -1));
  const matches = isBytes(digest) && sameBytes(digest, expected);
  return matches ? "matches" : "differs";
}
