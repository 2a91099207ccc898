import { type KeyObject, randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import { formatAmount, parseAmount } from "#src/core/amount.ts";
import { concatBytes, fromHex } from "#src/core/bytes.ts";
import { checkpointFingerprint, headFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { appendLeaf, EMPTY_FRONTIER, type Frontier, rootOf } from "#src/core/tree.ts";
import { composeDelta, type LedgerState, openContent } from "#src/ledger/compose.ts";
import { openLedgerKey } from "#src/ledger/keyring.ts";
import type { Ledger, StoredDelta } from "#src/ledger/ports/ledgers.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { type Cell, rowDigest } from "#src/storage/row-digest.ts";
import { type DeltaRow, deltaOf } from "#src/storage/rows.ts";
import { databaseFile, type Sqlite } from "#src/storage/sqlite/database.ts";
import type { Sql } from "#test/run/record-of.ts";
import type { Ground } from "./ground.ts";

/** The operator with the database in his hands, the triggers out of his way, and every key. */

/** Changes a stopped server's record behind its back, and puts the triggers back so that nothing shows. */
export function behindTheTriggers(dir: string, change: (db: Sqlite) => void): void {
  const db = new Database(databaseFile(dir));
  const triggers = db
    .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  db.transaction(() => change(db))();
  for (const { sql } of triggers) db.exec(sql);
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}

export type Edit = "edit" | "delete" | "insert" | "reorder";

/** Farther than any ledger here reaches. */
const AWAY = 1_000_000;
/** What a delta is in either engine, besides its sequence and the id of the request that recorded it. */
const CELLS = "ledger, amount, balance, recorded_at, commitment, fingerprint, nodes, generation, sealed, digest";

/** Changes the rows at a sequence, and nothing that follows from them. */
export const NAIVELY: Readonly<Record<Edit, (sql: Sql, ledger: number, sequence: number) => Promise<void>>> = {
  async edit(sql, ledger, sequence) {
    await sql.change("UPDATE deltas SET amount = '0.01' WHERE ledger = ? AND sequence = ?", ledger, sequence);
  },
  async delete(sql, ledger, sequence) {
    await sql.change("DELETE FROM deltas WHERE ledger = ? AND sequence = ?", ledger, sequence);
  },
  async insert(sql, ledger, sequence) {
    const move = `UPDATE deltas SET sequence = sequence + ${AWAY} WHERE ledger = ? AND sequence >= ?`;
    await sql.change(move, ledger, sequence);
    const back = `UPDATE deltas SET sequence = sequence - ${AWAY - 1} WHERE ledger = ? AND sequence > ${AWAY}`;
    await sql.change(back, ledger);
    const copy = `INSERT INTO deltas (request_id, sequence, ${CELLS}) SELECT ?, sequence - 1, ${CELLS} FROM deltas WHERE ledger = ? AND sequence = ?`;
    await sql.change(copy, randomBytes(16), ledger, sequence + 1);
  },
  async reorder(sql, ledger, sequence) {
    const move = "UPDATE deltas SET sequence = ? WHERE ledger = ? AND sequence = ?";
    await sql.change(move, AWAY, ledger, sequence);
    await sql.change(move, sequence, ledger, sequence + 1);
    await sql.change(move, sequence + 1, ledger, AWAY);
  },
};

/** What was recorded, as the operator would have it instead. */
export type Entry = { amount: bigint; reason: string; referenceId?: string; recordedAt: number };

/** The same edits to what is to be recorded anew. */
export const THOROUGHLY: Readonly<Record<Edit | "cut", (entries: Entry[], sequence: number) => Entry[]>> = {
  edit: (entries, sequence) =>
    entries.map((entry, i) => (i + 1 === sequence ? { ...entry, amount: 10n ** 16n } : entry)),
  delete: (entries, sequence) => entries.toSpliced(sequence - 1, 1),
  insert: (entries, sequence) =>
    entries.toSpliced(sequence - 1, 0, { ...entries[sequence - 1]!, amount: 10n ** 16n, reason: "never happened" }),
  reorder: (entries, sequence) => entries.toSpliced(sequence - 1, 2, entries[sequence]!, entries[sequence - 1]!),
  cut: (entries, sequence) => entries.slice(0, sequence - 1),
};

export function ledgerIdOf(db: Sqlite, ground: Pick<Ground, "told">, customerId: string): number {
  return db.prepare<[Uint8Array], { id: number }>(LEDGER).get(addressOf(ground, customerId))!.id;
}

export async function ledgerNumberOf(sql: Sql, ground: Pick<Ground, "told">, customerId: string): Promise<number> {
  return (await sql.all<{ id: number }>(LEDGER, addressOf(ground, customerId)))[0]!.id;
}

const LEDGER = "SELECT id FROM ledgers WHERE address = ?";

function addressOf({ told }: Pick<Ground, "told">, customerId: string): Uint8Array {
  return fromHex(`0x${told[customerId]![0]!.recordId.split("_")[1]}`);
}

/**
 * Records a ledger anew as if it had always been so: seals, salts, commitments, fingerprints, balances and tree, counters and
 * digests; and, where it was anchored, the heads, trees and roots of its anchors. Only what is on the chain stays.
 */
export function rewriteLedger(
  db: Sqlite,
  { ledgerId, masterKey }: { ledgerId: number; masterKey: string },
  change: (entries: Entry[]) => Entry[],
): void {
  const ledger = ledgerOf(db, ledgerId);
  const { key, customerId, generation } = keyOf(db, ledger, sealingKey(fromHex(masterKey)));
  const rows = db
    .prepare<[number], ArrivedRow>("SELECT * FROM deltas WHERE ledger = ? ORDER BY sequence")
    .all(ledgerId);
  const entries = rows.map((row) => {
    const delta = deltaOf(row, ledger);
    const { reason, referenceId } = openContent(delta, key, customerId);
    return {
      amount: delta.amount,
      reason,
      ...(referenceId !== undefined && { referenceId }),
      recordedAt: delta.recordedAt,
    };
  });
  let state: LedgerState = { ledger, balance: 0n, recordedAt: 0, frontier: EMPTY_FRONTIER, generation, key };
  const frontiers: Frontier[] = [];
  const deltas = change(entries).map(({ recordedAt, ...entry }) => {
    const { delta, next } = composeDelta(state, { customerId, ...entry }, recordedAt);
    state = next;
    frontiers.push(next.frontier);
    return delta;
  });
  replaceRows(db, rows, deltas);
  rewriteHeads(db, ledger, deltas, frontiers);
}

type ArrivedRow = DeltaRow & { id: number };

function ledgerOf(db: Sqlite, id: number): Ledger {
  const row = db
    .prepare<[number], { tenant: number; address: Buffer; opened_at: number }>("SELECT * FROM ledgers WHERE id = ?")
    .get(id)!;
  return { id, tenantId: row.tenant, address: row.address, openedAt: row.opened_at };
}

function keyOf(db: Sqlite, ledger: Ledger, master: KeyObject) {
  const sealed = db
    .prepare<[number], { generation: number; wrapped: Buffer; sealed_customer_id: Buffer }>(
      "SELECT * FROM ledger_keys WHERE ledger = ?",
    )
    .get(ledger.id)!;
  return openLedgerKey(master, ledger, { ...sealed, sealedCustomerId: sealed.sealed_customer_id })!;
}

/** The new rows under the old numbers of arrival; numbers that are left over are closed up, new ones come last. */
function replaceRows(db: Sqlite, before: readonly ArrivedRow[], deltas: readonly StoredDelta[]): void {
  const ids = before.map(({ id }) => id).sort((a, b) => a - b);
  db.prepare("DELETE FROM deltas WHERE ledger = ?").run(before[0]!.ledger);
  const highest = db.prepare<[], { id: number }>("SELECT max(id) AS id FROM deltas").get()!.id;
  const last = Math.max(highest, ...ids);
  for (const [i, delta] of deltas.entries()) {
    const cells: Cell[] = [
      ids[i] ?? last + 1 + i - ids.length,
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
      before[i]?.request_id ?? null,
    ];
    const marks = [...cells, null].map(() => "?").join();
    db.prepare(`INSERT INTO deltas VALUES (${marks})`).run(...cells, rowDigest("deltas", cells));
  }
  for (const id of ids.slice(deltas.length).reverse()) closeUp(db, id);
  const more = deltas.length - before.length;
  db.prepare("UPDATE usage SET deltas = deltas + ?").run(more);
}

function closeUp(db: Sqlite, hole: number): void {
  for (const { id } of db
    .prepare<[number], { id: number }>("SELECT id FROM deltas WHERE id > ? ORDER BY id")
    .all(hole)) {
    db.prepare("UPDATE deltas SET id = id - 1 WHERE id = ?").run(id);
    digestAnew(db, "deltas", "id", id - 1);
  }
  for (const { id } of db.prepare<[number], { id: number }>("SELECT id FROM anchors WHERE through >= ?").all(hole)) {
    db.prepare("UPDATE anchors SET through = through - 1 WHERE id = ?").run(id);
    digestAnew(db, "anchors", "id", id);
  }
}

function rewriteHeads(
  db: Sqlite,
  ledger: Ledger,
  deltas: readonly StoredDelta[],
  frontiers: readonly Frontier[],
): void {
  const heads = db
    .prepare<[number], { anchor: number; position: number; count: number }>(
      "SELECT anchor, position, count FROM anchor_leaves WHERE ledger = ? AND checkpoint IS NULL",
    )
    .all(ledger.id);
  for (const { anchor, position, count } of heads) {
    const reached = Math.min(count, deltas.length);
    const head = {
      ledger: ledger.address,
      count: reached,
      balance: deltas[reached - 1]!.balance,
      root: rootOf(frontiers[reached - 1]!),
    };
    db.prepare(
      "UPDATE anchor_leaves SET count = ?, balance = ?, root = ?, leaf = ? WHERE anchor = ? AND position = ?",
    ).run(reached, formatAmount(head.balance), head.root, leafOf(headFingerprint(head)), anchor, position);
    growAnew(db, anchor);
  }
}

/** An anchor's tree over its leaves as they are now, and its root. */
export function growAnew(db: Sqlite, anchor: number): void {
  const leaves = db
    .prepare<[number], { position: number; leaf: Buffer }>(
      "SELECT position, leaf FROM anchor_leaves WHERE anchor = ? ORDER BY position",
    )
    .all(anchor);
  let frontier: Frontier = EMPTY_FRONTIER;
  for (const { position, leaf } of leaves) {
    const grown = appendLeaf(frontier, leaf);
    frontier = grown.frontier;
    db.prepare("UPDATE anchor_leaves SET nodes = ? WHERE anchor = ? AND position = ?").run(
      concatBytes(...grown.completed),
      anchor,
      position,
    );
  }
  db.prepare("UPDATE anchors SET root = ? WHERE id = ?").run(rootOf(frontier), anchor);
  digestAnew(db, "anchors", "id", anchor);
}

type CheckpointRow = {
  id: number;
  ledger: number;
  from_time: number;
  to_time: number;
  first_sequence: number;
  count: number;
  opening_balance: string;
  closing_balance: string;
  root: Buffer;
};

/** Takes the last delta out of a statement and its anchor, as if the window had never held it. */
export function hideLastDelta(db: Sqlite, ledgerId: number): void {
  const ledger = ledgerOf(db, ledgerId);
  const row = db
    .prepare<[number], CheckpointRow>("SELECT * FROM checkpoints WHERE ledger = ? AND count > 1 ORDER BY id LIMIT 1")
    .get(ledgerId)!;
  const deltas = db
    .prepare<[number, number, number], DeltaRow>(
      "SELECT * FROM deltas WHERE ledger = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
    )
    .all(ledgerId, row.first_sequence, row.count - 1);
  const frontier = deltas.reduce(
    (grown, delta) => appendLeaf(grown, leafOf(delta.fingerprint)).frontier,
    EMPTY_FRONTIER,
  );
  const closing = deltas.at(-1)!.balance;
  const fingerprint = checkpointFingerprint({
    ledger: ledger.address,
    from: row.from_time,
    to: row.to_time,
    firstSequence: row.first_sequence,
    count: deltas.length,
    openingBalance: parseAmount(row.opening_balance),
    closingBalance: parseAmount(closing),
    root: rootOf(frontier),
  });
  db.prepare("UPDATE checkpoints SET count = ?, closing_balance = ?, root = ?, fingerprint = ? WHERE id = ?").run(
    deltas.length,
    closing,
    rootOf(frontier),
    fingerprint,
    row.id,
  );
  digestAnew(db, "checkpoints", "id", row.id);
  db.prepare("UPDATE anchor_leaves SET count = ?, balance = ?, root = ?, leaf = ? WHERE checkpoint = ?").run(
    deltas.length,
    closing,
    rootOf(frontier),
    leafOf(fingerprint),
    row.id,
  );
  const { anchor } = db
    .prepare<[number], { anchor: number }>("SELECT anchor FROM anchor_leaves WHERE checkpoint = ?")
    .get(row.id)!;
  growAnew(db, anchor);
}

/** The digest of a row as it is now. */
export function digestAnew(db: Sqlite, table: string, key: string, value: number): void {
  const columns = columnsOf(db, table).filter((name) => name !== "digest");
  const row = db.prepare<[number], Cell[]>(`SELECT ${columns} FROM ${table} WHERE ${key} = ?`).raw().get(value)!;
  db.prepare(`UPDATE ${table} SET digest = ? WHERE ${key} = ?`).run(rowDigest(table, row), value);
}

function columnsOf(db: Sqlite, table: string): string[] {
  return (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name);
}
