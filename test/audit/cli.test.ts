import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { toHex } from "#src/core/bytes.ts";
import { policyText } from "#src/core/policy.ts";
import { type Ground, startGround } from "#test/ledger/anchoring-ground.ts";
import { databaseOf } from "#test/run/engine.ts";
import { changeBehind } from "#test/run/record-of.ts";
import { temporaryFolder } from "#test/storage/record-folder.ts";
import { type Audited, buildRecord, copyRecord } from "./audited-record.ts";

type Run = { code: number | null; out: string; err: string };

function start(...args: string[]) {
  const child = spawn(process.execPath, ["src/cli/audit.ts", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const run: Run = { code: null, out: "", err: "" };
  child.stdout.on("data", (part) => {
    run.out += part;
  });
  child.stderr.on("data", (part) => {
    run.err += part;
  });
  const ended = new Promise<Run>((done) => child.on("close", (code) => done({ ...run, code })));
  return { child, run, ended };
}

const audit = (...args: string[]) => start(...args).ended;

async function placeOf(dir: string): Promise<string> {
  return (await databaseOf(dir)) ?? dir;
}

describe("tallyroot audit", () => {
  let ground: Ground;
  let audited: Audited;
  /** Where the records are, as the command is told. */
  let whole: string;
  let broken: string;
  let key: string;
  const [folder, damaged] = [temporaryFolder(), temporaryFolder()];
  before(async () => {
    ground = await startGround();
    audited = await buildRecord(folder.dir, ground);
    await copyRecord(folder.dir, damaged.dir);
    await changeBehind(damaged.dir, "UPDATE deltas SET amount = '5' WHERE ledger = 1 AND sequence = 4");
    [whole, broken] = [await placeOf(folder.dir), await placeOf(damaged.dir)];
    key = join(folder.dir, "key");
    writeFileSync(key, `${toHex(Buffer.alloc(32, 7))}\n`);
  });
  after(async () => {
    await ground.stop();
    folder.remove();
    damaged.remove();
  });

  it("ends with an exit code for each outcome, and says in words what it looked at and what is wrong", async () => {
    const { place } = audited.chain;
    const policy = join(folder.dir, "policy.json");
    const pins = { ...place, chainId: BigInt(place.chainId), codeHash: Buffer.alloc(32, 1), confirmations: 1, rpc: [] };
    writeFileSync(policy, policyText(pins));
    const { rpcUrl } = ground.chain;
    const [clean, wrong, unasked, silent, otherCode] = await Promise.all([
      audit(whole, "--master-key-file", key, "--rpc", rpcUrl),
      audit(broken, "--master-key-file", key, "--json"),
      audit(whole),
      audit("--data-dir", whole, "--rpc", "http://127.0.0.1:9"),
      audit(whole, "--policy", policy, "--rpc", rpcUrl),
    ]);
    expect(clean.out).to.match(/5 ledgers, 42 deltas/);
    expect(clean.out).to.match(/35 contents opened and compared, 7 erased on purpose/);
    expect(clean.out).to.match(/3 anchors compared with the contract/);
    expect(clean.out).to.match(/^CLEAN$/m);
    expect(clean.code).to.equal(0);
    const report = JSON.parse(wrong.out);
    expect(report).to.include({ clean: false, exitCode: 10 });
    expect(report.findings[0]).to.deep.include({ code: "BALANCE_WRONG", table: "deltas" });
    expect(report.findings[0].row).to.include({ sequence: 4 });
    expect(wrong.code).to.equal(10);
    expect(unasked.out).to.match(/35 not opened, for want of the master key/);
    expect(unasked.out).to.match(/^CLEAN, NOT COMPARED WITH THE CHAIN$/m);
    expect(unasked.code).to.equal(4);
    expect(silent.out).to.match(/chain +did not answer/);
    expect(silent.code).to.equal(3);
    expect(otherCode.out).to.match(/CODE_MISMATCH/);
    expect(otherCode.code).to.equal(10);
  });

  it("tells wrong usage and what cannot be read", async () => {
    const wrongKey = join(folder.dir, "wrong-key");
    writeFileSync(wrongKey, `${toHex(Buffer.alloc(32, 9))}\n`);
    const [option, nothing, otherKey, metrics] = await Promise.all([
      audit("--watchful"),
      audit(join(folder.dir, "nowhere")),
      audit(whole, "--master-key-file", wrongKey),
      audit(whole, "--metrics-port", "0"),
    ]);
    for (const { code, out } of [option, nothing, otherKey, metrics]) expect([code, out]).to.deep.equal([2, ""]);
    expect(option.err).to.match(/usage: npm run audit/);
    expect(nothing.err).to.match(/no data directory, database file or bundle/);
    expect(otherKey.err).to.match(/the master key is not the one/);
  });

  it("goes on with --watch, and serves its figures", async () => {
    const { child, run, ended } = start(broken, "--json", "--watch", "1", "--metrics-port", "0");
    try {
      while (run.out.split("\n").length < 3 && child.exitCode === null)
        await new Promise((done) => setTimeout(done, 50));
      const [line] = run.out.split("\n");
      expect(JSON.parse(line!)).to.include({ clean: false, exitCode: 10 });
      const [, url] = /Metrics: (http\S+)/.exec(run.err)!;
      const text = await (await fetch(url!)).text();
      expect(text).to.match(/^tallyroot_audit_clean 0$/m);
      expect(text).to.match(/^tallyroot_audit_findings [1-9]/m);
      expect(text).to.match(/^tallyroot_audit_deltas 42$/m);
      expect(text).to.match(/^tallyroot_audit_last_success_timestamp_seconds 0$/m);
      expect(text).to.match(/^tallyroot_audit_duration_seconds 0\.\d+|^tallyroot_audit_duration_seconds \d/m);
    } finally {
      child.kill();
      await ended;
    }
  });
});
