import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { eventually } from "#test/http/call.ts";
import { removeDirectory, serverFile, temporaryDirectory } from "#test/http/server.ts";
import { placeOf, runHere, startCommand } from "./command.ts";

describe("tallyroot serve", () => {
  it("runs the server where its options say, whatever the other commands have in their environment", async () => {
    const dir = temporaryDirectory();
    const words = ["serve", "--data-dir", dir, "--port", "0", "--chain-port", "0"];
    const others = { TALLYROOT_URL: "https://elsewhere.example", TALLYROOT_API_KEY: "k", TALLYROOT_PROVER_KEY: "k" };
    const running = startCommand(words, {
      ...others,
      ...(await placeOf(dir)),
      PORT: "none",
      TALLYROOT_CONFIRMATIONS: "10000",
    });
    await eventually("its welcome", async () => running.output().includes("Tallyroot is running") || undefined);
    expect((await fetch(`${serverFile(dir).url}/healthz`)).status).to.equal(200);
    // Its chain has a block per anchor: ten thousand after one are more than a second brings.
    const late = await runHere(["emit", "a", "1", "why", "--data-dir", dir, "--wait", "--timeout", "1"]);
    expect(late.code).to.equal(4);
    expect(late.output).to.match(/^(?:QUEUED|PROCESSING) 1 for a: /);
    running.child.kill("SIGINT");
    const { code, output, errors } = await running.ended;
    expect({ code, errors }).to.deep.equal({ code: 0, errors: "" });
    expect(output).to.include("Stopping: interrupted");
    expect(existsSync(join(dir, "server.json"))).to.equal(false);
    removeDirectory(dir);
  });

  it("says in a sentence why it does not start, and ends with 1", async () => {
    const { code, errors } = await startCommand(["serve", "--port", "none"]).ended;
    expect({ code, errors }).to.deep.equal({
      code: 1,
      errors: "tallyroot: PORT must be a port number, 0 for a free one\n",
    });
  });
});

describe("tallyroot demo", () => {
  it("runs the demonstration, and ends as it does", async () => {
    const { code, errors } = await startCommand(["demo", "--json"], { PORT: "none", TALLYROOT_API_KEY: "k" }).ended;
    expect({ code, errors }).to.deep.equal({ code: 1, errors: "demo: PORT must be a port number, 0 for a free one\n" });
  });
});
