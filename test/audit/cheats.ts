import type { FindingCode } from "#src/audit/findings.ts";
import { parseAmount } from "#src/core/amount.ts";
import { toHex } from "#src/core/bytes.ts";
import { windowRoot } from "#src/core/checkpoint.ts";
import { checkpointFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { rowDigest } from "#src/storage/row-digest.ts";
import type { Sql } from "#test/run/record-of.ts";
import { canonical, JANUARY, redigest, START } from "./audited-record.ts";

/** A change behind everybody's back, and what an audit must say to it. */
export type Cheat = {
  name: string;
  change: (sql: Sql) => Promise<unknown>;
  /** The codes that are found, first the one that must come first. */
  codes: readonly FindingCode[];
  /** The same over PostgreSQL, where no order over all deltas tells, and what is kept beside them does. */
  postgres?: readonly FindingCode[];
  table: string;
  row: Readonly<Record<string, unknown>>;
  /** Whether the auditor has no master key. */
  withoutKey?: true;
};

/** Ledgers in the order in which they were opened: alpha, beta, gamma (erased, then used again), alpha of another tenant, delta. */
export const [ALPHA, BETA, GAMMA] = [1, 2, 3];
const [HASH, SEALED] = [Buffer.alloc(32), Buffer.alloc(60)];

/** Changes rows by statements. */
const by =
  (...statements: (readonly [text: string, ...values: unknown[]])[]): Cheat["change"] =>
  async (sql) => {
    for (const [text, ...values] of statements) await sql.change(text, ...values);
  };

/** Changes a row by a statement, and its digest along with it. */
const hashedAnew =
  (table: string, where: string, assignment: string, ...values: unknown[]): Cheat["change"] =>
  async (sql) => {
    await sql.change(`UPDATE ${table} SET ${assignment} WHERE ${where}`, ...values);
    await redigest(sql, table, where);
  };

/** Adds a checkpoint over the first deltas of beta's January of 7, with every hash of its own right. */
async function addCheckpoint(
  sql: Sql,
  count: number,
  more: { to?: number; root?: Uint8Array; closing?: string },
): Promise<void> {
  const [ledger] = await sql.all<{ address: Buffer }>("SELECT address FROM ledgers WHERE id = ?", BETA);
  const deltas = await sql.all<{ fingerprint: Buffer; balance: string }>(
    "SELECT fingerprint, balance FROM deltas WHERE ledger = ? ORDER BY sequence LIMIT ?",
    BETA,
    count,
  );
  const { to = JANUARY.to, closing = canonical(deltas.at(-1)!.balance) } = more;
  const root = more.root ?? windowRoot(deltas.map(({ fingerprint }) => fingerprint));
  const { from } = JANUARY;
  const fields = { ledger: ledger!.address, from, to, firstSequence: 1, count, openingBalance: 0n, root };
  const fingerprint = checkpointFingerprint({ ...fields, closingBalance: parseAmount(closing) });
  const name = `chk_${toHex(leafOf(fingerprint)).slice(2, 26)}`;
  const [next] = await sql.all<{ id: number }>("SELECT max(id) + 1 AS id FROM checkpoints");
  const { id } = next!;
  const columns = [id, name, 1, BETA, "window", from, to, 1, count, "0", closing, root, fingerprint, to + 60_000];
  const row = [...columns, rowDigest("checkpoints", columns)];
  await sql.change(`INSERT INTO checkpoints VALUES (${row.map(() => "?").join(", ")})`, ...row);
  await sql.change(
    "INSERT INTO checkpoint_batches (statement_id, tenant, from_time, to_time, customers, last_checkpoint, created_at) VALUES (?, 1, ?, ?, 1, ?, 1)",
    ...[name, from, to, id],
  );
}

const NEW_CHECKPOINT = { table: "checkpoints", row: { number: 6 } };

export const CHEATS: readonly Cheat[] = [
  {
    name: "an amount",
    change: by(["UPDATE deltas SET amount = '5' WHERE ledger = 1 AND sequence = 4"]),
    codes: ["BALANCE_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "an amount and the balances after it",
    change: by(
      ["UPDATE deltas SET amount = '0.06', balance = '0.09' WHERE ledger = 2 AND sequence = 2"],
      ["UPDATE deltas SET balance = '0.06' WHERE ledger = 2 AND sequence = 3"],
    ),
    codes: ["BALANCE_WRONG"],
    table: "deltas",
    row: { sequence: 2 },
  },
  {
    name: "the last amount, its balance and its digest",
    change: hashedAnew("deltas", "ledger = 5 AND sequence = 1", "amount = '1', balance = '1'"),
    codes: ["COMMITMENT_WRONG"],
    table: "deltas",
    row: { sequence: 1 },
  },
  {
    name: "the last amount, its balance and its digest, for an auditor without the master key",
    change: hashedAnew("deltas", "ledger = 5 AND sequence = 1", "amount = '1', balance = '1'"),
    codes: ["FINGERPRINT_WRONG"],
    table: "deltas",
    row: { sequence: 1 },
    withoutKey: true,
  },
  {
    name: "a time, to before the predecessor",
    change: by(["UPDATE deltas SET recorded_at = recorded_at - 2000 WHERE ledger = 1 AND sequence = 3"]),
    codes: ["TIME_DECREASES"],
    table: "deltas",
    row: { sequence: 3 },
  },
  {
    name: "a fingerprint",
    change: by(["UPDATE deltas SET fingerprint = ? WHERE ledger = 1 AND sequence = 3", HASH]),
    codes: ["FINGERPRINT_WRONG"],
    table: "deltas",
    row: { sequence: 3 },
  },
  {
    name: "tree nodes",
    change: by(["UPDATE deltas SET nodes = ? WHERE ledger = 1 AND sequence = 4", Buffer.alloc(64)]),
    codes: ["NODES_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "sealed content",
    change: by(["UPDATE deltas SET sealed = ? WHERE ledger = 1 AND sequence = 4", SEALED]),
    codes: ["SEAL_BROKEN"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "sealed content that was erased",
    change: by(["UPDATE deltas SET sealed = ? WHERE ledger = 3 AND sequence = 4", SEALED]),
    codes: ["DIGEST_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "a request id",
    change: by(["UPDATE deltas SET request_id = ? WHERE ledger = 1 AND sequence = 4", Buffer.alloc(16)]),
    codes: ["DIGEST_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "the generation of a key, to one that is not there",
    change: by(["UPDATE deltas SET generation = 9 WHERE ledger = 1 AND sequence = 4"]),
    codes: ["KEY_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "the place of two deltas, by their sequences",
    change: by(
      ["UPDATE deltas SET sequence = 99 WHERE ledger = 1 AND sequence = 3"],
      ["UPDATE deltas SET sequence = 3 WHERE ledger = 1 AND sequence = 4"],
      ["UPDATE deltas SET sequence = 4 WHERE ledger = 1 AND sequence = 99"],
    ),
    codes: ["BALANCE_WRONG"],
    table: "deltas",
    row: { sequence: 3 },
  },
  {
    name: "a delta in the middle, by deleting it",
    change: by(["DELETE FROM deltas WHERE ledger = 1 AND sequence = 3"]),
    codes: ["DELTA_MISSING", "ARRIVAL_MISSING", "USAGE_WRONG"],
    postgres: ["DELTA_MISSING", "USAGE_WRONG", "FILE_DAMAGED"],
    table: "deltas",
    row: { sequence: 3 },
  },
  {
    name: "the last delta of all, by deleting it",
    change: by(["DELETE FROM deltas WHERE ledger = 5 AND sequence = 2"]),
    codes: ["USAGE_WRONG"],
    table: "usage",
    row: { tenant: 1 },
  },
  {
    name: "the last deltas of a ledger that is anchored, by deleting them",
    change: by(["DELETE FROM deltas WHERE ledger = 4 AND sequence > 1"]),
    codes: ["DELTA_MISSING", "HEAD_WRONG"],
    table: "deltas",
    row: { sequence: 2 },
  },
  {
    name: "all deltas of a ledger",
    change: by(["DELETE FROM deltas WHERE ledger = 5"]),
    codes: ["DELTA_MISSING"],
    table: "deltas",
    row: { sequence: 1 },
  },
  {
    name: "a ledger, by deleting it",
    change: by(["DELETE FROM ledgers WHERE id = 5"]),
    codes: ["DELTA_ORPHANED"],
    table: "deltas",
    row: { "ledger number": 5 },
  },
  {
    name: "whose a ledger is",
    change: by(["UPDATE ledgers SET tenant = 2 WHERE id = 5"]),
    codes: ["ADDRESS_WRONG"],
    table: "ledgers",
    row: {},
  },
  {
    name: "when a ledger was opened",
    change: by(["UPDATE ledgers SET opened_at = opened_at + 1 WHERE id = 5"]),
    codes: ["LEDGER_WRONG"],
    table: "ledgers",
    row: {},
  },
  {
    name: "a ledger's wrapped key",
    change: by(["UPDATE ledger_keys SET wrapped = ? WHERE ledger = 2", SEALED]),
    codes: ["SEAL_BROKEN"],
    table: "ledger_keys",
    row: { generation: 1 },
  },
  {
    name: "a ledger's key, by taking half of it away",
    change: by(["UPDATE ledger_keys SET wrapped = NULL WHERE ledger = 2"]),
    codes: ["KEY_WRONG"],
    table: "ledger_keys",
    row: { generation: 1 },
  },
  {
    name: "a tenant's secret",
    change: by(["UPDATE tenants SET sealed_secret = ? WHERE id = 2", SEALED]),
    codes: ["SEAL_BROKEN"],
    table: "tenants",
    row: { tenant: 2 },
  },
  {
    name: "the balance of a head",
    change: by(["UPDATE anchor_leaves SET balance = '7' WHERE anchor = 2 AND position = 1"]),
    codes: ["HEAD_WRONG", "LEAF_WRONG"],
    table: "anchor_leaves",
    row: { anchor: 2, position: 1 },
  },
  {
    name: "the leaf of a head",
    change: by(["UPDATE anchor_leaves SET leaf = ? WHERE anchor = 2 AND position = 1", HASH]),
    codes: ["LEAF_WRONG"],
    table: "anchor_leaves",
    row: { anchor: 2, position: 1 },
  },
  {
    name: "the nodes of a leaf",
    change: by(["UPDATE anchor_leaves SET nodes = ? WHERE anchor = 2 AND position = 1", HASH]),
    codes: ["NODES_WRONG"],
    table: "anchor_leaves",
    row: { anchor: 2, position: 1 },
  },
  {
    name: "a head, by deleting it",
    change: by(["DELETE FROM anchor_leaves WHERE anchor = 2 AND position = 1"]),
    codes: ["HEAD_MISSING", "LEAF_MISSING"],
    postgres: ["LEAF_MISSING", "FILE_DAMAGED"],
    table: "anchor_leaves",
    row: { anchor: 2, position: 1 },
  },
  {
    name: "a head, by anchoring it twice",
    change: by([
      "INSERT INTO anchor_leaves SELECT 3, 99, ledger, count, balance, root, leaf, nodes, checkpoint FROM anchor_leaves WHERE anchor = 1 AND position = 0",
    ]),
    codes: ["HEAD_REPEATED", "LEAF_WRONG"],
    table: "anchor_leaves",
    row: { anchor: 3, position: 99 },
  },
  {
    name: "the root of an anchor",
    change: hashedAnew("anchors", "id = 2", "root = ?", HASH),
    codes: ["ANCHOR_ROOT_WRONG", "TRANSACTION_WRONG"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "the size of an anchor, to a smaller one",
    change: hashedAnew("anchors", "id = 2", "size = size - 1"),
    codes: ["ANCHOR_SIZE_WRONG", "TRANSACTION_WRONG"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "the size of an anchor, to a larger one",
    change: hashedAnew("anchors", "id = 2", "size = size + 1"),
    codes: ["LEAF_MISSING", "ANCHOR_SIZE_WRONG", "TRANSACTION_WRONG"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "how far an anchor had looked",
    change: hashedAnew("anchors", "id = 3", "through = 9999"),
    codes: ["HEAD_MISSING", "ANCHOR_WRONG"],
    postgres: ["ANCHOR_WRONG"],
    table: "anchors",
    row: { anchor: 3 },
  },
  {
    name: "how far an anchor took checkpoints",
    change: hashedAnew("anchors", "id = 3", "through_checkpoint = 1"),
    codes: ["ANCHOR_WRONG"],
    table: "anchors",
    row: { anchor: 3 },
  },
  {
    name: "when an anchor was made",
    change: by(["UPDATE anchors SET created_at = 1 WHERE id = 2"]),
    codes: ["DIGEST_WRONG"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "an anchor, by deleting it",
    change: by(["DELETE FROM anchors WHERE id = 2"]),
    codes: ["ANCHOR_MISSING"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "the nonce of a signed transaction",
    change: by(["UPDATE anchor_transactions SET nonce = 77 WHERE anchor = 2"]),
    codes: ["TRANSACTION_WRONG"],
    table: "anchor_transactions",
    row: { anchor: 2, attempt: 1 },
  },
  {
    name: "when a transaction was signed",
    change: by(["UPDATE anchor_transactions SET created_at = 77 WHERE anchor = 2"]),
    codes: ["DIGEST_WRONG"],
    table: "anchor_transactions",
    row: { anchor: 2, attempt: 1 },
  },
  {
    name: "the transaction of a confirmed anchor",
    change: hashedAnew("anchor_progress", "anchor = 2", "transaction_hash = ?", HASH),
    codes: ["PROGRESS_WRONG"],
    table: "anchor_progress",
    row: { anchor: 2 },
  },
  {
    name: "the state of an anchor",
    change: hashedAnew(
      "anchor_progress",
      "anchor = 2",
      "state = 'sent', transaction_hash = NULL, block_number = NULL, block_hash = NULL, block_time = NULL, confirmed_at = NULL, gas_used = NULL",
    ),
    codes: ["PROGRESS_WRONG"],
    table: "anchor_progress",
    row: { anchor: 3 },
  },
  {
    name: "when an anchor was confirmed",
    change: by(["UPDATE anchor_progress SET confirmed_at = 1 WHERE anchor = 2"]),
    codes: ["DIGEST_WRONG"],
    table: "anchor_progress",
    row: { anchor: 2 },
  },
  {
    name: "the gas that an anchor used",
    change: by(["UPDATE anchor_progress SET gas_used = gas_used + 1 WHERE anchor = 2"]),
    codes: ["DIGEST_WRONG"],
    table: "anchor_progress",
    row: { anchor: 2 },
  },
  {
    name: "the gas that an anchor used, to nothing, as if it were from before gas was kept",
    change: by(["UPDATE anchor_progress SET gas_used = NULL WHERE anchor = 2"]),
    codes: ["DIGEST_WRONG"],
    table: "anchor_progress",
    row: { anchor: 2 },
  },
  {
    name: "the state of an anchor, but not the gas that it used",
    change: hashedAnew(
      "anchor_progress",
      "anchor = 3",
      "state = 'sent', transaction_hash = NULL, block_number = NULL, block_hash = NULL, block_time = NULL, confirmed_at = NULL",
    ),
    codes: ["PROGRESS_WRONG"],
    table: "anchor_progress",
    row: { anchor: 3 },
  },
  {
    name: "the closing balance of a checkpoint",
    change: by(["UPDATE checkpoints SET closing_balance = '5' WHERE id = 2"]),
    codes: ["CHECKPOINT_WRONG", "LEAF_WRONG"],
    table: "checkpoints",
    row: { number: 2 },
  },
  {
    name: "when a checkpoint was made",
    change: by(["UPDATE checkpoints SET created_at = created_at + 1 WHERE id = 1"]),
    codes: ["DIGEST_WRONG"],
    table: "checkpoints",
    row: { number: 1 },
  },
  {
    name: "the name of a checkpoint",
    change: by(["UPDATE checkpoints SET statement_id = 'chk_other' WHERE id = 1"]),
    codes: ["CHECKPOINT_WRONG"],
    table: "checkpoints",
    row: { number: 1 },
  },
  {
    name: "a checkpoint, by leaving a delta of its window out",
    change: (sql) => addCheckpoint(sql, 6, {}),
    codes: ["CHECKPOINT_HIDES_DELTA"],
    ...NEW_CHECKPOINT,
  },
  {
    name: "a checkpoint, by taking a delta from after its window",
    change: (sql) => addCheckpoint(sql, 7, { to: START + 6_500 }),
    codes: ["CHECKPOINT_WRONG"],
    ...NEW_CHECKPOINT,
  },
  {
    name: "a checkpoint, by another root",
    change: (sql) => addCheckpoint(sql, 7, { to: JANUARY.to - 1, root: Buffer.alloc(32, 1) }),
    codes: ["CHECKPOINT_WRONG"],
    ...NEW_CHECKPOINT,
  },
  {
    name: "a checkpoint, by another sum",
    change: (sql) => addCheckpoint(sql, 7, { to: JANUARY.to - 1, closing: "7" }),
    codes: ["CHECKPOINT_WRONG"],
    ...NEW_CHECKPOINT,
  },
  {
    name: "a checkpoint, by deleting it",
    change: by(["DELETE FROM checkpoints WHERE id = 2"]),
    codes: ["CHECKPOINT_MISSING"],
    table: "checkpoints",
    row: { number: 2 },
  },
  {
    name: "what a selection is over",
    change: by(["DELETE FROM checkpoint_selections WHERE sequence = 5"]),
    codes: ["CHECKPOINT_WRONG"],
    table: "checkpoints",
    row: { number: 1 },
  },
  {
    name: "how many a batch says it has",
    change: by(["UPDATE checkpoint_batches SET customers = 77 WHERE id = 3"]),
    codes: ["BATCH_WRONG"],
    table: "checkpoint_batches",
    row: {},
  },
  {
    name: "what was counted",
    change: by(["UPDATE usage SET deltas = deltas + 1 WHERE tenant = 2"]),
    codes: ["USAGE_WRONG"],
    table: "usage",
    row: { tenant: 2 },
  },
];

/** What there is in a SQLite file alone: rows without digests, indexes that are filled behind the record, an order over all deltas. */
export const CHEATS_OF_FILE: readonly Cheat[] = [
  {
    name: "a digest, by taking it away",
    change: by(["UPDATE deltas SET digest = NULL, request_id = NULL WHERE ledger = 2 AND sequence = 1"]),
    codes: ["DIGEST_WRONG"],
    table: "deltas",
    row: { sequence: 1 },
  },
  {
    name: "an index behind the record",
    change: by(["INSERT INTO request_index VALUES (1, 1)"]),
    codes: ["INDEX_WRONG"],
    table: "request_index",
    row: {},
  },
  {
    name: "an order of arrival",
    change: hashedAnew("deltas", "ledger = 1 AND sequence = 2", "id = 1000"),
    codes: ["ORDER_WRONG", "ARRIVAL_MISSING"],
    table: "deltas",
    row: { sequence: 3 },
  },
];
