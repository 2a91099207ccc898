import { execFile, execFileSync } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { build } from "esbuild";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { type Ground, startGround } from "./ground.ts";

const run = promisify(execFile);

/** Every Node of this machine: the one that runs the tests, and others that come earlier or later in the path. */
function runtimes(): string[] {
  const found = new Set([realpathSync(process.execPath)]);
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, "node");
    try {
      accessSync(file, constants.X_OK);
      found.add(realpathSync(file));
    } catch (error) {
      if (!["ENOENT", "EACCES", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return [...found];
}

describe("the client, bundled", () => {
  const folder = temporaryDirectory();
  const outfile = join(folder, "smoke.mjs");
  let ground: Ground;

  before(async () => {
    ground = await startGround();
    await build({
      entryPoints: [fileURLToPath(import.meta.resolve("#test/sdk/smoke-program.ts"))],
      bundle: true,
      format: "esm",
      // Whatever needs more than a browser has does not bundle.
      platform: "browser",
      target: "es2022",
      outfile,
      logLevel: "silent",
    });
  });
  after(async () => {
    await ground.stop();
    removeDirectory(folder);
  });

  for (const node of runtimes()) {
    const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
    it(`records, reads, verifies and compares without the project, trusting nothing, on Node ${version}`, async () => {
      const { apiKey, policy, server } = ground;
      const { stdout } = await run(node, [outfile, JSON.stringify({ apiKey, policy, baseUrl: server.url })]);
      expect(JSON.parse(stdout)).to.deep.include({
        shown: ["-42.5", "1", "2", "3"],
        verified: true,
        first: 2,
        code: "CUSTOMER_NOT_FOUND",
        computedBalanceExact: "-31.5",
      });
    });
  }
});
