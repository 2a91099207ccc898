import { expect } from "chai";
import { installKeccak } from "#src/core/keccak.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { overSqlite } from "#test/run/sqlite-only.ts";
import { auditOf } from "./evil/audit.ts";
import { type Ground, startGround } from "./evil/ground.ts";
import { type ChangedRecord, naiveRecord, thoroughRecord } from "./evil/record-scenes.ts";
import { someOf } from "./evil/weakened.ts";
import { AUDIT_CHECKS, AUDIT_CHECKS_OF_FILE, type AuditCheck, weakenedAudit } from "./evil/weakened-audit.ts";

describe("every check of the audit is needed", () => {
  let ground: Ground;
  const records: Partial<Record<AuditCheck["record"], { record: ChangedRecord; codes: string[] }>> = {};

  before(async () => {
    installKeccak(await fastKeccak());
    ground = await startGround();
  });
  after(() => ground.stop());

  async function recordOf(kind: AuditCheck["record"]) {
    if (records[kind]) return records[kind];
    const record = await (kind === "naive" ? naiveRecord(ground) : thoroughRecord(ground, "anchored"));
    records[kind] = { record, codes: (await auditOf(record)).map(({ code }) => code) };
    return records[kind];
  }

  function needed(check: AuditCheck): void {
    it(`without "${check.text}" in ${check.file}, it does not say ${check.code}`, async () => {
      const { record, codes } = await recordOf(check.record);
      expect(codes).to.include(check.code);
      const dir = temporaryDirectory();
      expect(await weakenedAudit(dir, check, record)).not.to.include(check.code);
      removeDirectory(dir);
    });
  }

  for (const check of someOf(AUDIT_CHECKS)) needed(check);

  overSqlite("needed-audit-checks-of-file", () => {
    for (const check of someOf(AUDIT_CHECKS_OF_FILE)) needed(check);
  });
});
