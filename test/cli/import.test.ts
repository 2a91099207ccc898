import { appendFileSync, copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { eventually, type Members, read, send } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { runCommand, runHere, startCommand } from "./command.ts";

/** Files of other people's, recorded whole, once, whatever happens on the way. */

const BANK = fileURLToPath(new URL("../../scripts/demo/bank-transactions.csv", import.meta.url));
const REQUESTS = fileURLToPath(new URL("./import/llm-requests.csv", import.meta.url));

describe("tallyroot import", () => {
  const [dir, folder] = [temporaryDirectory(), temporaryDirectory()];
  const here = ["--data-dir", dir];
  let server: Server;
  let target: { url: string; key: string };

  before(async () => {
    server = await startServer(dir);
    target = { url: server.url, key: apiKeyOf(dir) };
  });
  after(async () => {
    await server.stop();
    for (const one of [dir, folder]) removeDirectory(one);
  });

  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const stateOf = (path: string) => JSON.parse(readFileSync(`${path}.import.json`, "utf8")) as Members;
  const progressOf = (path: string): Members => Object.values(stateOf(path).targets as Members)[0] as Members;
  const derive = (customerId: string) => read(target, `/balance/derive/${customerId}?limit=1000`);
  const imported = async (path: string, ...words: string[]): Promise<Members> => {
    const { code, output, errors } = await runHere(["import", path, ...words, ...here, "--json"]);
    expect(errors).to.equal("");
    return { code, ...JSON.parse(output) };
  };
  const lines = (count: number, customerId: string, first = 1) =>
    Array.from(
      { length: count },
      (_, i) => `${JSON.stringify({ customerId, delta: first + i, reason: "usage" })}\n`,
    ).join("");

  it("records a bank's file row for row in its order, once however often, and compare finds where the bank errs", async () => {
    const path = join(folder, "bank.csv");
    // The first accounts of the file are enough here: the whole takes a while on a busy machine.
    const rows = readFileSync(BANK, "utf8").split("\n").slice(0, 3001);
    writeFileSync(path, `${rows.join("\n")}\n`);
    const words = ["--map", "customerId=account", "--map", "delta=amount", "--map", "reason=operation"];
    const whole = [...words, "--set", "reason=transaction", "--map", "referenceId=transaction"];
    const first = await runCommand("import", path, ...whole, ...here);
    expect(first).to.include({ code: 0, errors: "" });
    expect(first.output).to.match(/3,000 rows sent, .*\n {2}recorded 3,000, on record before 0, refused 0\n$/);
    expect(await imported(path, ...whole)).to.include({ code: 0, rows: 0, total: 3000, recorded: 3000 });
    rmSync(`${path}.import.json`);
    expect(await imported(path, ...whole)).to.include({ code: 0, rows: 3000, recorded: 0, replayed: 3000 });
    const mine = rows
      .slice(1)
      .map((row) => row.split(","))
      .filter(([, account]) => account === "2378");
    const { deltas } = await derive("2378");
    expect(deltas.map(({ deltaExact, referenceId }: Members) => `${referenceId} ${Number(deltaExact)}`)).to.deep.equal(
      mine.map(([transaction, , , amount]) => `${transaction} ${Number(amount)}`),
    );
    const columns = ["--map", "customerId=account", "--map", "delta=amount", "--map", "balance=balance"];
    const compared = JSON.parse((await runHere(["compare", path, ...columns, ...here, "--json"])).output) as Members;
    const found = (compared.customers as Members[]).find(({ customerId }) => customerId === "2378")!;
    expect(found.divergence).to.include({ sequence: firstError(mine), kind: "DIFFERENT_BALANCE" });
  });

  /** By the sum of the bank's own amounts, in cents. */
  function firstError(rows: readonly string[][]): number {
    let sum = 0;
    return (
      1 +
      rows.findIndex(([, , , amount, balance]) => {
        sum += Math.round(Number(amount) * 100);
        return sum !== Math.round(Number(balance) * 100);
      })
    );
  }

  it("takes a file without customers or reasons by what is said for all rows, with columns as metadata", async () => {
    const path = join(folder, "requests.csv");
    copyFileSync(REQUESTS, path);
    const words = ["--set", "customerId=llm", "--set", "reason=generated tokens", "--map", "delta=GeneratedTokens"];
    const { code, recorded } = await imported(path, ...words, "--map", "metadata.context=ContextTokens");
    expect({ code, recorded }).to.deep.equal({ code: 0, recorded: 400 });
    const tokens = readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((row) => Number(row.split(",")[2]));
    const { computedBalance, deltas } = await derive("llm");
    expect(computedBalance).to.equal(tokens.reduce((sum, count) => sum + count, 0));
    expect(deltas[0]).to.deep.include({ delta: 44, reason: "generated tokens", metadata: { context: "374" } });
  });

  it("goes on where a killed one stopped: nothing is missing and nothing doubled", async () => {
    const path = file("killed.ndjson", lines(12_000, "killed"));
    const running = startCommand(["import", path, ...here]);
    await eventually("a chunk", async () => (existsSync(`${path}.import.json`) ? true : undefined));
    running.child.kill("SIGKILL");
    await running.ended;
    const before = progressOf(path);
    expect(before.row).to.be.within(1, 11_999);
    const after = await imported(path);
    expect(after).to.include({ code: 0, rows: 12_000 - before.row, total: 12_000, refused: 0 });
    expect(after.recorded + after.replayed).to.equal(12_000);
    expect(await derive("killed")).to.include({ deltasCount: 12_000, computedBalance: (12_000 * 12_001) / 2 });
  });

  it("keeps every digit of an NDJSON line, with and without a mapping, and the keys that lines bring", async () => {
    const digits = "0.123456789012345678";
    const plain = file(
      "plain.ndjson",
      `{"customerId":"digits","delta":${digits},"reason":"r"}\n\n {"customerId":"digits","delta":1,"reason":"r","idempotencyKey":"own"} \n`,
    );
    expect(await imported(plain)).to.include({ recorded: 2 });
    const mapped = file(
      "mapped.ndjson",
      `{"who":"digits","what":-${digits},"why":"r"}\n{"who":"digits","what":2,"why":"r"}`,
    );
    const words = ["--map", "customerId=who", "--map", "delta=what", "--map", "reason=why"];
    expect(await imported(mapped, ...words)).to.include({ recorded: 2 });
    expect((await derive("digits")).deltas.map(({ deltaExact }: Members) => deltaExact)).to.deep.equal([
      digits,
      "1",
      `-${digits}`,
      "2",
    ]);
    const again = await send(target.url, {
      path: "/api/v1/balance/delta/batch",
      key: target.key,
      body: { deltas: [{ customerId: "digits", delta: 1, reason: "r", idempotencyKey: "own" }] },
    });
    expect(again.text).to.include('"idempotent":true');
  });

  it("names the rows that the server refuses, records the others, and ends with 10", async () => {
    const path = file("some.csv", "customerId,delta,reason\nsome,1,r\nsome,0,r\nsome,x,r\n\nsome,2,r\n");
    const { code, output } = await runCommand("import", path, ...here);
    expect(code).to.equal(10);
    expect(output).to.match(
      /recorded 2, .* refused 2\n {2}row 2: VALIDATION_ERROR: .*zero\n {2}row 3: VALIDATION_ERROR/,
    );
    expect(await derive("some")).to.include({ deltasCount: 2, computedBalance: 3 });
  });

  it("records what a file has grown by, and refuses one that was changed", async () => {
    const path = file("grown.ndjson", lines(3, "grown"));
    expect(await imported(path)).to.include({ recorded: 3 });
    appendFileSync(path, lines(2, "grown", 10));
    expect(await imported(path)).to.include({ rows: 2, recorded: 5, replayed: 0 });
    expect(await derive("grown")).to.include({ deltasCount: 5, computedBalance: 27 });
    writeFileSync(path, lines(5, "grown", 2));
    const { code, errors } = await runHere(["import", path, ...here]);
    expect(code).to.equal(2);
    expect(errors).to.include("has changed since it was imported first");
    expect(await derive("grown")).to.include({ deltasCount: 5 });
  });

  it("takes a row that was not whole yet only once it is", async () => {
    const [first, second] = [lines(1, "torn"), lines(1, "torn", 2)];
    const path = file("torn.ndjson", first + second.slice(0, 20));
    const cut = await runHere(["import", path, ...here]);
    expect(cut.code).to.equal(10);
    expect(cut.errors).to.include("the last line of").and.include("is not finished");
    expect(progressOf(path)).to.include({ row: 1, recorded: 1 });
    appendFileSync(path, second.slice(20));
    expect(await imported(path)).to.include({ code: 0, recorded: 2 });
    expect(await derive("torn")).to.include({ deltasCount: 2, computedBalance: 3 });

    const csv = file("torn.csv", "customerId,delta,reason\ntorn,1,two w");
    expect(await imported(csv)).to.include({ code: 0, recorded: 1 });
    appendFileSync(csv, "ords\ntorn,1,r\n");
    const { code, errors } = await runHere(["import", csv, ...here]);
    expect(code).to.equal(2);
    expect(errors).to.include("has grown since it was recorded");
  });

  const WRONG: readonly (readonly [what: string, text: string, words: readonly string[], why: RegExp])[] = [
    ["an empty file", "", [], /is empty/],
    ["a column that is not there", "a,b\n1,2\n", ["--map", "delta=c"], /no such column; the file has a, b/],
    ["a member that nothing gives", "customerId,delta\na,1\n", [], /nothing gives reason: say --map reason=COLUMN/],
    ["two columns of one name", "a,a\n1,2\n", [], /two columns a/],
    ["a row with too many cells", "customerId,delta,reason\na,1,r,x\n", [], /is no CSV/],
    [
      "a line that is no object",
      '{"who":"a"}\n[1]\n',
      ["--map", "customerId=who", "--set", "delta=1", "--set", "reason=r"],
      /no JSON object/,
    ],
  ];
  it("refuses a file that it cannot read, and says why in one line", async () => {
    for (const [what, text, words, why] of WRONG) {
      const { code, output, errors } = await runHere(["import", file("wrong", text), ...words, ...here]);
      rmSync(join(folder, "wrong.import.json"), { force: true });
      expect({ code, output }, what).to.deep.equal({ code: 2, output: "" });
      expect(errors, what)
        .to.match(why)
        .and.match(/^[^\n]+\n$/);
    }
  });
});
