import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { bundleSize } from "#test/sdk/bundle-size.ts";
import { environmentOf, type Runtime, runtimes } from "./runtimes.ts";
import { pack, ROOT, type Tarball, unpack } from "./tarball.ts";

/** What may be in it. */
const WANTED: readonly RegExp[] = [
  /^(?:CHANGELOG\.md|LICENSE|README\.md|package\.json|scripts\/verify\.py)$/,
  /^artifacts\/contracts\/(?:AnchorLog|IAnchorLog|LeafFormat)\.sol\/\w+\.json$/,
  /^contracts\/\w+\.sol$/,
  /^contracts\/deployments\/(?:AnchorLog\.(?:metadata|standard-input)|\d+)\.json$/,
  /^dist\/dashboard\/.+$/,
  /^dist\/demo\/(?:ATTRIBUTION\.md|bank-transactions\.csv)$/,
  /^dist\/http\/docs\/(?:page\.html|start\.js)$/,
  /^dist\/(?!dashboard\/|.*\/dashboard\/).+\.js$/,
  /^dist\/(?:commonjs\/)?(?:chain|core|sdk|wire|witness)\/.+\.d\.ts$/,
  /^dist\/(?:commonjs\/)?(?:contracts|core)\.d\.ts$/,
  /^dist\/commonjs\/package\.json$/,
  /^src\/.+\.md$/,
];

/** What must be. */
const NEEDED = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "artifacts/contracts/AnchorLog.sol/AnchorLog.json",
  "contracts/AnchorLog.sol",
  "contracts/IAnchorLog.sol",
  "contracts/LeafFormat.sol",
  "contracts/deployments/AnchorLog.metadata.json",
  "contracts/deployments/AnchorLog.standard-input.json",
  "dist/chain/embedded/worker.js",
  "dist/cli/tallyroot.js",
  "dist/commonjs/sdk/tallyroot.d.ts",
  "dist/commonjs/sdk/tallyroot.js",
  "dist/demo/bank-transactions.csv",
  "dist/http/docs/page.html",
  "dist/jobs/checkpoint-job.js",
  "dist/main.js",
  "dist/sdk/tallyroot.d.ts",
  "dist/sdk/tallyroot.js",
  "dist/storage/sqlite/recording-job.js",
  "scripts/verify.py",
  "src/core/FORMAT.md",
];

