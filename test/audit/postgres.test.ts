import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Client, QueryResult } from "pg";
import { type AuditReport, auditRecord } from "#src/audit/audit.ts";
import { openLogSurvey } from "#src/chain/log-survey.ts";
import { logIdOf, readAppend } from "#src/chain/read-append.ts";
import { openAuditView } from "#src/storage/postgres/audit-view.ts";
import { type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { postgresOfThisFile, type TestDatabase } from "#test/ports/postgres-server.ts";
import { openPostgresRecord } from "#test/storage/postgres/record.ts";
import { MASTER } from "#test/storage/record-folder.ts";
import { fillRecord, START } from "./audited-record.ts";

/** A change behind the record's back, and what the audit must call it. */
const EDITS: readonly (readonly [what: string, sql: string, code: string])[] = [
  ["an amount", "UPDATE deltas SET amount = amount + 1 WHERE ledger = 1 AND sequence = 2", "BALANCE_WRONG"],
  ["a time", "UPDATE deltas SET recorded_at = recorded_at + 1 WHERE ledger = 1 AND sequence = 2", "FINGERPRINT_WRONG"],
  ["a sealed content", "UPDATE deltas SET sealed = '\\x00' WHERE ledger = 1 AND sequence = 3", "SEAL_BROKEN"],
  ["a tree node", "UPDATE deltas SET nodes = nodes || nodes WHERE ledger = 1 AND sequence = 4", "NODES_WRONG"],
  ["a request id", "UPDATE deltas SET request_id = '\\x01' WHERE ledger = 2 AND sequence = 1", "DIGEST_WRONG"],
  ["a delta in the middle", "DELETE FROM deltas WHERE ledger = 1 AND sequence = 3", "DELTA_MISSING"],
  ["a ledger's last delta", "DELETE FROM deltas WHERE ledger = 1 AND sequence = 16", "FILE_DAMAGED"],
  ["a ledger's standing", "UPDATE ledger_heads SET balance = balance + 1 WHERE ledger = 2", "FILE_DAMAGED"],
  ["what is noted as moved", "UPDATE ledger_heads SET moved = false WHERE moved", "FILE_DAMAGED"],
  ["a way to a delta", "DELETE FROM request_ids WHERE ledger IS NOT NULL", "FILE_DAMAGED"],
  ["a counter", "UPDATE usage SET deltas = deltas + 1", "USAGE_WRONG"],
  ["a head", "UPDATE anchor_leaves SET count = count - 1 WHERE anchor = 1 AND position = 0", "HEAD_WRONG"],
  ["an anchor's leaf", "DELETE FROM anchor_leaves WHERE anchor = 2 AND position = 0", "LEAF_MISSING"],
  ["an anchor's root", "UPDATE anchors SET root = sha256(root) WHERE id = 3", "ANCHOR_ROOT_WRONG"],
  ["an anchor's time", "UPDATE anchors SET created_at = created_at + 1 WHERE id = 3", "DIGEST_WRONG"],
  ["a checkpoint", "UPDATE checkpoints SET closing_balance = closing_balance + 1 WHERE id = 2", "CHECKPOINT_WRONG"],
  ["a tenant's secret", "UPDATE tenants SET sealed_secret = '\\x00'", "SEAL_BROKEN"],
];

const COMMAND = fileURLToPath(import.meta.resolve("#src/cli/audit.ts"));

const postgres = postgresOfThisFile();

describe("the audit of a record in PostgreSQL", () => {
  let ground: Ground;
  let database: TestDatabase;
  let client: Client;
  before(async () => {
    ground = await startGround();
    database = await postgres.database();
    const record = await openPostgresRecord(database.url, { now: START });
    await fillRecord(record, ground);
    await record.close();
    client = await database.client();
  });
  after(async () => {
    await database.drop();
    await ground.stop();
  });

  async function audit(): Promise<AuditReport> {
    const { store, anchorsNow, close } = await openAuditView(database.url);
    try {
      return await auditRecord({
        store,
        anchorsNow,
        master: MASTER,
        readAppend: { read: readAppend, logOf: logIdOf },
        openChain: (log) => openLogSurvey(log, { endpoints: [ground.chain.rpcUrl], pins: {}, confirmations: 1 }),
        clock: () => performance.now(),
      });
    } finally {
      await close();
    }
  }

  it("finds nothing in one that is whole, has looked at all of it, and asked the chain", async () => {
    const report = await audit();
    expect(report.findings).to.deep.equal([]);
    expect(report.chain).to.include({ outcome: "asked", anchors: 3 });
    const { rows } = await client.query("SELECT count(*)::int AS n FROM deltas");
    expect(report.checked).to.include({ deltas: rows[0].n, anchors: 3, withoutDigest: 0 });
    expect(report.checked.checkpoints).to.be.greaterThan(3);
    expect(report.checked.contents.erased).to.be.greaterThan(0);
  });

  it("is a command: clean, with the chain not asked, and no password on the screen", () => {
    const { status, stdout } = spawnSync(process.execPath, [COMMAND, database.url], { encoding: "utf8" });
    expect(status, stdout).to.equal(4);
    expect(stdout).to.contain(new URL(database.url).pathname).and.not.to.contain("password");
  });

  for (const [what, sql, code] of EDITS) {
    it(`finds that somebody changed ${what}`, async () => {
      const tables = [
        "deltas",
        "ledger_heads",
        "request_ids",
        "usage",
        "anchor_leaves",
        "anchors",
        "checkpoints",
        "tenants",
      ];
      const kept: QueryResult[] = [];
      for (const table of tables) kept.push(await client.query(`SELECT * FROM ${table}`));
      // As an owner can: constraints and triggers stand aside.
      await client.query("SET session_replication_role = replica");
      try {
        const { rowCount } = await client.query(sql);
        expect(rowCount, "something was changed").to.be.greaterThan(0);
        const { findings } = await audit();
        expect(findings.map((finding) => finding.code)).to.include(code);
      } finally {
        for (const [i, table] of tables.entries()) {
          await client.query(`DELETE FROM ${table}`);
          const { rows, fields } = kept[i]!;
          const names = fields.map(({ name }) => name);
          for (const row of rows)
            await client.query(
              `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map((_, place) => `$${place + 1}`).join(", ")})`,
              names.map((name) => row[name]),
            );
        }
        await client.query("SET session_replication_role = DEFAULT");
      }
    });
  }
});
