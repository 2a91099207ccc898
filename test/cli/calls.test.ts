import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { eventually, type Members, read, record } from "#test/http/call.ts";
import { apiKeyOf, removeDirectory, type Server, startServer, temporaryDirectory } from "#test/http/server.ts";
import { databaseOf } from "#test/run/engine.ts";
import { type CommandEnd, placeOf, runCommand, runHere, startCommand } from "./command.ts";

/** The commands that call a server, beside a real one; each once as a process of its own. */

describe("the commands beside a server", () => {
  const dir = temporaryDirectory();
  const here = ["--data-dir", dir];
  let server: Server;
  let target: { url: string; key: string };

  before(async () => {
    server = await startServer(dir, { TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true" });
    target = { url: server.url, key: apiKeyOf(dir) };
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const at = (...words: string[]) => runHere([...words, ...here]);
  const json = async (...words: string[]): Promise<Members & { code: number }> => {
    const { code, output, errors } = await at(...words, "--json");
    expect(errors).to.equal("");
    return { code, ...JSON.parse(output) };
  };

  it("emit records the digits that were typed, once per key, and waits for the chain", async () => {
    const words = ["emit", "cust_001", "-42.500000000000000001", "usage", "--idempotency-key", "k"];
    const more = ["--reference-id", "inv-7", "--metadata", '{"seat":7}', "--wait"];
    const made = await json(...words, ...more);
    expect(made).to.deep.include({ code: 0, deltaExact: "-42.500000000000000001", status: "VERIFIED", sequence: 1 });
    expect(made).to.deep.include({ referenceId: "inv-7", metadata: { seat: 7 } });
    const again = await at(...words, ...more.slice(0, 4));
    expect(again.output).to.match(/^\w+ -42\.500000000000000001 .*after delta 1 \(recorded before under this key\)\n/);
    const refused = await at("emit", "cust_001", "0", "usage");
    expect(refused).to.include({ code: 1, output: "" });
    expect(refused.errors).to.match(/^tallyroot emit: VALIDATION_ERROR: .*must not be zero\n$/);
  });

  it("derive and customers show what is on record, and nothing of a reason that draws over the terminal", async () => {
    await record(target, { customerId: "shown", delta: 5, reason: "a\u001b[2Jb" });
    const derived = await runCommand("derive", "shown", "--granularity", "day", ...here);
    expect(derived.output)
      .to.match(/^shown: 5 after 1 deltas/)
      .and.include("a [2Jb")
      .and.not.include("\u001b");
    expect(await json("derive", "shown")).to.include({ code: 0, computedBalanceExact: "5", deltasCount: 1 });
    expect((await json("customers", "--search", "show")).customers).to.have.length(1);
    expect((await runCommand("customers", "shown", ...here)).output).to.match(/^shown: 5 after 1 deltas\nledger 0x/);
    const unknown = await at("derive", "nobody");
    expect([unknown.code, unknown.errors.split(":")[1]]).to.deep.equal([1, " CUSTOMER_NOT_FOUND"]);
  });

  it("checkpoint makes the statement of a month, and lists it", async () => {
    await record(target, { customerId: "billed", delta: -8, reason: "usage" });
    const made = await json("checkpoint", "billed", "--wait");
    expect(made).to.include({ code: 0, status: "VERIFIED", customerId: "billed", netChangeExact: "-8" });
    const listed = await runCommand("checkpoint", "billed", "--list", ...here);
    expect(listed.output).to.match(new RegExp(`billed .*VERIFIED .*${made.proofRoot}\n`));
    expect((await json("checkpoint")).customersCount).to.be.greaterThan(1);
  });

  it("compare finds the first delta on which two files and the record part", async () => {
    for (const delta of ["10", "-2.5", "4"]) await record(target, { customerId: "both", delta, reason: "r" });
    const mine = file("mine.csv", "sequence,delta,balance\n1,10,10\n2,-2.5,7.5\n3,4,11.5\n");
    const theirs = file("theirs.csv", "n,what,stand\n1,10,10\n2,-3,7\n3,4,11\n");
    const agreed = await runCommand("compare", mine, "--customer", "both", ...here);
    expect(agreed).to.deep.equal({ code: 0, output: "1 customer agreed, 0 differ\n", errors: "" });
    const own = file("own.ndjson", '{"n":1,"what":10}\n{"n":2,"what":-3}\n{"n":3,"what":4.0}\n');
    for (const other of [theirs, own]) {
      const columns = ["--map", "sequence=n", "--map", "delta=what"];
      const differing = await json("compare", other, ...columns, "--customer", "both");
      expect(differing).to.include({ code: 10, agreed: 0, differing: 1 });
      expect(differing.customers[0].divergence).to.include({
        sequence: 2,
        kind: "DIFFERENT_AMOUNT",
        amountExact: "-0.5",
      });
    }
    const many = file("many.csv", "customerId,delta\nboth,10\nnobody,1\nboth,-2.5\nboth,4\n");
    const several = await at("compare", many);
    expect(several.code).to.equal(10);
    expect(several.output)
      .to.match(/^1 customer agreed, 1 differ\n/)
      .and.match(/nobody +- +CUSTOMER_NOT_FOUND/);
    const [yours, not] = [
      file("y.csv", "customerId,delta\nboth,10\nboth,-2.5\nboth,4\n"),
      "both,9\nboth,-2.5\nboth,4\n",
    ];
    const three = await json("compare", yours, file("z.csv", `customerId,delta\n${not}`));
    expect(three.customers[0].divergence).to.include({ sequence: 1, party: "theirs" });
  });

  it("doctor finds nothing wrong here, and a key that others can read, a wrong setting and another chain", async () => {
    const well = await runHere(["doctor", "--json", ...here], await placeOf(dir));
    const { checks } = JSON.parse(well.output) as { checks: Members[] };
    expect(checks.map(({ outcome }) => outcome)).to.deep.equal(Array(7).fill("ok"));
    expect(well).to.include({ code: 0, errors: "" });
    const from = ["--url", server.url];
    const elsewhere = await runCommand("doctor", ...from, "--rpc", "http://127.0.0.1:2");
    expect(elsewhere.code).to.equal(10);
    expect(elsewhere.output).to.match(/ok {3}server .*\nok {3}clock .*\nFAIL chain .*ECONNREFUSED\n- {4}contract/);
    const wrong = temporaryDirectory();
    writeFileSync(join(wrong, "master-key"), "0x", { mode: 0o644 });
    writeFileSync(join(wrong, "tallyroot.db"), "not a database, but long enough to be taken for one".repeat(9), {
      mode: 0o600,
    });
    const ill = await runHere(["doctor", "--data-dir", wrong], { PORT: "http", TALLYROOT_API_KEY: "k" });
    expect(ill.code).to.equal(10);
    expect(ill.output)
      .to.match(/FAIL settings +PORT must be a port number, 0 for a free one\n/)
      .and.match(/FAIL data .*master-key/)
      .and.match(/FAIL database .*not a database/)
      .and.match(/- {4}server +is not running/);
    removeDirectory(wrong);
  });

  it("audit finds the record of the running server clean, and compares it with the chain", async () => {
    const database = await databaseOf(dir);
    const words = database === undefined ? [dir] : [database, "--master-key-file", join(dir, "master-key")];
    const { code, output } = await runCommand("audit", ...words, "--rpc", server.rpcUrl, "--json");
    expect({ code, chain: JSON.parse(output).chain.outcome }).to.deep.equal({ code: 0, chain: "asked" });
    const nothing = await runCommand("audit", `${dir}/nothing`);
    expect(nothing).to.include({ code: 2, output: "" });
    expect(nothing.errors).to.match(/^tallyroot audit: [^\n]*is no data directory[^\n]*\n$/);
  });

  it("deploy finds the contract of the embedded chain, makes another where it is told to, and shows no key", async () => {
    const { codeHash } = await read(target, "/chain");
    // The embedded chain's own development accounts have ether; this one is Hardhat's fourth.
    const digits = "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6";
    const key = file("deployer", `0x${digits}\n`);
    const words = ["deploy", "--rpc", server.rpcUrl, "--key-file", key, "--json"];
    for (const [more, outcome] of [
      [[], "there"],
      [["--plain"], "deployed"],
    ] as const) {
      const { code, output, errors } = await runCommand(...words, ...more);
      expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
      expect(output).not.to.include(digits);
      const deployed = JSON.parse(output);
      // A chain on somebody's machine gets no record in the tree.
      expect(deployed).to.include({ chainId: 31337, codeHash, outcome, record: null });
      expect(deployed.contract === server.contract).to.equal(outcome === "there");
    }
    const dead = await runHere(["deploy", "--rpc", "http://127.0.0.1:2", "--key-file", key]);
    expect([dead.code, dead.output]).to.deep.equal([3, ""]);
  });

  it("webhooks listen shows genuine deliveries, knows others, and removes what it registered", async () => {
    const words = ["webhooks", "listen", "--register", "--events", "delta.verified", "--json", ...here];
    const listening = startCommand(words);
    const said = await eventually("registered", async () => /http\S+(?=, registered)/.exec(listening.errors())?.[0]);
    expect((await read(target, "/webhooks")).webhooks).to.have.length(1);
    const { receiptId } = await record(target, { customerId: "heard", delta: 1, reason: "r" });
    await eventually("the delivery", async () => listening.output().includes(receiptId) || undefined);
    const forged = await fetch(said, { method: "POST", body: "{}" });
    expect(forged.status).to.equal(400);
    listening.child.kill("SIGINT");
    const { code, output } = await listening.ended;
    const deliveries = output
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Members);
    expect(deliveries.at(-1)).to.include({ failure: "SIGNATURE_MISSING", id: null });
    expect(deliveries.find(({ data }) => data?.receiptId === receiptId)).to.include({
      failure: null,
      event: "delta.verified",
    });
    expect(code).to.equal(130);
    expect((await read(target, "/webhooks")).webhooks).to.have.length(0);
  });

  it("the key of the caller is on no command line and in no output", async () => {
    const secret = apiKeyOf(dir).split(".")[1]!;
    const ends: CommandEnd[] = [await at("customers"), await at("keys", "list", "--json")];
    for (const { output, errors } of ends) expect(output + errors).not.to.include(secret);
    const waiting = startCommand(["emit", "titled", "1", "why", "--wait", ...here]);
    const line = await eventually("its command line", async () => {
      const text = readFileSync(`/proc/${waiting.child.pid}/cmdline`, "utf8");
      return text.includes("emit") ? text : undefined;
    });
    expect(line).not.to.include(secret);
    expect((await waiting.ended).code).to.equal(0);
  });
});
