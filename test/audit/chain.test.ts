import { expect } from "chai";
import type { AuditReport } from "#src/audit/audit.ts";
import { openAnchorLog } from "#src/chain/anchor-log.ts";
import { compiledCodeHash } from "#src/chain/compiled-code.ts";
import { openLogSurvey } from "#src/chain/log-survey.ts";
import { fromHex } from "#src/core/bytes.ts";
import { anchorRound } from "#src/ledger/anchor.ts";
import type { AnchorChain } from "#src/ledger/ports/anchoring.ts";
import { anchor, type Ground, PUBLISHER_KEY, partsOf, startGround } from "#test/ledger/anchoring-ground.ts";
import { behind } from "#test/run/record-of.ts";
import { type OpenRecord, openRecord, temporaryFolder } from "#test/storage/record-folder.ts";
import { audit, copyRecord, logFor, recordSome, redigest, START } from "./audited-record.ts";

describe("the audit against the chain", () => {
  let ground: Ground;
  let record: OpenRecord;
  let chain: AnchorChain;
  const folders: ReturnType<typeof temporaryFolder>[] = [];
  const fresh = () => {
    const folder = temporaryFolder();
    folders.push(folder);
    return folder.dir;
  };
  const dir = fresh();
  before(async () => {
    ground = await startGround();
    record = await openRecord(dir, { now: START });
    chain = await logFor(record, ground);
    await recordSome(record, record.tenant, ["alpha", "beta"], 3);
    await anchor(record, chain);
  });
  after(async () => {
    await record.close();
    await ground.stop();
    for (const { remove } of folders) remove();
  });

  /** A copy of the record as it is now: meanwhile nobody may have it open. */
  async function copyNow(): Promise<string> {
    await record.close();
    const copy = fresh();
    await copyRecord(dir, copy);
    record = await openRecord(dir, record.clock);
    return copy;
  }

  type Pins = Parameters<typeof openLogSurvey>[1]["pins"];

  function auditWithChain(
    of: string,
    { pins = { codeHash: compiledCodeHash() }, mayBeOlder = false, rpcUrl = ground.chain.rpcUrl } = {} as {
      pins?: Pins;
      mayBeOlder?: boolean;
      rpcUrl?: string;
    },
  ): Promise<AuditReport> {
    const settings = { endpoints: [rpcUrl], pins, confirmations: 1 };
    return audit(of, { pins, mayBeOlder, openChain: (log) => openLogSurvey(log, settings) });
  }

  const codesOf = ({ findings }: AuditReport) => findings.map(({ code, row }) => [code, row.anchor]);

  it("finds every anchor where the record says it is", async () => {
    const report = await auditWithChain(await copyNow());
    expect(report.findings).to.deep.equal([]);
    expect(report.chain).to.deep.equal({ outcome: "asked", anchors: 1, later: 0 });
  });

  it("shows a history that was rewritten with all its hashes, and that nothing else shows", async () => {
    // The operator makes another record under the same log, and pretends to it that the chain has taken its anchors.
    const other = fresh();
    const forged = await openRecord(other, { now: START });
    for (const name of ["id", "contract", "codeHash", "logSalt", "log"])
      await forged.store.facts.set(`chain.${name}`, (await record.store.facts.get(`chain.${name}`))!);
    await recordSome(forged, forged.tenant, ["alpha", "gamma"], 4);
    let sent: Uint8Array | undefined;
    const mined = (await record.store.anchor(1))!;
    const { rpcUrl } = ground.chain;
    const signing = openAnchorLog({ rpcUrl, publisherKey: PUBLISHER_KEY, place: chain.place, confirmations: 1 });
    const liar: AnchorChain = {
      ...signing,
      anchoredCount: async () => 0,
      anchoredRoot: async () => sent && (await forged.anchors.latest())?.anchor.root,
      send: async (raw) => {
        sent = raw;
      },
      mined: async () =>
        sent && {
          blockNumber: mined.blockNumber!,
          blockHash: mined.blockHash!,
          blockTime: mined.blockTime!,
          gasUsed: mined.gasUsed!,
          succeeded: true,
          final: true,
        },
    };
    await anchorRound(partsOf(forged, liar));
    await forged.close();
    expect((await audit(other)).findings).to.deep.equal([]);
    expect(codesOf(await auditWithChain(other))).to.deep.equal([["ROOT_MISMATCH", 1]]);
  });

  it("finds an anchor that the record does not have, and takes a bundle for older", async () => {
    const before = await copyNow();
    await recordSome(record, record.tenant, ["alpha"], 1);
    await anchor(record, chain);
    expect(codesOf(await auditWithChain(before))).to.deep.equal([["ANCHOR_NOT_STORED", 2]]);
    const report = await auditWithChain(before, { mayBeOlder: true });
    expect(report.findings).to.deep.equal([]);
    expect(report.chain).to.deep.equal({ outcome: "asked", anchors: 1, later: 1 });
  });

  it("finds a confirmed anchor in another block than the chain has it in", async () => {
    const copy = await copyNow();
    await behind(copy, async (sql) => {
      await sql.change("UPDATE anchor_progress SET block_time = block_time + 1 WHERE anchor = 1");
      await redigest(sql, "anchor_progress", "anchor = 1");
    });
    expect(codesOf(await auditWithChain(copy))).to.deep.equal([["NOT_CONFIRMED", 1]]);
  });

  it("finds other code than expected, and a log that the auditor did not expect", async () => {
    const copy = await copyNow();
    const ofCode = await auditWithChain(copy, { pins: { codeHash: Buffer.alloc(32, 1) } });
    expect(codesOf(ofCode).map(([code]) => code)).to.deep.equal(["CODE_MISMATCH"]);
    const ofLog = await audit(copy, { pins: { log: Buffer.alloc(32, 1) } });
    expect(codesOf(ofLog).map(([code]) => code)).to.deep.equal(["LOG_NOT_EXPECTED"]);
    const ofChain = await audit(copy, { pins: { chainId: 1n } });
    expect(codesOf(ofChain).map(([code]) => code)).to.deep.equal(["CHAIN_MISMATCH"]);
    const ofContract = await audit(copy, { pins: { contract: fromHex(`0x${"11".repeat(20)}`) } });
    expect(codesOf(ofContract).map(([code]) => code)).to.deep.equal(["CONTRACT_NOT_EXPECTED"]);
  });

  it("says that the chain did not answer, and reports the rest", async () => {
    const report = await auditWithChain(await copyNow(), { rpcUrl: "http://127.0.0.1:9" });
    expect(report.chain.outcome).to.equal("unavailable");
    expect(report.checked.deltas).to.equal(7);
    expect(report.clean).to.equal(true);
  });
});
