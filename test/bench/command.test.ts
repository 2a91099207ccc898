import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { hasWrk } from "../../scripts/bench/machine.ts";
import type { Report } from "../../scripts/bench/report.ts";

const BENCH = fileURLToPath(new URL("../../scripts/bench.ts", import.meta.url));
/** Milliseconds that a run of two figures may take on a busy machine. */
const RUN_MS = 180_000;

function run(...words: string[]) {
  const child = spawn(process.execPath, [BENCH, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, out, err }));
  return { child, ended, told: () => err };
}

describe("npm run bench", function () {
  this.timeout(RUN_MS);
  const dir = temporaryDirectory();
  const work = join(dir, "work");

  before(() => mkdirSync(work));
  after(() => removeDirectory(dir));

  it("measures what it is told to, writes it down, names what has become worse, and leaves nothing behind", async () => {
    const json = join(dir, "result", "bench.json");
    const check = join(dir, "baseline.json");
    const was = {
      "root.simpleTimes": { value: 1e9, better: "higher" },
      "disk.ofSent": { value: 100, better: "lower" },
    };
    const kind = `quick, ${hasWrk() ? "wrk" : "autocannon"}`;
    writeFileSync(check, JSON.stringify({ [kind]: { ...was, "single.ofNoopGet": { value: 1e9, better: "higher" } } }));

    const { code, out, err } = await run(
      "--quick",
      "--only",
      "disk,root",
      "--dir",
      work,
      "--json",
      json,
      "--check",
      check,
    ).ended;
    const worse = err.split("\n").filter((line) => line.endsWith("worse"));
    expect(worse, err).to.have.lengthOf(1);
    expect(worse[0]).to.match(/^bench: root\.simpleTimes was /);
    expect(code).to.equal(1);

    const report = JSON.parse(readFileSync(json, "utf8")) as Report;
    expect(report).to.include({ format: "tallyroot-bench/1", mode: "quick" });
    expect(report.machine.versions).to.include.keys("tallyroot", "node", "sqlite");
    expect(report.figures.map(({ name, failure }) => [name, failure])).to.deep.equal([
      ["root", null],
      ["disk", null],
    ]);
    const [root, disk] = report.figures;
    expect(root!.data).to.equal("10,000 leaves; 50 proofs of each accepted by the others");
    expect(root!.values.map(({ name }) => name)).to.include.members(["ours", "standardTimes", "merkletreejsTimes"]);
    expect(disk!.data).to.match(/^20,000 deltas in 200 ledgers/);
    const perDelta = disk!.values.find(({ name }) => name === "perDelta")!;
    // Four hashes of 32 bytes and what is sealed: a file that is smaller lacks something.
    expect(perDelta.value).to.be.within(150, 1_000);
    expect(perDelta.reached).to.equal(perDelta.value <= 420);
    for (const { value, samples } of [...root!.values, ...disk!.values]) expect(samples).to.deep.equal([value]);
    expect(out)
      .to.match(/^Tallyroot /)
      .and.to.include("disk");
    expect(readdirSync(work)).to.deep.equal([]);
  });

  it("interrupted in the middle ends its programs and removes its directory", async () => {
    const { child, ended, told } = run("--quick", "--only", "disk", "--dir", work, "--json", join(dir, "none.json"));
    const lock = () => readdirSync(work, { recursive: true }).find((name) => String(name).endsWith("server.json"));
    while (lock() === undefined && child.exitCode === null) await new Promise((later) => setTimeout(later, 20));
    const { pid } = JSON.parse(readFileSync(join(work, String(lock())), "utf8")) as { pid: number };
    child.kill("SIGINT");
    expect((await ended).code, told()).to.equal(130);
    expect(readdirSync(work)).to.deep.equal([]);
    expect(() => process.kill(pid, 0)).to.throw("ESRCH");
    expect(existsSync(join(dir, "none.json"))).to.equal(false);
  });

  it("refuses a figure or a file that there is not, by its name, before it measures anything", async () => {
    const { code, err } = await run("--only", "root,speed").ended;
    expect({ code, err }).to.deep.equal({ code: 2, err: 'bench: there is no figure "speed"\n' });
    const none = join(dir, "no-baseline.json");
    const unchecked = await run("--only", "root", "--check", none).ended;
    expect(unchecked).to.deep.equal({ code: 2, out: "", err: `bench: ${none} is not there\n` });
  });
});
