import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { build } from "esbuild";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { runtimes } from "#test/package/runtimes.ts";
import { bundleSize } from "./bundle-size.ts";
import { type Ground, startGround } from "./ground.ts";

const run = promisify(execFile);

/** Bytes that the client may cost a page, minified and compressed: what is loaded at first, and with all that verifies. */
const MOST_AT_FIRST = 12 * 1024;
const MOST_BYTES = 60 * 1024;

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

  it(`has at most ${MOST_AT_FIRST} bytes to record and read, and ${MOST_BYTES} with verification, minified and compressed`, async () => {
    const { atFirst, all } = await bundleSize(fileURLToPath(import.meta.resolve("#src/sdk/tallyroot.ts")));
    expect(atFirst).to.be.within(1_000, MOST_AT_FIRST);
    expect(all).to.be.within(atFirst, MOST_BYTES);
  });

  for (const { node, version } of runtimes()) {
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
