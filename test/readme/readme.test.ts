import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { type Server, startServer } from "#test/http/server.ts";
import { BLOCKS, PROGRAMS } from "./blocks.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCRIPTS = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> })
  .scripts;

/** Blocks that start something of their own: that they are scripts is checked here, what they do by their own tests. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "npm start": "test/e2e/npm-start.test.ts",
  "npm run demo": "test/e2e/demo.test.ts",
  "npm test": "this very run",
  "npm run check": "the run that continuous integration makes beside this one",
};

/** The reader's own files and folders: npm runs a script in the project's folder, and the reader is in another one here. */
const FILES = /(?<= )(?:\w+\.json|data(?:\/[\w-]+)?|bundle|elsewhere|saved|restored)(?= |$)/g;

const isElsewhere = (text: string) =>
  text
    .trim()
    .split("\n")
    .every((line) => line in ELSEWHERE);

describe("every block of the README", () => {
  let home: string;
  let server: Server;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), "tallyroot-readme-"));
    server = await startServer(join(home, "data"), { TALLYROOT_ANCHOR_INTERVAL_MS: "200" });
  });

  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** The block as a reader would run it, but for the ports and the folder, which are this run's own. */
  function adapted(text: string): string {
    return text
      .replaceAll("http://127.0.0.1:3000", server.url)
      .replaceAll("http://127.0.0.1:8545", server.rpcUrl)
      .replaceAll(/^npm run .*/gm, (line) => line.replaceAll(FILES, (file) => join(home, file)))
      .replaceAll(/npm run (\w+) --/g, `npm --silent --prefix '${ROOT}' run $1 --`)
      .replaceAll(
        /run (?:keys|tenants|export|tallyroot) -- (?!restore).*/g,
        (line) => `${line} --data-dir '${join(home, "data")}'`,
      )
      .replaceAll("scripts/verify.py", join(ROOT, "scripts/verify.py"));
  }

  async function run(text: string): Promise<string> {
    const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", adapted(text)], { cwd: home });
    return stdout;
  }

  it("is of a kind that is run or compared here", () => {
    expect(BLOCKS.length).to.be.greaterThan(5);
    const here = BLOCKS.filter(({ heading }) => heading !== PROGRAMS);
    expect(here.filter(({ language }) => !["sh", "json", ""].includes(language))).to.deep.equal([]);
  });

  it("that starts something names a script that is there", () => {
    const lines = BLOCKS.filter(({ language, text }) => language === "sh" && isElsewhere(text)).flatMap(({ text }) =>
      text.trim().split("\n"),
    );
    for (const line of lines) expect(SCRIPTS, line).to.have.property(line.replace(/^npm (run )?/, ""));
    expect(lines).to.include.members(["npm start", "npm test"]);
  });

  it("runs, in their order, and a first delta gets verified", async () => {
    const outputs: string[] = [];
    for (const { language, text } of BLOCKS) {
      if (language !== "sh" || isElsewhere(text)) continue;
      if (text.includes("npm run policy")) await untilVerified();
      outputs.push(await run(text));
    }
    const answers = outputs.filter((output) => output.startsWith('{"success"'));
    expect(answers).to.have.length.greaterThan(2);
    for (const answer of answers) expect(JSON.parse(answer)).to.have.property("success", true);

    // The answer that is printed there has the members that the real one has.
    const printed = JSON.parse(BLOCKS.find(({ language }) => language === "json")!.text) as { data: object };
    const real = JSON.parse(answers[0]!) as { data: object };
    expect(Object.keys(printed.data)).to.deep.equal(Object.keys(real.data));

    // So has the report of the verifier: the same steps with the same outcomes.
    const steps = (report: string) => report.match(/^(ok|FAIL|-) +[1-6] \w+|^VERIFIED$/gm);
    const report = outputs.find((output) => output.includes("VERIFIED") && output.includes("fingerprint "));
    const shown = BLOCKS.find(({ language, text }) => language === "" && text.includes("VERIFIED"));
    expect(steps(report!)).to.deep.equal(steps(shown!.text));
    expect(steps(report!)).to.have.length(7);
  }).timeout(60_000);

  async function untilVerified(): Promise<void> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const body = await run(
        'curl -s -H "X-Api-Key: $(cat data/api-key)" http://127.0.0.1:3000/api/v1/balance/derive/cust_001',
      );
      if ((JSON.parse(body) as { data: { pendingCount: number } }).data.pendingCount === 0) return;
      expect(Date.now(), "verified in time").to.be.lessThan(deadline);
      await sleep(100);
    }
  }
});
