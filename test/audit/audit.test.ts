import { randomInt } from "node:crypto";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import type { FindingCode } from "#src/audit/findings.ts";
import { parseAmount } from "#src/core/amount.ts";
import { toHex } from "#src/core/bytes.ts";
import { windowRoot } from "#src/core/checkpoint.ts";
import { checkpointFingerprint, leafOf } from "#src/core/fingerprint.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { rowDigest } from "#src/storage/row-digest.ts";
import { type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { temporaryFolder } from "#test/storage/record-folder.ts";
import { type Audited, auditFile, buildRecord, copyOf, JANUARY, redigest, START } from "./audited-record.ts";

type Sql = Database.Database;

type Cheat = {
  name: string;
  change: (db: Sql) => void;
  /** The codes that are found, first the one that must come first. */
  codes: readonly FindingCode[];
  table: string;
  row: Readonly<Record<string, unknown>>;
  /** Whether the auditor has no master key. */
  withoutKey?: true;
};

/** Ledgers in the order in which they were opened: alpha, beta, gamma (erased, then used again), alpha of another tenant, delta. */
const [ALPHA, BETA, GAMMA] = [1, 2, 3];

/** Adds a checkpoint over the first deltas of beta's January of 7, with every hash of its own right. */
function addCheckpoint(db: Sql, count: number, more: { to?: number; root?: Uint8Array; closing?: string }): void {
  const ledger = db.prepare<[number], { address: Buffer }>("SELECT address FROM ledgers WHERE id = ?").get(BETA)!;
  const deltas = db
    .prepare<[number, number], { fingerprint: Buffer; balance: string }>(
      "SELECT fingerprint, balance FROM deltas WHERE ledger = ? ORDER BY sequence LIMIT ?",
    )
    .all(BETA, count);
  const { to = JANUARY.to, closing = deltas.at(-1)!.balance } = more;
  const root = more.root ?? windowRoot(deltas.map(({ fingerprint }) => fingerprint));
  const { from } = JANUARY;
  const fields = { ledger: ledger.address, from, to, firstSequence: 1, count, openingBalance: 0n, root };
  const fingerprint = checkpointFingerprint({ ...fields, closingBalance: parseAmount(closing) });
  const name = `chk_${toHex(leafOf(fingerprint)).slice(2, 26)}`;
  const { id } = db.prepare<[], { id: number }>("SELECT max(id) + 1 AS id FROM checkpoints").get()!;
  const columns = [id, name, 1, BETA, "window", from, to, 1, count, "0", closing, root, fingerprint, to + 60_000];
  db.prepare(`INSERT INTO checkpoints VALUES (${"?, ".repeat(14)} ?)`).run(
    ...columns,
    rowDigest("checkpoints", columns),
  );
  db.prepare(
    "INSERT INTO checkpoint_batches (statement_id, tenant, from_time, to_time, customers, last_checkpoint, created_at) VALUES (?, 1, ?, ?, 1, ?, 1)",
  ).run(name, from, to, id);
}

const NEW_CHECKPOINT = { table: "checkpoints", row: { number: 6 } };

const CHEATS: readonly Cheat[] = [
  {
    name: "an amount",
    change: (db) => db.exec("UPDATE deltas SET amount = '5' WHERE ledger = 1 AND sequence = 4"),
    codes: ["BALANCE_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "an amount and the balances after it",
    change: (db) => {
      db.exec("UPDATE deltas SET amount = '0.06', balance = '0.09' WHERE ledger = 2 AND sequence = 2");
      db.exec("UPDATE deltas SET balance = '0.06' WHERE ledger = 2 AND sequence = 3");
    },
    codes: ["BALANCE_WRONG"],
    table: "deltas",
    row: { sequence: 2 },
  },
  {
    name: "the last amount, its balance and its digest",
    change: (db) => {
      db.exec("UPDATE deltas SET amount = '1', balance = '1' WHERE ledger = 5 AND sequence = 1");
      redigest(db, "deltas", "ledger = 5 AND sequence = 1");
    },
    codes: ["COMMITMENT_WRONG"],
    table: "deltas",
    row: { sequence: 1 },
  },
  {
    name: "the last amount, its balance and its digest, for an auditor without the master key",
    change: (db) => {
      db.exec("UPDATE deltas SET amount = '1', balance = '1' WHERE ledger = 5 AND sequence = 1");
      redigest(db, "deltas", "ledger = 5 AND sequence = 1");
    },
    codes: ["FINGERPRINT_WRONG"],
    table: "deltas",
    row: { sequence: 1 },
    withoutKey: true,
  },
  {
    name: "a time, to before the predecessor",
    change: (db) => db.exec("UPDATE deltas SET recorded_at = recorded_at - 2000 WHERE ledger = 1 AND sequence = 3"),
    codes: ["TIME_DECREASES"],
    table: "deltas",
    row: { sequence: 3 },
  },
  {
    name: "a fingerprint",
    change: (db) => db.exec("UPDATE deltas SET fingerprint = zeroblob(32) WHERE ledger = 1 AND sequence = 3"),
    codes: ["FINGERPRINT_WRONG"],
    table: "deltas",
    row: { sequence: 3 },
  },
  {
    name: "tree nodes",
    change: (db) => db.exec("UPDATE deltas SET nodes = zeroblob(64) WHERE ledger = 1 AND sequence = 4"),
    codes: ["NODES_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "sealed content",
    change: (db) => db.exec("UPDATE deltas SET sealed = zeroblob(60) WHERE ledger = 1 AND sequence = 4"),
    codes: ["SEAL_BROKEN"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "sealed content that was erased",
    change: (db) => db.exec("UPDATE deltas SET sealed = zeroblob(60) WHERE ledger = 3 AND sequence = 4"),
    codes: ["DIGEST_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "a request id",
    change: (db) => db.exec("UPDATE deltas SET request_id = zeroblob(16) WHERE ledger = 1 AND sequence = 4"),
    codes: ["DIGEST_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "a digest, by taking it away",
    change: (db) => db.exec("UPDATE deltas SET digest = NULL, request_id = NULL WHERE ledger = 2 AND sequence = 1"),
    codes: ["DIGEST_WRONG"],
    table: "deltas",
    row: { sequence: 1 },
  },
  {
    name: "the generation of a key, to one that is not there",
    change: (db) => db.exec("UPDATE deltas SET generation = 9 WHERE ledger = 1 AND sequence = 4"),
    codes: ["KEY_WRONG"],
    table: "deltas",
    row: { sequence: 4 },
  },
  {
    name: "the place of two deltas, by their sequences",
    change: (db) => {
      db.exec("UPDATE deltas SET sequence = 99 WHERE ledger = 1 AND sequence = 3");
      db.exec("UPDATE deltas SET sequence = 3 WHERE ledger = 1 AND sequence = 4");
      db.exec("UPDATE deltas SET sequence = 4 WHERE ledger = 1 AND sequence = 99");
    },
    codes: ["BALANCE_WRONG"],
    table: "deltas",
    row: { sequence: 3 },
  },
  {
    name: "a delta in the middle, by deleting it",
    change: (db) => db.exec("DELETE FROM deltas WHERE ledger = 1 AND sequence = 3"),
    codes: ["DELTA_MISSING", "ARRIVAL_MISSING", "USAGE_WRONG"],
    table: "deltas",
    row: { sequence: 3 },
  },
  {
    name: "the last delta of all, by deleting it",
    change: (db) => db.exec("DELETE FROM deltas WHERE id = (SELECT max(id) FROM deltas)"),
    codes: ["USAGE_WRONG"],
    table: "usage",
    row: { tenant: 1 },
  },
  {
    name: "the last deltas of a ledger that is anchored, by deleting them",
    change: (db) => db.exec("DELETE FROM deltas WHERE ledger = 4 AND sequence > 1"),
    codes: ["DELTA_MISSING", "HEAD_WRONG"],
    table: "deltas",
    row: { sequence: 2 },
  },
  {
    name: "all deltas of a ledger",
    change: (db) => db.exec("DELETE FROM deltas WHERE ledger = 5"),
    codes: ["DELTA_MISSING"],
    table: "deltas",
    row: { sequence: 1 },
  },
  {
    name: "a ledger, by deleting it",
    change: (db) => db.exec("DELETE FROM ledgers WHERE id = 5"),
    codes: ["DELTA_ORPHANED"],
    table: "deltas",
    row: { "ledger number": 5 },
  },
  {
    name: "whose a ledger is",
    change: (db) => db.exec("UPDATE ledgers SET tenant = 2 WHERE id = 5"),
    codes: ["ADDRESS_WRONG"],
    table: "ledgers",
    row: {},
  },
  {
    name: "when a ledger was opened",
    change: (db) => db.exec("UPDATE ledgers SET opened_at = opened_at + 1 WHERE id = 5"),
    codes: ["LEDGER_WRONG"],
    table: "ledgers",
    row: {},
  },
  {
    name: "a ledger's wrapped key",
    change: (db) => db.exec("UPDATE ledger_keys SET wrapped = zeroblob(60) WHERE ledger = 2"),
    codes: ["SEAL_BROKEN"],
    table: "ledger_keys",
    row: { generation: 1 },
  },
  {
    name: "a ledger's key, by taking half of it away",
    change: (db) => db.exec("UPDATE ledger_keys SET wrapped = NULL WHERE ledger = 2"),
    codes: ["KEY_WRONG"],
    table: "ledger_keys",
    row: { generation: 1 },
  },
  {
    name: "a tenant's secret",
    change: (db) => db.exec("UPDATE tenants SET sealed_secret = zeroblob(60) WHERE id = 2"),
    codes: ["SEAL_BROKEN"],
    table: "tenants",
    row: { tenant: 2 },
  },
  {
    name: "the balance of a head",
    change: (db) => db.exec("UPDATE anchor_leaves SET balance = '7' WHERE anchor = 2 AND position = 1"),
    codes: ["HEAD_WRONG", "LEAF_WRONG"],
    table: "anchor_leaves",
    row: { anchor: 2, position: 1 },
  },
  {
    name: "the leaf of a head",
    change: (db) => db.exec("UPDATE anchor_leaves SET leaf = zeroblob(32) WHERE anchor = 2 AND position = 1"),
    codes: ["LEAF_WRONG"],
    table: "anchor_leaves",
    row: { anchor: 2, position: 1 },
  },
  {
    name: "the nodes of a leaf",
    change: (db) => db.exec("UPDATE anchor_leaves SET nodes = zeroblob(32) WHERE anchor = 2 AND position = 1"),
    codes: ["NODES_WRONG"],
    table: "anchor_leaves",
    row: { anchor: 2, position: 1 },
  },
  {
    name: "a head, by deleting it",
    change: (db) => db.exec("DELETE FROM anchor_leaves WHERE anchor = 2 AND position = 1"),
    codes: ["HEAD_MISSING", "LEAF_MISSING"],
    table: "anchor_leaves",
    row: { anchor: 2, position: 1 },
  },
  {
    name: "a head, by anchoring it twice",
    change: (db) =>
      db.exec(
        "INSERT INTO anchor_leaves SELECT 3, 99, ledger, count, balance, root, leaf, nodes, checkpoint FROM anchor_leaves WHERE anchor = 1 AND position = 0",
      ),
    codes: ["HEAD_REPEATED", "LEAF_WRONG"],
    table: "anchor_leaves",
    row: { anchor: 3, position: 99 },
  },
  {
    name: "the root of an anchor",
    change: (db) => {
      db.exec("UPDATE anchors SET root = zeroblob(32) WHERE id = 2");
      redigest(db, "anchors", "id = 2");
    },
    codes: ["ANCHOR_ROOT_WRONG", "TRANSACTION_WRONG"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "the size of an anchor, to a smaller one",
    change: (db) => {
      db.exec("UPDATE anchors SET size = size - 1 WHERE id = 2");
      redigest(db, "anchors", "id = 2");
    },
    codes: ["ANCHOR_SIZE_WRONG", "TRANSACTION_WRONG"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "the size of an anchor, to a larger one",
    change: (db) => {
      db.exec("UPDATE anchors SET size = size + 1 WHERE id = 2");
      redigest(db, "anchors", "id = 2");
    },
    codes: ["LEAF_MISSING", "ANCHOR_SIZE_WRONG", "TRANSACTION_WRONG"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "how far an anchor had looked",
    change: (db) => {
      db.exec("UPDATE anchors SET through = 9999 WHERE id = 3");
      redigest(db, "anchors", "id = 3");
    },
    codes: ["HEAD_MISSING", "ANCHOR_WRONG"],
    table: "anchors",
    row: { anchor: 3 },
  },
  {
    name: "how far an anchor took checkpoints",
    change: (db) => {
      db.exec("UPDATE anchors SET through_checkpoint = 1 WHERE id = 3");
      redigest(db, "anchors", "id = 3");
    },
    codes: ["ANCHOR_WRONG"],
    table: "anchors",
    row: { anchor: 3 },
  },
  {
    name: "when an anchor was made",
    change: (db) => db.exec("UPDATE anchors SET created_at = 1 WHERE id = 2"),
    codes: ["DIGEST_WRONG"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "an anchor, by deleting it",
    change: (db) => {
      db.pragma("foreign_keys = OFF");
      db.exec("DELETE FROM anchors WHERE id = 2");
    },
    codes: ["ANCHOR_MISSING"],
    table: "anchors",
    row: { anchor: 2 },
  },
  {
    name: "the nonce of a signed transaction",
    change: (db) => db.exec("UPDATE anchor_transactions SET nonce = 77 WHERE anchor = 2"),
    codes: ["TRANSACTION_WRONG"],
    table: "anchor_transactions",
    row: { anchor: 2, attempt: 1 },
  },
  {
    name: "when a transaction was signed",
    change: (db) => db.exec("UPDATE anchor_transactions SET created_at = 77 WHERE anchor = 2"),
    codes: ["DIGEST_WRONG"],
    table: "anchor_transactions",
    row: { anchor: 2, attempt: 1 },
  },
  {
    name: "the transaction of a confirmed anchor",
    change: (db) => {
      db.exec("UPDATE anchor_progress SET transaction_hash = zeroblob(32) WHERE anchor = 2");
      redigest(db, "anchor_progress", "anchor = 2");
    },
    codes: ["PROGRESS_WRONG"],
    table: "anchor_progress",
    row: { anchor: 2 },
  },
  {
    name: "the state of an anchor",
    change: (db) => {
      db.exec(
        "UPDATE anchor_progress SET state = 'sent', transaction_hash = NULL, block_number = NULL, block_hash = NULL, block_time = NULL, confirmed_at = NULL, gas_used = NULL WHERE anchor = 2",
      );
      redigest(db, "anchor_progress", "anchor = 2");
    },
    codes: ["PROGRESS_WRONG"],
    table: "anchor_progress",
    row: { anchor: 3 },
  },
  {
    name: "when an anchor was confirmed",
    change: (db) => db.exec("UPDATE anchor_progress SET confirmed_at = 1 WHERE anchor = 2"),
    codes: ["DIGEST_WRONG"],
    table: "anchor_progress",
    row: { anchor: 2 },
  },
  {
    name: "the gas that an anchor used",
    change: (db) => db.exec("UPDATE anchor_progress SET gas_used = gas_used + 1 WHERE anchor = 2"),
    codes: ["DIGEST_WRONG"],
    table: "anchor_progress",
    row: { anchor: 2 },
  },
  {
    name: "the gas that an anchor used, to nothing, as if it were from before gas was kept",
    change: (db) => db.exec("UPDATE anchor_progress SET gas_used = NULL WHERE anchor = 2"),
    codes: ["DIGEST_WRONG"],
    table: "anchor_progress",
    row: { anchor: 2 },
  },
  {
    name: "the state of an anchor, but not the gas that it used",
    change: (db) => {
      db.exec(
        "UPDATE anchor_progress SET state = 'sent', transaction_hash = NULL, block_number = NULL, block_hash = NULL, block_time = NULL, confirmed_at = NULL WHERE anchor = 3",
      );
      redigest(db, "anchor_progress", "anchor = 3");
    },
    codes: ["PROGRESS_WRONG"],
    table: "anchor_progress",
    row: { anchor: 3 },
  },
  {
    name: "the closing balance of a checkpoint",
    change: (db) => db.exec("UPDATE checkpoints SET closing_balance = '5' WHERE id = 2"),
    codes: ["CHECKPOINT_WRONG", "LEAF_WRONG"],
    table: "checkpoints",
    row: { number: 2 },
  },
  {
    name: "when a checkpoint was made",
    change: (db) => db.exec("UPDATE checkpoints SET created_at = created_at + 1 WHERE id = 1"),
    codes: ["DIGEST_WRONG"],
    table: "checkpoints",
    row: { number: 1 },
  },
  {
    name: "the name of a checkpoint",
    change: (db) => db.exec("UPDATE checkpoints SET statement_id = 'chk_other' WHERE id = 1"),
    codes: ["CHECKPOINT_WRONG"],
    table: "checkpoints",
    row: { number: 1 },
  },
  {
    name: "a checkpoint, by leaving a delta of its window out",
    change: (db) => addCheckpoint(db, 6, {}),
    codes: ["CHECKPOINT_HIDES_DELTA"],
    ...NEW_CHECKPOINT,
  },
  {
    name: "a checkpoint, by taking a delta from after its window",
    change: (db) => addCheckpoint(db, 7, { to: START + 6_500 }),
    codes: ["CHECKPOINT_WRONG"],
    ...NEW_CHECKPOINT,
  },
  {
    name: "a checkpoint, by another root",
    change: (db) => addCheckpoint(db, 7, { to: JANUARY.to - 1, root: Buffer.alloc(32, 1) }),
    codes: ["CHECKPOINT_WRONG"],
    ...NEW_CHECKPOINT,
  },
  {
    name: "a checkpoint, by another sum",
    change: (db) => addCheckpoint(db, 7, { to: JANUARY.to - 1, closing: "7" }),
    codes: ["CHECKPOINT_WRONG"],
    ...NEW_CHECKPOINT,
  },
  {
    name: "a checkpoint, by deleting it",
    change: (db) => {
      db.pragma("foreign_keys = OFF");
      db.exec("DELETE FROM checkpoints WHERE id = 2");
    },
    codes: ["CHECKPOINT_MISSING"],
    table: "checkpoints",
    row: { number: 2 },
  },
  {
    name: "what a selection is over",
    change: (db) => db.exec("DELETE FROM checkpoint_selections WHERE sequence = 5"),
    codes: ["CHECKPOINT_WRONG"],
    table: "checkpoints",
    row: { number: 1 },
  },
  {
    name: "how many a batch says it has",
    change: (db) => db.exec("UPDATE checkpoint_batches SET customers = 77 WHERE id = 3"),
    codes: ["BATCH_WRONG"],
    table: "checkpoint_batches",
    row: {},
  },
  {
    name: "what was counted",
    change: (db) => db.exec("UPDATE usage SET deltas = deltas + 1 WHERE tenant = 2"),
    codes: ["USAGE_WRONG"],
    table: "usage",
    row: { tenant: 2 },
  },
  {
    name: "an index behind the record",
    change: (db) => db.exec("INSERT INTO request_index VALUES (1, 1)"),
    codes: ["INDEX_WRONG"],
    table: "request_index",
    row: {},
  },
  {
    name: "an order of arrival",
    change: (db) => {
      db.exec("UPDATE deltas SET id = 1000 WHERE ledger = 1 AND sequence = 2");
      redigest(db, "deltas", "ledger = 1 AND sequence = 2");
    },
    codes: ["ORDER_WRONG", "ARRIVAL_MISSING"],
    table: "deltas",
    row: { sequence: 3 },
  },
];

describe("the audit of a record", () => {
  let ground: Ground;
  let audited: Audited;
  let whole: string;
  const folder = temporaryFolder();
  before(async () => {
    ground = await startGround();
    audited = await buildRecord(folder.dir, ground);
    whole = copyOf(audited.record, "whole");
  });
  after(async () => {
    audited.record.close();
    await ground.stop();
    folder.remove();
  });

  /** A copy that was changed behind everybody's back: without triggers, as with any SQL client. */
  function changed(change: (db: Sql) => void): string {
    const copy = join(folder.dir, `changed-${randomInt(2 ** 40)}.db`);
    copyFileSync(whole, copy);
    const db = new Database(copy);
    db.pragma("foreign_keys = OFF");
    for (const name of db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'trigger'").pluck().all())
      db.exec(`DROP TRIGGER ${name}`);
    change(db);
    db.close();
    return copy;
  }

  it("finds nothing wrong with what the server wrote, and says what it looked at", async () => {
    const report = await auditFile(whole);
    expect(report.findings).to.deep.equal([]);
    expect(report.clean).to.equal(true);
    expect(report.checked).to.deep.equal({
      ledgers: 5,
      deltas: 42,
      contents: { opened: 35, erased: 7, closed: 0 },
      heads: 8,
      checkpoints: 5,
      batches: 4,
      anchors: 3,
      leaves: 13,
      transactions: 3,
      withoutDigest: 0,
    });
    expect(report.chain.outcome).to.equal("not asked");
  });

  it("says that contents were not opened where it has no master key", async () => {
    const { clean, checked } = await auditFile(whole, { master: undefined });
    expect({ clean, contents: checked.contents }).to.deep.equal({
      clean: true,
      contents: { opened: 0, erased: 7, closed: 35 },
    });
  });

  it("refuses another master key", async () => {
    const failure = await auditFile(whole, { master: sealingKey(Buffer.alloc(32, 9)) }).catch((error: Error) => error);
    expect(failure).to.have.property("name", "MasterKeyError");
  });

  for (const { name, change, codes, table, row, withoutKey } of CHEATS) {
    it(`names the row when somebody changed ${name}: ${codes[0]}`, async () => {
      const { findings } = await auditFile(changed(change), withoutKey ? { master: undefined } : {});
      const found = JSON.stringify(findings, null, 1);
      expect(findings[0]?.code, found).to.equal(codes[0]);
      for (const code of codes)
        expect(
          findings.map((finding) => finding.code),
          found,
        ).to.include(code);
      const named = findings.filter(
        (finding) => finding.table === table && Object.entries(row).every(([key, value]) => finding.row[key] === value),
      );
      expect(named, found).not.to.deep.equal([]);
    });
  }

  it("takes a batch of keys for right of which a part is in its index already, and names one that is of no delta", async () => {
    const halfMoved = (db: Database.Database) =>
      db.transaction(() => {
        const moved = db.prepare("INSERT INTO fingerprint_index VALUES (?, ?)");
        const deltas = db.prepare<[], { id: number; fingerprint: Buffer }>("SELECT id, fingerprint FROM deltas");
        for (const { id, fingerprint } of deltas.all().slice(0, 5)) moved.run(fingerprint.readUIntBE(0, 6), id);
      })();
    expect((await auditFile(changed(halfMoved))).findings).to.deep.equal([]);
    const strange = changed((db) => {
      halfMoved(db);
      db.exec("UPDATE fingerprint_index SET prefix = prefix + 1 WHERE delta = 2");
    });
    expect((await auditFile(strange)).findings.map(({ code, table }) => [code, table])).to.deep.equal([
      ["INDEX_WRONG", "fingerprint_index"],
    ]);
  });

  it("goes on with the other ledgers after the first fault of one", async () => {
    const file = changed((db) => {
      for (const ledger of [ALPHA, BETA, GAMMA])
        db.exec(`UPDATE deltas SET fingerprint = zeroblob(32) WHERE ledger = ${ledger} AND sequence IN (2, 3)`);
    });
    const addresses = audited.record.db
      .prepare<[], Buffer>("SELECT address FROM ledgers WHERE id <= 3 ORDER BY id")
      .pluck()
      .all();
    const { findings } = await auditFile(file);
    expect(findings.map(({ code, row }) => [code, row.ledger, row.sequence]).slice(0, 3)).to.deep.equal(
      addresses.map((address) => ["FINGERPRINT_WRONG", toHex(address), 2]),
    );
  });

  it("lists a hundred findings and counts the rest", async () => {
    const file = changed((db) => {
      db.exec("DELETE FROM anchor_leaves");
      const insert = db.prepare(
        "INSERT INTO anchor_leaves VALUES (3, ?, 999, 1, '1', zeroblob(32), zeroblob(32), x'', NULL)",
      );
      for (let position = 0; position < 300; position++) insert.run(position);
    });
    const { findings, findingCount } = await auditFile(file);
    expect(findings).to.have.length(100);
    expect(findingCount).to.be.greaterThan(300);
  });
});
