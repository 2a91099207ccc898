import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";

/**
 * All tests over SQLite, and after them over PostgreSQL all whose outcome could depend on the engine that keeps the record. The suites of
 * the storage port and the simulation run over both engines in the first run already.
 *
 *     npm test -- [words for mocha, in both runs]
 */

const ALL = ["test/**/*.test.ts"];

/** What is left out of the second run, each with the reason. A line that is taken away is all that it takes to run those tests there too. */
export const NOT_OVER_POSTGRES: Readonly<Record<string, string>> = {
  // Nothing in them opens a record, or what they claim does not depend on it.
  "audit/deltas-seen": "arithmetic",
  "bench/**/*": "figures of what was measured elsewhere",
  "contract/**/*": "the contract",
  "core/**/*": "arithmetic",
  "dashboard/**/*": "what the dashboard makes of amounts and times",
  "demo/**/*": "what the demo makes of the bank's file, and its client",
  "evidence/{equal-verdicts,mutations,needed-checks,python,python-witness}": "verifiers and a chain",
  "golden/**/*": "files that were given out, and databases of earlier versions",
  "jobs/**/*": "what is told of a chain; the lease of PostgreSQL, in its own",
  "ledger/{bulk-lane,calendar,compose}": "arithmetic",
  "run/{compile-cache,count-tests,left-out,sqlite-only}": "how the tests are run",
  "webhooks/{address-guard,post,schedule,sign}": "what goes out, whatever it was read from",
  "browser/{compare-list,public-parts}": "parts of pages, without a page",
  "browser/{live,screens,ledger-long}": "what pages look like and weigh, whatever they were read from",
  "browser/{public-alone,public-explorer,public-refused,public-verify}":
    "verifying files and asking a chain; what is handed out is in http and evidence",
  "chain/**/*": "what a chain and its publisher do; no record is opened",
  "cli/{prove,usage,verify-sources}": "files, a chain and command lines",
  "sdk/{amounts,answers,known-deltas,old-runtimes,webhooks}": "the client without a server",
  "sdk/{browser,bundle,transport,verify-receipt}": "the client in other surroundings, with a receipt or two",
  "tidy/{bootstrap-lock,files,imports,locked-packages,packages,tests,typescript-text,words}": "the sources",
  "wire/**/*": "shapes of requests",
  "witness/**/*": "what endpoints say of a chain",
  // About one engine, and so in the first run.
  "audit/{copy,flips,threads}": "copies, bytes and threads over a SQLite file",
  "audit/postgres": "about PostgreSQL, in its own",
  "bundle/**/*": "a bundle is made of a SQLite file",
  "ports/**/*": "one suite for both engines",
  "storage/postgres/**/*": "about PostgreSQL, in its own",
  "storage/{data-folder,erased-pages,fold-wal,landed-requests,ledger-states,moments,packed}": "the SQLite file",
  "storage/{recording-thread,sqlite-record,tail-index,upgrade,wal-damage}": "the SQLite file",
  "cli/{backup,backup-database,backup-journal,bundle,bundle-database,doctor-database}":
    "about one engine, or names both",
  "cli/{migrate,migrate-back,migrate-back-refused,migrate-back-rows,migrate-earlier,migrate-refused}":
    "names both engines",
  "e2e/{config,demo,failover,nodes}": "settings, the demo's own file, and several nodes over PostgreSQL",
  "fault/{chain,disk,fuzz,kill,overload,soak,syscalls}": "drills that start servers over SQLite by themselves",
  "fault/{nodes,simulate}": "PostgreSQL, or both engines, in the first run",
  "package/**/*": "what is published",
  "readme/**/*":
    "its commands are written for a record in its directory: audit data, backup, restore, import elsewhere",
};

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

if (import.meta.main) {
  const leftOut = Object.keys(NOT_OVER_POSTGRES).flatMap((files) => ["--ignore", `test/${files}.test.ts`]);
  // The second run says something also where the first one failed.
  const passed = [
    await run("SQLite", { TEST_ENGINE: "sqlite" }, ALL),
    await run("PostgreSQL", { TEST_ENGINE: "postgres" }, [...ALL, ...leftOut]),
  ];
  process.exitCode = passed.every(Boolean) ? 0 : 1;
}
