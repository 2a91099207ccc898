import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { RUNS } from "#test/core/property.ts";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));
const MAIN = fileURLToPath(import.meta.resolve("#src/main.ts"));
const BANK = new URL("../../scripts/demo/bank-transactions.csv", import.meta.url);
/** Milliseconds that one run of the demo may take on a busy machine. */
const RUN_MS = 120_000;

const pause = () => new Promise((later) => setTimeout(later, 50));

type Summary = {
  ok: boolean;
  customers: number;
  deltas: number;
  recorded: number;
  replayed: number;
  verified: number;
  anchors: { total: number; new: number };
  agreed: number;
  diverged: number;
  divergences: { customerId: string; transaction: string; row: number }[];
  receipt: {
    file: string;
    steps: { name: string; outcome: string; detail: string }[];
    tampered: { expected: string; noticed: string }[];
  };
};

/**
 * The answer sheet, found with nothing of the project: whole hundredths in a double are exact far beyond these figures, and no
 * cell of this file is quoted.
 */
function answerSheet() {
  const hundredths = (text: string) => Math.round(Number(text) * 100);
  const sums = new Map<string, number>();
  const rows = new Map<string, number>();
  const first = new Map<string, { customerId: string; transaction: string; row: number }>();
  const lines = readFileSync(BANK, "utf8").trim().split("\n").slice(1);
  for (const line of lines) {
    const [transaction = "", account = "", , amount = "", balance = ""] = line.split(",");
    sums.set(account, (sums.get(account) ?? 0) + hundredths(amount));
    rows.set(account, (rows.get(account) ?? 0) + 1);
    if (sums.get(account) !== hundredths(balance) && !first.has(account)) {
      first.set(account, { customerId: `acct_${account}`, transaction, row: rows.get(account)! });
    }
  }
  return { deltas: lines.length, customers: sums.size, divergences: [...first.values()] };
}

describe("the demo", function () {
  this.timeout(RUN_MS);
  const sheet = answerSheet();
  let dataDir: string;

  /** Runs it as `npm run demo` does, on free ports. */
  function run(...options: string[]) {
    const env = { ...process.env, TALLYROOT_DATA_DIR: dataDir, PORT: "0", TALLYROOT_CHAIN_PORT: "0" };
    const child = spawn(process.execPath, [DEMO, ...options], { env, stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const ended = once(child, "close").then(([code]) => ({ code: code as number | null, out, err }));
    return { child, ended, said: () => out };
  }

  async function summary(): Promise<Summary> {
    const { code, out, err } = await run("--json").ended;
    expect({ code, err }).to.deep.equal({ code: 0, err: "" });
    return JSON.parse(out);
  }

  before(() => {
    dataDir = mkdtempSync(join(tmpdir(), "demo-"));
  });

  after(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("interrupted in the middle ends in order, server and all", async () => {
    const { child, ended, said } = run();
    while (!said().includes("2. Recording") && child.exitCode === null) await pause();
    child.kill("SIGINT");
    const { code, err } = await ended;
    expect(code).to.equal(130);
    expect(err).to.match(/^demo: interrupted/);
    expect(existsSync(join(dataDir, "server.json")), "the server has taken its address away").to.equal(false);
  });

  let first: Summary;

  it("goes on from there, records and verifies every row, and finds what the bank's own figures say", async () => {
    first = await summary();
    expect(first).to.include({
      ok: true,
      customers: 591,
      deltas: 23_932,
      verified: 23_932,
      agreed: 168,
      diverged: 423,
    });
    expect(first.recorded + first.replayed).to.equal(23_932);
    expect({ customers: sheet.customers, deltas: sheet.deltas }).to.deep.equal({ customers: 591, deltas: 23_932 });
    const found = first.divergences.map(({ customerId, transaction, row }) => ({ customerId, transaction, row }));
    expect(found).to.have.deep.members(sheet.divergences);
  });

  it("proves a row in six steps, and has each of the tampered ones refused where it must be", () => {
    const { steps, tampered } = first.receipt;
    expect(steps.map(({ name, outcome }) => `${name} ${outcome}`)).to.deep.equal(
      ["shape", "content", "fingerprint", "ledger", "anchor", "chain"].map((name) => `${name} passed`),
    );
    expect(steps.at(-1)?.detail, "the contract's code was checked").to.match(/has the expected code/);
    expect(tampered.map(({ noticed }) => noticed)).to.deep.equal([
      "content",
      "fingerprint",
      "ledger",
      "anchor",
      "chain",
    ]);
  });

  // A whole run more: in the long run only.
  if (RUNS >= 10_000) {
    it("records nothing new the second time, and comes to the same result", async () => {
      const second = await summary();
      expect(second).to.include({ ok: true, recorded: 0, replayed: 23_932, verified: 23_932 });
      expect(second.anchors).to.deep.equal({ total: first.anchors.total, new: 0 });
      expect(second.divergences).to.deep.equal(first.divergences);
    });
  }
});

describe("the demo beside a server that runs already", function () {
  this.timeout(RUN_MS);
  let dataDir: string;
  let server: ChildProcess;
  let ended: Promise<unknown>;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "demo-"));
    env = { ...process.env, TALLYROOT_DATA_DIR: dataDir, PORT: "0", TALLYROOT_CHAIN_PORT: "0" };
    server = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "ignore", "inherit"] });
    ended = once(server, "close");
    while (!existsSync(join(dataDir, "server.json")) && server.exitCode === null) await pause();
  });

  after(async () => {
    server.kill("SIGTERM");
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("uses it, and refuses a ledger that holds other deltas before it sends anything", async () => {
    const { url } = JSON.parse(readFileSync(join(dataDir, "server.json"), "utf8"));
    const headers = {
      "X-Api-Key": readFileSync(join(dataDir, "api-key"), "utf8").trim(),
      "Content-Type": "application/json",
    };
    const body = JSON.stringify({ customerId: "acct_704", delta: "1", reason: "other" });
    const recorded = await fetch(`${url}/api/v1/balance/delta`, { method: "POST", headers, body });
    expect(recorded.status).to.equal(201);

    const child = spawn(process.execPath, [DEMO], { env, stdio: ["ignore", "pipe", "pipe"] });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const [code] = await once(child, "close");
    expect(code).to.equal(1);
    expect(err).to.match(/^demo: the ledger of acct_704 already holds other deltas/);

    const customers = await fetch(`${url}/api/v1/balance/customers`, { headers });
    expect(((await customers.json()) as { data: { pagination: { total: number } } }).data.pagination.total).to.equal(1);
  });
});
