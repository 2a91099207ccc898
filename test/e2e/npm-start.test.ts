import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { removeDirectory, serverFile, temporaryDirectory } from "#test/http/server.ts";
import { databaseOf } from "#test/run/engine.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

describe("npm start", () => {
  it("leads to a server that answers, prints a curl line that works when pasted, and ends cleanly", async () => {
    const dir = temporaryDirectory();
    const url = await databaseOf(dir);
    const env = {
      ...process.env,
      PORT: "0",
      TALLYROOT_CHAIN_PORT: "0",
      TALLYROOT_DATA_DIR: dir,
      ...(url !== undefined && { TALLYROOT_DATABASE_URL: url }),
    };
    // A group of its own: Ctrl-C in a terminal reaches npm and the server at once.
    const child = spawn("npm", ["start"], { cwd: ROOT, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
    });
    try {
      for (let i = 0; !output.includes("See its ledger"); i++) {
        expect(i, `it is up in time:\n${output}`).to.be.lessThan(600);
        await sleep(100);
      }
      const curl = /curl .*\\\n(?:.*\\\n)*.*\n/.exec(output)?.[0];
      const pasted = spawn("bash", ["-c", `${curl}`], { stdio: ["ignore", "pipe", "ignore"] });
      const answer = (await pasted.stdout.toArray()).join("");
      expect(JSON.parse(answer)).to.have.nested.property("data.balance", 500);
      expect(output).to.include(serverFile(dir).url);
    } finally {
      process.kill(-child.pid!, "SIGINT");
    }
    await once(child, "close");
    expect(existsSync(join(dir, "server.json")), "server.json is taken away").to.equal(false);
    removeDirectory(dir);
  }).timeout(90_000);
});
