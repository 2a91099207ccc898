import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";

/**
 * All tests, and after them those again whose outcome could depend on the engine that keeps the record, over PostgreSQL: what starts servers
 * and asks them. The suites of the storage port and the simulation run over both engines in the first run already.
 *
 *     npm test -- [words for mocha, in both runs]
 */

const ALL = ["test/**/*.test.ts"];
/** Without the files that know nothing of an engine, or bring their own PostgreSQL. */
const OVER_POSTGRES = [
  ...["http/**/*", "e2e/**/*", "evidence/evil"].map((files) => `test/${files}.test.ts`),
  ...["e2e/config", "e2e/demo", "e2e/nodes"].flatMap((file) => ["--ignore", `test/${file}.test.ts`]),
];

/** The line that begins a run; what counts the tests of all runs goes by it. */
const heading = (engine: string) => `\n== tests over ${engine} ==\n`;

const MOCHA = createRequire(import.meta.url).resolve("mocha/bin/mocha.js");

/** @returns whether every test passed. */
async function run(engine: string, environment: Record<string, string>, files: readonly string[]): Promise<boolean> {
  process.stdout.write(heading(engine));
  const words = [MOCHA, ...files, ...process.argv.slice(2)];
  const child = spawn(process.execPath, words, { stdio: "inherit", env: { ...process.env, ...environment } });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === 0;
}

// The second run says something also where the first one failed.
const passed = [
  await run("SQLite", { TEST_ENGINE: "sqlite" }, ALL),
  await run("PostgreSQL", { TEST_ENGINE: "postgres" }, OVER_POSTGRES),
];
process.exitCode = passed.every(Boolean) ? 0 : 1;