/** Some of what each entry hands out. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  tallyroot: ["Tallyroot", "TallyrootApiError", "units", "verifyWebhook"],
  "tallyroot/sdk": ["Tallyroot", "TallyrootVerificationError"],
  "tallyroot/verify": ["verifyReceipt", "verifying"],
  "tallyroot/core": ["verifyFile", "deltaFingerprint", "STEP_FAILURES"],
  "tallyroot/contracts": ["anchorLogAbi", "anchorLogAddress", "anchorLogBytecode", "anchorLogCodeHash"],
};
const GOLDEN = join(ROOT, "test", "golden", "1", "delta-open.json");

type End = { code: number; output: string; errors: string };

describe("the package", () => {
  const folder = mkdtempSync(join(tmpdir(), "tallyroot-package-"));
  /** A project with the package alone, and one with the packages that it asks for. */
  const bare = join(folder, "bare");
  const whole = join(folder, "whole");
  let tarball: Tarball;

  before(async function () {
    // Where the sources are newer than what was built, this builds it.
    this.timeout(240_000);
    tarball = await pack(folder);
    unpack(tarball, bare);
    const unpacked = unpack(tarball, whole);
    symlinkSync(join(ROOT, "node_modules"), join(unpacked, "node_modules"));
  });
  after(() => rmSync(folder, { recursive: true }));

  async function run({ node }: Pick<Runtime, "node">, cwd: string, ...args: string[]): Promise<End> {
    try {
      const { stdout, stderr } = await promisify(execFile)(node, args, { cwd, env: environmentOf({ node }) });
      return { code: 0, output: stdout, errors: stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, output: stdout, errors: stderr };
    }
  }

  it("holds what a consumer needs, and nothing else", () => {
    expect(tarball.files.filter((file) => !WANTED.some((pattern) => pattern.test(file)))).to.deep.equal([]);
    expect(tarball.files).to.include.members(NEEDED);
    if (existsSync(join(ROOT, "scripts", "build-dashboard.mjs")))
      expect(tarball.files).to.include("dist/dashboard/index.html");
  });

  it("names only files that it holds, and forces no Node and no chain on anybody", () => {
    const manifest = JSON.parse(readFileSync(join(bare, "node_modules", "tallyroot", "package.json"), "utf8"));
    const named = [
      ...JSON.stringify([manifest.exports, manifest.bin, manifest.main]).matchAll(/"\.?\/?([^"*]+\.\w+)"/g),
    ]
      .map(([, path]) => path!)
      .filter((path) => /^(?:dist|package\.json)/.test(path));
    expect(named).to.have.length.greaterThan(15);
    for (const path of named) expect(tarball.files).to.include(path);
    for (const name of ["node", "hardhat", "solc", "@openzeppelin/contracts"])
      expect(manifest.dependencies).not.to.have.property(name);
    for (const name of Object.keys(manifest.peerDependencies))
      expect(manifest.peerDependenciesMeta[name]).to.deep.equal({ optional: true });
  });

  for (const runtime of runtimes()) {
    describe(`on Node ${runtime.version}`, () => {
      const namesOf = async (cwd: string, load: (entry: string) => string) => {
        const list = Object.keys(ENTRIES).map((entry) => `Object.keys(${load(entry)})`);
        const program = `process.stdout.write(JSON.stringify([${list.join(", ")}]))`;
        const type = load("").startsWith("await") ? "module" : "commonjs";
        const { output, errors } = await run(runtime, cwd, `--input-type=${type}`, "-e", program);
        expect(errors).to.equal("");
        return JSON.parse(output) as string[][];
      };

      it("is imported and required, and both hand out the same names", async () => {
        const imported = await namesOf(whole, (entry) => `await import("${entry}")`);
        // What a module is in CommonJS needs none of the packages.
        const required = await namesOf(bare, (entry) => `require("${entry}")`);
        for (const [i, [entry, names]] of Object.entries(ENTRIES).entries()) {
          expect(imported[i], entry).to.include.members([...names]);
          expect(required[i]!.sort(), entry).to.deep.equal(imported[i]!.sort());
        }
      });

      it("records and reads without any other package, and its errors are one class through both entries", async () => {
        const program = `
          const { Tallyroot } = await import("tallyroot");
          const { TallyrootConnectionError } = await import("tallyroot/sdk");
          const client = new Tallyroot({ baseUrl: "http://127.0.0.1:1", maxRetries: 0 });
          const error = await client.balance.emit({ customerId: "a", delta: 1, reason: "b" }).catch((error) => error);
          process.stdout.write(String(error instanceof TallyrootConnectionError));`;
        const { output, errors } = await run(runtime, bare, "--input-type=module", "-e", program);
        expect([output, errors]).to.deep.equal(["true", ""]);
      });

      it("has a command line that verifies a receipt", async () => {
        const cli = join(whole, "node_modules", "tallyroot", "dist", "cli", "tallyroot.js");
        const help = await run(runtime, whole, cli, "--help");
        expect(help).to.include({ code: 0, errors: "" });
        expect(help.output).to.include("tallyroot serve");
        const verified = await run(runtime, whole, cli, "verify", GOLDEN);
        expect(verified.code).to.equal(4);
        expect(verified.output).to.match(/^ok {3}5 anchor/m);
      });

      if (!runtime.serves)
        it("says in one line that the server needs a newer one", async () => {
          const cli = join(whole, "node_modules", "tallyroot", "dist", "cli", "tallyroot.js");
          const { code, errors } = await run(runtime, whole, cli, "serve", "--data-dir", join(folder, "data"));
          const line = `the server and its database need Node 22.14 or newer, and this is ${runtime.version}`;
          expect({ code, errors }).to.deep.equal({ code: 1, errors: `tallyroot: ${line}\n` });
        });
    });
  }

  it("has types that need no other package's, for modules of both kinds and for bundlers", async () => {
    const project = join(folder, "typed");
    cpSync(join(ROOT, "test", "package", "consumer"), project, { recursive: true });
    for (const ending of ["mts", "cts"]) cpSync(join(project, "uses.ts"), join(project, `uses.${ending}`));
    unpack(tarball, project);
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    for (const config of ["nodenext.json", "bundler.json"]) {
      const { code, output } = await run({ node: process.execPath }, project, tsc, "--project", config);
      expect({ code, output }, config).to.deep.equal({ code: 0, output: "" });
    }
  });

  it("tells of the contract what its sources compile to, without reading a file", async () => {
    const known = { ...(await import("#src/contracts.ts")) };
    const program = `process.stdout.write(JSON.stringify(await import("tallyroot/contracts")))`;
    const { output } = await run({ node: process.execPath }, bare, "--input-type=module", "-e", program);
    expect(JSON.parse(output)).to.deep.equal(known);
    expect(readFileSync(join(bare, "node_modules", "tallyroot", "dist", "contracts.js"), "utf8")).not.to.include(
      "import",
    );
  });

  it("costs a page no more than 12 KB to record and read, and 60 KB with verification", async () => {
    const entry = join(whole, "node_modules", "tallyroot", "dist", "sdk", "tallyroot.js");
    const { atFirst, all } = await bundleSize(entry);
    expect(atFirst).to.be.within(1_000, 12 * 1024);
    expect(all).to.be.within(atFirst, 60 * 1024);
  });
});
