import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { alone } from "./bootstrap-lock.mjs";
import { writeCommonjs } from "./build/commonjs.ts";
import { compileDeclarations, compileProgram } from "./build/compile.ts";
import { copyOthers } from "./build/copy.ts";
import { inputsHash, isBuilt } from "./build/freshness.ts";
import { writeValues } from "./build/values.ts";

/**
 * Builds `dist/`, which the package consists of: JavaScript and types from the sources, the same once more for CommonJS where it is
 * imported, and what the server reads besides. `dist/dashboard/` is built by a script of its own and stays.
 *
 * Nothing is built anew while its inputs are the same.
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const SCRATCH = join(ROOT, "cache", "build");
const DASHBOARD = join(ROOT, "scripts", "build-dashboard.mjs");
/** Holds the hash of the inputs of what is there; it is not packed. */
const BUILT = ".built";

/** What other packages import, by its place below src. */
const ENTRIES = ["sdk/tallyroot", "sdk/verify", "core", "contracts"] as const;
/** Of these only the values are kept: they are read from what the compiler of the contract wrote. */
const VALUES = ["contracts"] as const;

function say(line: string): void {
  process.stderr.write(`build: ${line}\n`);
}

async function build(): Promise<void> {
  if (existsSync(DASHBOARD)) {
    const { status } = spawnSync(process.execPath, [DASHBOARD], { stdio: "inherit" });
    if (status !== 0) throw new Error(`scripts/build-dashboard.mjs failed (exit code ${status})`);
  }
  const hash = inputsHash(ROOT);
  if (isBuilt(join(DIST, BUILT), hash)) return;
  const began = performance.now();
  const stage = join(SCRATCH, "stage");
  rmSync(stage, { recursive: true, force: true });
  const staged = join(stage, "dist");
  compileProgram({ root: ROOT, stage });
  compileDeclarations({ root: ROOT, stage, entries: ENTRIES });
  copyOthers(ROOT, staged);
  for (const entry of VALUES) await writeValues({ root: ROOT, staged, entry });
  await writeCommonjs(staged, ENTRIES);
  replace(staged);
  writeFileSync(join(DIST, BUILT), hash);
  rmSync(stage, { recursive: true });
  say(`dist/ is built, in ${Math.round((performance.now() - began) / 100) / 10} s`);
}

/** Puts what was built in its place, and takes away what an earlier build left there. */
function replace(staged: string): void {
  mkdirSync(DIST, { recursive: true });
  // First of all the note that it is complete.
  rmSync(join(DIST, BUILT), { force: true });
  for (const name of readdirSync(DIST)) if (name !== "dashboard") rmSync(join(DIST, name), { recursive: true });
  for (const name of readdirSync(staged)) renameSync(join(staged, name), join(DIST, name));
}

await alone(join(SCRATCH, "lock"), say, build);
