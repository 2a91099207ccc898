import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { ROOT } from "./tree.ts";

const MODULE = pathToFileURL(join(ROOT, "scripts", "bootstrap-lock.mjs")).href;

/** Begins a process of its own that writes "in" and "out" to `trace` around what it does under the lock. */
async function hold(lock: string, trace: string, milliseconds: number): Promise<number> {
  const program = `
    const { alone } = await import(${JSON.stringify(MODULE)});
    const { appendFileSync } = await import("node:fs");
    await alone(${JSON.stringify(lock)}, () => {}, async () => {
      appendFileSync(${JSON.stringify(trace)}, "in ");
      await new Promise((done) => setTimeout(done, ${milliseconds}));
      appendFileSync(${JSON.stringify(trace)}, "out ");
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

describe("the lock of a set-up", () => {
  let folder: string;
  let lock: string;
  let trace: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bootstrap-lock-"));
    lock = join(folder, "lock");
    trace = join(folder, "trace");
    appendFileSync(trace, "");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("lets processes in one after the other, and is gone afterwards", async () => {
    const codes = await Promise.all([hold(lock, trace, 100), hold(lock, trace, 100), hold(lock, trace, 100)]);
    expect(codes).to.deep.equal([0, 0, 0]);
    expect(readFileSync(trace, "utf8")).to.equal("in out in out in out ");
    expect(existsSync(lock)).to.equal(false);
  });

  it("of a process that died is taken over", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(lock, `${dead} ${hostname()} left-behind`);
    expect(await hold(lock, trace, 0)).to.equal(0);
    expect(readFileSync(trace, "utf8")).to.equal("in out ");
  });

  it("of a process that died is kept while what it started lives", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
    writeFileSync(lock, `${dead},${child.pid} ${hostname()} left-behind`);
    const waiting = hold(lock, trace, 0);
    await new Promise((done) => setTimeout(done, 500));
    expect(readFileSync(trace, "utf8")).to.equal("");
    child.kill();
    expect(await waiting).to.equal(0);
    expect(readFileSync(trace, "utf8")).to.equal("in out ");
  });
});
