import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { artifactOf } from "./deployment.ts";

const packageFile = createRequire(import.meta.url).resolve("hardhat/package.json");
const root = join(import.meta.dirname, "../..");

describe("the contract under fuzzing", () => {
  it("holds every claim of test/contract/fuzz", async () => {
    // Built here first: two compilers at once would write the same artifacts.
    await artifactOf("AnchorLog");
    const cli = join(dirname(packageFile), "dist/src/cli.js");
    // A claim that fails makes this exit with 1, which rejects with everything that was printed.
    const { stdout } = await promisify(execFile)(process.execPath, [cli, "test", "solidity"], {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1" },
      timeout: 55_000,
    });
    expect(Number(/(\d+) passing/.exec(stdout)?.[1])).to.be.greaterThan(0);
    expect(stdout).not.to.match(/\d+ failing/);
  });
});
