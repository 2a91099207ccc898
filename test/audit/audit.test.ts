import { expect } from "chai";
import type { AuditReport } from "#src/audit/audit.ts";
import type { FindingCode } from "#src/audit/findings.ts";
import { toHex } from "#src/core/bytes.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { ENGINE } from "#test/run/engine.ts";
import { behind, rowsBehind, type Sql } from "#test/run/record-of.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";
import { temporaryFolder } from "#test/storage/record-folder.ts";
import { audit, buildRecord, copyRecord } from "./audited-record.ts";
import { ALPHA, BETA, CHEATS, CHEATS_OF_FILE, type Cheat, GAMMA } from "./cheats.ts";

describe("the audit of a record", () => {
  let ground: Ground;
  const { dir, remove } = temporaryFolder();
  before(async () => {
    ground = await startGround();
    await buildRecord(dir, ground);
  });
  after(async () => {
    await ground.stop();
    remove();
  });

  /** What is found in a copy that was changed behind everybody's back: without triggers, as with any SQL client. */
  async function changed(
    change: (sql: Sql) => Promise<unknown>,
    more: Parameters<typeof audit>[1] = {},
  ): Promise<AuditReport> {
    const copy = temporaryFolder();
    await copyRecord(dir, copy.dir);
    await behind(copy.dir, change);
    const report = await audit(copy.dir, more);
    copy.remove();
    return report;
  }

  it("finds nothing wrong with what the server wrote, and says what it looked at", async () => {
    const report = await audit(dir);
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
    const { clean, checked } = await audit(dir, { master: undefined });
    expect({ clean, contents: checked.contents }).to.deep.equal({
      clean: true,
      contents: { opened: 0, erased: 7, closed: 35 },
    });
  });

  it("refuses another master key", async () => {
    const failure = await audit(dir, { master: sealingKey(Buffer.alloc(32, 9)) }).catch((error: Error) => error);
    expect(failure).to.have.property("name", "MasterKeyError");
  });

  function named(cheat: Cheat): void {
    const { name, change, table, row, withoutKey } = cheat;
    const codes: readonly FindingCode[] = { sqlite: undefined, postgres: cheat.postgres }[ENGINE] ?? cheat.codes;
    it(`names the row when somebody changed ${name}: ${codes[0]}`, async () => {
      const { findings } = await changed(change, withoutKey ? { master: undefined } : {});
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

  for (const cheat of CHEATS) named(cheat);

  overSqlite("audit-of-file", () => {
    for (const cheat of CHEATS_OF_FILE) named(cheat);

    it("takes a batch of keys for right of which a part is in its index already, and names one that is of no delta", async () => {
      const halfMoved = async (sql: Sql) => {
        const deltas = await sql.all<{ id: number; fingerprint: Buffer }>("SELECT id, fingerprint FROM deltas LIMIT 5");
        for (const { id, fingerprint } of deltas)
          await sql.change("INSERT INTO fingerprint_index VALUES (?, ?)", fingerprint.readUIntBE(0, 6), id);
      };
      expect((await changed(halfMoved)).findings).to.deep.equal([]);
      const { findings } = await changed(async (sql) => {
        await halfMoved(sql);
        await sql.change("UPDATE fingerprint_index SET prefix = prefix + 1 WHERE delta = 2");
      });
      expect(findings.map(({ code, table }) => [code, table])).to.deep.equal([["INDEX_WRONG", "fingerprint_index"]]);
    });
  });

  it("goes on with the other ledgers after the first fault of one", async () => {
    const { findings } = await changed(async (sql) => {
      for (const ledger of [ALPHA, BETA, GAMMA])
        await sql.change(
          "UPDATE deltas SET fingerprint = ? WHERE ledger = ? AND sequence IN (2, 3)",
          Buffer.alloc(32),
          ledger,
        );
    });
    const ledgers = await rowsBehind<{ address: Buffer }>(dir, "SELECT address FROM ledgers WHERE id <= 3 ORDER BY id");
    expect(findings.map(({ code, row }) => [code, row.ledger, row.sequence]).slice(0, 3)).to.deep.equal(
      ledgers.map(({ address }) => ["FINGERPRINT_WRONG", toHex(address), 2]),
    );
  });

  it("lists a hundred findings and counts the rest", async () => {
    const { findings, findingCount } = await changed(async (sql) => {
      await sql.change("DELETE FROM anchor_leaves");
      await sql.change(
        `WITH RECURSIVE places (place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM places WHERE place < 299)
        INSERT INTO anchor_leaves SELECT 3, place, 999, 1, '1', ?, ?, ?, NULL FROM places`,
        ...[Buffer.alloc(32), Buffer.alloc(32), Buffer.alloc(0)],
      );
    });
    expect(findings).to.have.length(100);
    expect(findingCount).to.be.greaterThan(300);
  });
});
