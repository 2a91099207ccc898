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

/** What a database keeps beside the deltas, changed behind the record's back. What it has in common with a file: see cheats.ts. */
const EDITS: readonly (readonly [what: string, sql: string])[] = [
  ["a ledger's last delta", "DELETE FROM deltas WHERE ledger = 1 AND sequence = 16"],
  ["a ledger's standing", "UPDATE ledger_heads SET balance = balance + 1 WHERE ledger = 2"],
  ["what is noted as moved", "UPDATE ledger_heads SET moved = false WHERE moved"],
  ["a way to a delta", "DELETE FROM request_ids WHERE ledger IS NOT NULL"],
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

  for (const [what, sql] of EDITS) {
    it(`finds that somebody changed ${what}`, async () => {
      const tables = ["deltas", "ledger_heads", "request_ids"];
      const kept: QueryResult[] = [];
      for (const table of tables) kept.push(await client.query(`SELECT * FROM ${table}`));
      // As an owner can: constraints and triggers stand aside.
      await client.query("SET session_replication_role = replica");
      try {
        const { rowCount } = await client.query(sql);
        expect(rowCount, "something was changed").to.be.greaterThan(0);
        const { findings } = await audit();
        expect(findings.map((finding) => finding.code)).to.include("FILE_DAMAGED");
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
