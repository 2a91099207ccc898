import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { COMMANDS } from "#src/cli/commands.ts";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { runCommand, runHere, startCommand } from "./command.ts";

/** What all commands have in common: how they refuse, explain themselves, and end. */

const BINARY = fileURLToPath(import.meta.resolve("#src/cli/tallyroot.ts"));

const said = (...words: string[]) => runHere(words);

const NAMES = COMMANDS.map(({ command }) => String(command).split(" ", 1)[0]!);

describe("tallyroot", () => {
  const WRONG: readonly (readonly [words: string, why: RegExp])[] = [
    ["", /^tallyroot: say what to do\. /],
    ["emitt", /Did you mean emit\. /],
    ["frobnicate", /Unknown/],
    ["emit cust_001", /got 1, need at least 3/],
    ["emit a 1 why extra", /Unknown argument: extra/],
    ["emit a 1 why --metadata [1]", /--metadata takes a JSON object/],
    ["emit a 1 why --wait --timeout soon", /--timeout takes whole seconds/],
    ["derive", /need at least 1/],
    ["derive a --granularity year", /Invalid values/],
    ["customers --limit", /limit/],
    ["customers --url u --url v", /--url is given more than once/],
    ["customers --url ftp://a --key-file /dev/null", /is not an http or https URL/],
    ["customers --no-json", /Unknown argument: no-json/],
    ["checkpoint a b", /Unknown argument: b/],
    ["compare", /need at least 1/],
    ["compare nowhere.csv", /nowhere\.csv is not there/],
    ["keys", /say what to do with keys/],
    ["keys destroy", /Unknown|Did you mean/],
    ["keys constructor", /Unknown/],
    ["keys create", /Missing required argument: scope/],
    ["keys create --scope all", /Invalid values/],
    ["keys list --scope read", /Unknown argument: scope/],
    ["keys rotate", /need at least 1/],
    ["keys rotate id --overlap day", /--overlap takes whole seconds/],
    ["keys revoke one two", /Unknown argument: two/],
    ["tenants create", /need at least 1/],
    ["tenants list acme", /Unknown argument: acme/],
    ["import", /need at least 1/],
    ["import nowhere.csv", /nowhere\.csv is not there/],
    ["import package.json --map delta", /write it as member=value/],
    ["import package.json --set colour=red", /there is no member colour/],
    ["import package.json --master-key-file k", /is for a bundle/],
    ["import src --map a=b", /--map is for a file of deltas/],
    ["import src", /say with --data-dir/],
    ["export", /Missing required argument: out/],
    ["migrate", /say with --to which database/],
    ["migrate --to postgresql://h/d --rpc nowhere", /--rpc takes an http or https URL/],
    ["verify", /name one file/],
    ["verify a b", /Unknown argument: b/],
    ["verify a --colour", /Unknown argument: colour/],
    ["verify a --policy", /Not enough arguments following: policy/],
    ["policy", /name one URL or receipt file/],
    ["audit a b", /Unknown argument: b/],
    ["audit a --data-dir b", /one thing is audited at a time/],
    ["audit --watch never", /--watch takes a whole number/],
    ["prove", /name the files/],
    ["deploy", /Missing required argument: rpc/],
    ["deploy --rpc nowhere", /--rpc takes an http or https URL/],
    ["deploy --rpc http://127.0.0.1:1", /say who pays/],
    ["webhooks", /say what to do with webhooks/],
    ["webhooks listen", /say --register/],
    ["webhooks listen --port 99999", /--port takes a whole number/],
    ["doctor --rpc nowhere", /is not an http or https URL/],
    ["serve now", /Unknown argument: now/],
    ["dashboard now", /Unknown argument: now/],
    ["dashboard --hours 0", /--hours takes a whole number, 1 to 24/],
    ["dashboard --hours 25", /--hours takes a whole number, 1 to 24/],
    ["dashboard --hours 1.5", /--hours takes a whole number, 1 to 24/],
    ["demo --fast", /Unknown argument: fast/],
  ];
  it("refuses what cannot be meant with 2 and one line that leads to the help", async () => {
    for (const [line, why] of WRONG) {
      const words = line.split(" ").filter((word) => word !== "");
      const { code, output, errors } = await said(...words);
      expect({ code, output }, line).to.deep.equal({ code: 2, output: "" });
      expect(errors, line)
        .to.match(why)
        .and.match(/^tallyroot[^\n]*\. See: tallyroot [a-z ]*--help\n$/);
    }
  });

  it("explains every command with its examples and exit codes", async () => {
    const groups = { keys: "create", tenants: "create", webhooks: "listen" } as Record<string, string>;
    for (const name of NAMES) {
      const { code, output } = await said(name, ...(groups[name] ? [groups[name]] : []), "--help");
      expect(code, name).to.equal(0);
      expect(output, name)
        .to.match(/examples:|\n {2}tallyroot /i)
        .and.match(/exit codes:/i);
      expect(output, name).to.include(`tallyroot ${name}`).and.not.include("npm run");
    }
    expect((await said("--help")).output)
      .to.match(/tallyroot serve .*\n/)
      .and.include("tallyroot completion");
    expect((await said("--version")).output).to.equal("9.9.9\n");
  });

  it("completes commands, and the options of each", async () => {
    const script = await runCommand("completion");
    expect(script).to.include({ code: 0 }).with.property("output").that.includes("--get-yargs-completions");
    const commands = await said("--get-yargs-completions", "tallyroot", "");
    expect(commands.output.split("\n").map((line) => line.split(":")[0])).to.include.members(NAMES);
    for (const [name, option] of [
      ["import", "--map"],
      ["verify", "--policy"],
      ["prove", "--dry-run"],
    ] as const)
      expect((await said("--get-yargs-completions", "tallyroot", name, "--")).output).to.include(option);
  });

  it("says in one line that no server is there, and ends with 3", async () => {
    const empty = temporaryDirectory();
    for (const words of [["customers"], ["emit", "a", "1", "why"], ["import", "scripts/demo/bank-transactions.csv"]]) {
      const nowhere = await said(...words, "--data-dir", empty);
      expect(nowhere, words[0]).to.include({ code: 3, output: "" });
      expect(nowhere.errors).to.match(/^tallyroot \w+: .*server\.json cannot be read \(ENOENT\): [^\n]*\n$/);
    }
    const key = { TALLYROOT_API_KEY: "k" };
    const closed = await startCommand(["customers", "--url", "http://127.0.0.1:2"], key).ended;
    expect(closed).to.include({ code: 3, output: "" });
    expect(closed.errors).to.match(/^tallyroot customers: http:\/\/127\.0\.0\.1:2 does not answer: ECONNREFUSED\n$/);
    removeDirectory(empty);
  });

  it("ends with 141 when nobody reads its output, and with 1 when it cannot be written", async () => {
    const child = spawn(process.execPath, [BINARY, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    expect(await once(child, "close")).to.deep.equal([141, null]);
    const full = openSync("/dev/full", "w");
    expect(spawnSync(process.execPath, [BINARY, "--help"], { stdio: ["ignore", full, "ignore"] }).status).to.equal(1);
  });

  it("ends with 130 on Ctrl-C, without a word", async () => {
    const silent = createServer(() => running.child.kill("SIGINT")).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const words = ["customers", "--url", `http://127.0.0.1:${port}`];
    const running = startCommand(words, { TALLYROOT_API_KEY: "k" });
    expect(await running.ended).to.deep.equal({ code: 130, output: "", errors: "" });
    silent.closeAllConnections();
    silent.close();
  });
});
