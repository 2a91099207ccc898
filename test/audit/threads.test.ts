import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import type { AuditReport } from "#src/audit/audit.ts";
import { auditInThreads } from "#src/cli/audit/ledger-threads.ts";
import { anchor, type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { type OpenRecordFile, openRecordFile, temporaryFolder } from "#test/storage/record-folder.ts";
import { auditFile, copyOf, logFor, recordSome, START } from "./audited-record.ts";

/** More ledgers than two threads have ranges, so that some ranges have several. */
const CUSTOMERS = Array.from({ length: 75 }, (_, i) => `customer ${i}`);

type Damage = { name: string; sql: string; codes: readonly string[] };

const DAMAGES: readonly Damage[] = [
  { name: "nothing", sql: "", codes: [] },
  {
    name: "amounts in ledgers of several ranges",
    sql: "UPDATE deltas SET amount = '7' WHERE ledger IN (3, 30, 31, 74) AND sequence = 2",
    codes: ["BALANCE_WRONG"],
  },
  {
    name: "deltas whose ledger is not there",
    sql: "DELETE FROM ledgers WHERE id IN (20, 21, 49)",
    codes: ["DELTA_ORPHANED", "HEAD_WRONG"],
  },
  { name: "deltas behind the last ledger", sql: "DELETE FROM ledgers WHERE id > 72", codes: ["DELTA_ORPHANED"] },
  {
    name: "deltas missing from the first and the last ledger",
    sql: "DELETE FROM deltas WHERE ledger IN (1, 75) AND sequence = 2",
    codes: ["DELTA_MISSING"],
  },
  {
    name: "heads that no delta reaches",
    sql: "UPDATE anchor_leaves SET count = 9 WHERE ledger IN (41, 42)",
    codes: ["DELTA_MISSING", "HEAD_WRONG"],
  },
  {
    name: "more rows than are listed",
    sql: "UPDATE anchor_leaves SET balance = '1'; UPDATE deltas SET digest = x'0000000000000000' WHERE sequence = 3",
    codes: ["DIGEST_WRONG", "LEAF_WRONG"],
  },
];

describe("an audit in several threads", () => {
  let ground: Ground;
  let record: OpenRecordFile;
  let whole: string;
  const folder = temporaryFolder();
  before(async () => {
    ground = await startGround();
    record = await openRecordFile(folder.dir, { now: START });
    const chain = await logFor(record, ground);
    await recordSome(record, record.tenant, CUSTOMERS, 3);
    await anchor(record, chain);
    whole = copyOf(record, "whole");
  });
  after(async () => {
    await record.close();
    await ground.stop();
    folder.remove();
  });

  /** The same audit by one pass and by threads; they may differ only in how long they take. */
  async function bothWays(file: string): Promise<{ once: AuditReport; threads: AuditReport; deltas: number[] }> {
    const deltas: number[] = [];
    const once = await auditFile(file);
    const threads = await auditFile(file, {
      auditLedgers: auditInThreads(file, { threads: 2, worthThreads: 0 }),
      onProgress: (stage, done) => void (stage === "ledgers" && deltas.push(done)),
    });
    return { once, threads, deltas };
  }

  const said = ({ findings, findingCount, checked }: AuditReport) => ({ findings, findingCount, checked });

  for (const { name, sql, codes } of DAMAGES) {
    it(`says what one pass says where it finds ${name} wrong`, async () => {
      const file = join(folder.dir, "damaged.db");
      copyFileSync(whole, file);
      const db = new Database(file);
      db.pragma("foreign_keys = OFF");
      const triggers = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'trigger'").pluck().all();
      for (const trigger of triggers) db.exec(`DROP TRIGGER ${trigger}`);
      db.exec(sql);
      db.close();
      const { once, threads, deltas } = await bothWays(file);
      expect(said(threads)).to.deep.equal(said(once));
      expect(once.findings.map(({ code }) => code)).to.include.members([...codes]);
      expect(threads.clean).to.equal(codes.length === 0);
      expect(deltas.at(-1)).to.equal(once.checked.deltas);
    });
  }

  it("ends where one pass ends when the file cannot be read, and counts nothing of what comes after", async () => {
    const file = join(folder.dir, "unreadable.db");
    const bytes = readFileSync(whole);
    const db = new Database(whole, { readonly: true });
    const pageSize = db.pragma("page_size", { simple: true }) as number;
    const name = "SELECT rootpage FROM sqlite_master WHERE name = 'deltas_by_ledger'";
    const root = db.prepare<[], number>(name).pluck().get()!;
    db.close();
    // The index by ledger loses its first page but for the header of the tree.
    bytes.fill(0xff, (root - 1) * pageSize + 8, root * pageSize);
    writeFileSync(file, bytes);
    const { once, threads } = await bothWays(file);
    expect(once.findings.map(({ code, table }) => `${code} ${table}`)).to.include("FILE_DAMAGED ledgers");
    expect(said(threads)).to.deep.equal(said(once));
  });
});
