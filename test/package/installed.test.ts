import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { build, type PreviewServer, preview } from "vite";
import { openBrowser, openPage } from "#test/browser/ground.ts";
import { installed, type Project, QUIET, type Served, served } from "./project.ts";
import { LANGUAGES, readmePrograms } from "./readme-programs.ts";
import { runtimes } from "./runtimes.ts";
import { pack, ROOT } from "./tarball.ts";

/** Installing takes half a minute: it is done in continuous integration, and by `npm run package`. */
const WANTED = process.env.CI !== undefined || process.env.npm_lifecycle_event === "package";

type Solc = { compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string };
const OUTPUT = { outputSelection: { "Mine.sol": { Mine: ["abi"] } } };

const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  devDependencies: Record<string, string>;
};

if (!WANTED)
  describe("the package, installed", () => {
    it("is tried by npm run package, and in continuous integration", () => {
      const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
      expect(scripts.package).to.include("test/package");
      expect(readFileSync(join(ROOT, ".ci", "run"), "utf8")).to.match(/^export CI=/m);
    });
  });
else
  describe("the package, installed", () => {
    const folder = mkdtempSync(join(tmpdir(), "tallyroot-installed-"));
    const all = runtimes();
    /** In the order of the runtimes; that of the Node which runs the tests gets Hardhat beside the package. */
    let projects: Project[];
    /** What the server of each said before there was Hardhat. */
    const refusals: { code: number; stderr: string }[] = [];
    let server: Served;
    let vite: PreviewServer;

    before(async function () {
      this.timeout(600_000);
      const tarball = await pack(folder);
      projects = [];
      for (const runtime of all) {
        const project = await installed(tarball, { folder: join(folder, `node-${runtime.version}`), runtime });
        projects.push(project);
        refusals.push(await refusalOf(project));
      }
      await own().run("npm", ["install", ...QUIET, `hardhat@${devDependencies.hardhat}`]);
      // The page comes before the server, which has to know its origin.
      vite = await preview({ root: page(), preview: { host: "127.0.0.1", port: 0 }, logLevel: "silent" });
      server = await served(own(), { TALLYROOT_CORS_ORIGINS: origin(), TALLYROOT_ANCHOR_INTERVAL_MS: "200" });
      for (const project of projects) await writePolicy(project);
    });
    after(async function () {
      // Taking away what was installed can take as long as installing it.
      this.timeout(600_000);
      await vite?.close();
      await server?.stop();
      rmSync(folder, { recursive: true });
    });

    const own = () => projects.find(({ runtime }) => runtime.own)!;
    const origin = () => vite.resolvedUrls!.local[0]!.replace(/\/$/, "");
    const places = () => ({ "http://127.0.0.1:3000": server.url });
    const page = () => join(own().folder, "page");

    /** As the README does it, with the installed command. */
    async function writePolicy({ run, folder: home }: Project): Promise<void> {
      const file = join(home, "policy.json");
      await run("npx", ["tallyroot", "policy", server.url, "--rpc", server.rpcUrl, "--out", file]);
    }

    async function refusalOf({ run }: Project): Promise<{ code: number; stderr: string }> {
      const settings = { TALLYROOT_DATA_DIR: join(folder, "none"), PORT: "0", TALLYROOT_CHAIN_PORT: "0" };
      return run("npx", ["tallyroot", "serve"], settings).then(
        () => ({ code: 0, stderr: "" }),
        // npm may have something to say about its own settings.
        ({ code, stderr }) => ({ code, stderr: stderr.replaceAll(/^npm .*\n/gm, "") }),
      );
    }

    it(`is tried on every Node of this machine: ${all.map(({ version }) => version).join(" and ")}`, () => {
      expect(all.map(({ version }) => version)).to.include(process.versions.node);
      expect(projects.map(({ runtime }) => runtime)).to.deep.equal(all);
    });

    it("has in the README programs of the kinds that are run here", () => {
      expect([...LANGUAGES].sort()).to.deep.equal(["", "js", "ts"]);
    });

    for (const [i, { version }] of all.entries()) {
      it(`runs the README's programs on Node ${version}, which print what it says`, async () => {
        const { folder: home, run } = projects[i]!;
        // A ledger of its own: the other runs have theirs on the same server.
        const { module, prints, commonjs } = readmePrograms({ ...places(), cust_002: `cust_002-${version}` });
        writeFileSync(join(home, "programs.mjs"), module);
        writeFileSync(join(home, "program.cjs"), commonjs);
        const settings = { TALLYROOT_API_KEY: server.apiKey };
        expect(await run("node", ["programs.mjs"], settings)).to.equal(prints);
        expect(await run("node", ["program.cjs"], settings)).to.equal("function 500000000000000000n\n");
      }).timeout(60_000);

      it(`has a command on Node ${version} that records, and verifies what it recorded`, async () => {
        const { folder: home, run } = projects[i]!;
        expect(await run("npx", ["tallyroot", "--version"])).to.match(/^\d+\.\d+\.\d+\n$/);
        const words = ["emit", "cust_004", "-1.5", "usage", "--wait", "--json", "--url", server.url];
        const answer = await run("npx", ["tallyroot", ...words], { TALLYROOT_API_KEY: server.apiKey });
        const { receiptId } = JSON.parse(answer) as { receiptId: string };
        const source = `${server.url}/api/v1/receipt/${receiptId}`;
        const policy = ["--policy", join(home, "policy.json")];
        expect(await run("npx", ["tallyroot", "verify", source, ...policy])).to.match(/^VERIFIED$/m);
      }).timeout(60_000);

      it(`says in one line on Node ${version} what the server needs`, () => {
        const wanted = all[i]!.serves
          ? `the embedded chain needs Hardhat: npm install hardhat@${devDependencies.hardhat}, or set TALLYROOT_CHAIN=rpc for another network`
          : `the server and its database need Node 22.14 or newer, and this is ${version}`;
        expect(refusals[i]).to.deep.equal({ code: 1, stderr: `tallyroot: ${wanted}\n` });
      });
    }

    it("serves the pages that are packed with it", async () => {
      const reply = await fetch(server.url, { headers: { Accept: "text/html" } });
      expect([reply.status, reply.headers.get("Content-Type")]).to.deep.equal([200, "text/html; charset=utf-8"]);
    });

    it("types the README's programs", async () => {
      const { folder: home, run } = own();
      const { module, page: inPage } = readmePrograms(places());
      writeFileSync(join(home, "programs.mts"), module);
      writeFileSync(join(home, "page.mts"), inPage);
      // Programs of Node have its types; the package itself does without.
      symlinkSync(join(ROOT, "node_modules", "@types"), join(home, "types"));
      const compilerOptions = {
        module: "nodenext",
        target: "es2022",
        lib: ["es2022", "dom", "dom.iterable"],
        types: ["node"],
        typeRoots: ["types"],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
      };
      const project = { compilerOptions, files: ["programs.mts", "page.mts"] };
      writeFileSync(join(home, "tsconfig.json"), JSON.stringify(project));
      const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
      const complaints = await run("node", [tsc, "--project", "tsconfig.json"]).catch(({ stdout }) => stdout);
      expect(complaints).to.equal("");
    });

    it("has Solidity sources that compilers find by the package's name", () => {
      const source = `// SPDX-License-Identifier: Apache-2.0
        pragma solidity 0.8.37;
        import {IAnchorLog} from "tallyroot/contracts/IAnchorLog.sol";
        import {AnchorLog} from "tallyroot/contracts/AnchorLog.sol";
        contract Mine { IAnchorLog public log = new AnchorLog(); }`;
      const input = { language: "Solidity", sources: { "Mine.sol": { content: source } }, settings: OUTPUT };
      const solc = createRequire(import.meta.url)("solc") as Solc;
      // As compilers do: the package from the project, what that imports from where it is installed.
      const find = (path: string) => {
        const home = path.startsWith("tallyroot/") ? own().folder : ROOT;
        return { contents: readFileSync(join(home, "node_modules", path), "utf8") };
      };
      const { errors, contracts } = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
      expect(errors ?? []).to.deep.equal([]);
      expect(contracts["Mine.sol"].Mine.abi).to.have.length(1);
    });

    it("works in a page of another origin, built by Vite and opened in Chromium", async () => {
      const root = page();
      mkdirSync(join(root, "public"), { recursive: true });
      writeFileSync(join(root, "public", "policy.json"), readFileSync(join(own().folder, "policy.json")));
      writeFileSync(join(root, "index.html"), '<!doctype html><script type="module" src="/page.ts"></script>\n');
      writeFileSync(join(root, "page.ts"), readmePrograms(places()).page);
      await build({ root, logLevel: "error", build: { target: "es2022" } });

      const browser = await openBrowser();
      try {
        const { page: shown, expectQuiet } = await openPage(browser, [origin(), server.url, server.rpcUrl]);
        await shown.addInitScript((key) => sessionStorage.setItem("key", key), server.apiKey);
        await shown.goto(origin());
        await shown.waitForFunction(() => document.title !== "");
        expectQuiet([/favicon/]);
        expect(await shown.title()).to.equal("verified");
      } finally {
        await browser.close();
      }
    }).timeout(60_000);
  });
