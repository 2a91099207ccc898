// Brings a clone to the point where `npm start` and `npm test` can run: packages, Node itself, the compiled contract, the dashboard.
// npm calls it before those scripts. It is plain JavaScript without dependencies because it runs before there are
// any, on whatever Node (20 or newer) the machine has; everything else runs on the Node that package-lock.json names.
//
// The state is read from the tree each time, never from a note about an earlier run: an install made by hand counts
// as well as one made here, and an interrupted one counts as none.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { alone } from "./bootstrap-lock.mjs";
import { inputsHash, isBuilt } from "./dashboard-inputs.mjs";

const ROOT = realpathSync(join(dirname(fileURLToPath(import.meta.url)), ".."));
const MODULES = join(ROOT, "node_modules");
const WINDOWS = process.platform === "win32";
const NODE = join(MODULES, "node", "bin", WINDOWS ? "node.exe" : "node");
/** The link npm puts first in the PATH of every script; it appears only after the file it points to. */
const NODE_ON_PATH = WINDOWS ? NODE : join(MODULES, ".bin", "node");
/** Where a running Node is kept while node_modules is emptied. */
const LASTING_NODE = join(ROOT, "cache", "bootstrap", WINDOWS ? "node.exe" : "node");
const BUILT = join(ROOT, "artifacts", ".built");
/** Outside node_modules, which `npm ci` empties, and ignored by git. */
const SCRATCH = join(ROOT, "cache", "bootstrap");

const OUTPUT_LINES = 25;

// Install scripts stay off: better-sqlite3 would start a compiler for a binary it already ships. The one script that is
// needed, fetching Node, is run by name.
const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];
const CLEAN_INSTALL = ["ci", "--include=dev", "--include=optional", "--ignore-scripts", ...QUIET];
const FETCH_NODE = ["rebuild", "node", "--ignore-scripts=false", ...QUIET];
const ADD_SKIPPED = ["install", "--no-save", "--include=dev", "--include=optional", "--ignore-scripts", ...QUIET];

const HINTS = [
  [
    /EUSAGE|can only install/,
    "package.json and package-lock.json disagree: run `npm install` with the project's Node.",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ERR_SOCKET|network/i,
    "The package registry cannot be reached: check the connection or the proxy, then run the same command again.",
  ],
  [/ENOSPC/, "The disk is full."],
  [/EACCES|EPERM|EROFS/, "This folder cannot be written to by this user."],
  [/E404|ETARGET/, "The configured registry does not have one of the packages."],
];

class SetUpFailure extends Error {
  /** @param {string} message @param {number} exitCode */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`bootstrap: ${line}\n`);
}

/**
 * The packages that belong on this machine: what the project needs, what that needs, and so on, but for natives of other
 * platforms and what only those need.
 * @returns {[path: string, entry: any][]} path in node_modules, and what the lock says of it
 */
function wantedPackages() {
  const locked = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages;
  const wanted = new Map([["", locked[""]]]);
  // A Map goes on to what is added while it is walked.
  for (const [path, entry] of wanted) {
    const kinds = [entry.dependencies, entry.devDependencies, entry.optionalDependencies, entry.peerDependencies];
    for (const name of kinds.flatMap((needed) => Object.keys(needed ?? {}))) {
      const at = placeInLock(locked, path, name);
      if (at !== undefined && !(locked[at].optional && !fitsThisMachine(locked[at]))) wanted.set(at, locked[at]);
    }
  }
  wanted.delete("");
  return [...wanted];
}

/**
 * Where a package at `path` finds another one, as Node looks for it: beside it, or further up.
 * @param {Record<string, any>} locked @param {string} path @param {string} name
 */
function placeInLock(locked, path, name) {
  for (let from = path; ; from = from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/")))) {
    const at = `${from === "" ? "" : `${from}/`}node_modules/${name}`;
    if (at in locked) return at;
    if (from === "") return undefined;
  }
}

/**
 * What npm says it installed. It writes this file last, so an install that was cut short has none.
 * @returns {Record<string, any>}
 */
function installedPackages() {
  const file = join(MODULES, ".package-lock.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : {};
}

let libc;
function linuxLibc() {
  if (libc === undefined) {
    process.report.excludeNetwork = true; // otherwise the report asks the network for names
    libc = process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl";
  }
  return libc;
}

/** @param {{os?: string[], cpu?: string[], libc?: string[]}} entry */
function fitsThisMachine(entry) {
  return (
    (entry.os === undefined || entry.os.includes(process.platform)) &&
    (entry.cpu === undefined || entry.cpu.includes(process.arch)) &&
    (entry.libc === undefined || process.platform !== "linux" || entry.libc.includes(linuxLibc()))
  );
}

/**
 * What the install lacks. `skipped` are optional native packages that belong on this machine and that npm left out
 * without a word, because the Node it ran on was older than their `engines`.
 * @returns {{packages: boolean, node: boolean, skipped: string[]}}
 */
function missing() {
  const installed = installedPackages();
  // The development packages are among them: a clone is started with the Node, the chain and the compiler that are there.
  const lacking = { packages: false, node: !existsSync(NODE_ON_PATH), skipped: [] };
  for (const [path, entry] of wantedPackages()) {
    const there = installed[path];
    if (there?.version === entry.version && there.integrity === entry.integrity && existsSync(join(ROOT, path)))
      continue;
    if (!entry.optional) lacking.packages = true;
    else if (fitsThisMachine(entry)) lacking.skipped.push(path.slice(path.lastIndexOf("node_modules/") + 13));
  }
  return lacking;
}

/** Everything the compiler's output depends on. */
function sourcesHash() {
  const hash = createHash("sha256");
  const solidity = ["contracts", join("test", "contract")].flatMap((folder) =>
    existsSync(join(ROOT, folder))
      ? readdirSync(join(ROOT, folder), { recursive: true })
          .map((name) => join(folder, String(name)))
          .filter((name) => name.endsWith(".sol"))
      : [],
  );
  for (const name of ["hardhat.config.ts", "package-lock.json", ...solidity.sort()]) {
    const content = readFileSync(join(ROOT, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

function contractIsBuilt() {
  return (
    existsSync(BUILT) &&
    existsSync(join(ROOT, "artifacts", "contracts")) &&
    readFileSync(BUILT, "utf8") === sourcesHash()
  );
}

/** npm sets npm_execpath for its scripts; run by hand, or by another package manager, npm is looked for on the PATH. */
function npmCli() {
  const given = process.env.npm_execpath ?? "";
  if (given.endsWith("npm-cli.js")) return given;
  for (const folder of (process.env.PATH ?? "").split(delimiter).filter(Boolean)) {
    for (const name of ["npm", join("node_modules", "npm", "bin", "npm-cli.js")]) {
      const file = join(folder, name);
      if (existsSync(file) && realpathSync(file).endsWith("npm-cli.js")) return realpathSync(file);
    }
  }
  throw new SetUpFailure("npm was not found: install Node with npm, or run this through `npm start` or `npm test`.");
}

/**
 * A Node that stays while node_modules is emptied. Inside an npm script `node` is the one in node_modules as soon as it
 * is there, and a program that deletes itself cannot be started again; a hard link to it can.
 */
function lastingNode() {
  if (!realpathSync(process.execPath).startsWith(MODULES + sep)) return process.execPath;
  rmSync(LASTING_NODE, { force: true });
  try {
    linkSync(process.execPath, LASTING_NODE);
  } catch (error) {
    if (error.code !== "EXDEV" && error.code !== "EPERM") throw error; // a file system without hard links
    copyFileSync(process.execPath, LASTING_NODE);
  }
  return LASTING_NODE;
}

/**
 * @param {(pid: number) => void} involve
 * @param {string} node
 * @param {string[]} args
 * @param {string} what its name in a message
 * @param {Record<string, string>} more environment
 */
async function run(involve, node, args, what, more = {}) {
  const path = [dirname(node), process.env.PATH, dirname(npmCli())].join(delimiter);
  const child = spawn(node, args, {
    cwd: ROOT,
    env: { ...process.env, ...more, PATH: path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.pid !== undefined) involve(child.pid);
  const stop = () => child.kill();
  process.once("exit", stop);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const code = await new Promise((resolve) => {
    child.once("error", (error) => {
      output += String(error);
      resolve(1);
    });
    child.once("close", (status) => resolve(status ?? 1));
  });
  process.off("exit", stop);
  if (code === 0) return;
  const hint = HINTS.find(([pattern]) => pattern.test(output))?.[1] ?? "";
  const tail = output.trimEnd().split("\n").slice(-OUTPUT_LINES).join("\n");
  throw new SetUpFailure(`${tail}\nbootstrap: ${what} failed (exit code ${code}). ${hint}`.trimEnd(), code);
}

/** @param {(pid: number) => void} involve */
async function install(involve) {
  const node = lastingNode();
  if (missing().packages) {
    say("installing packages (npm ci)");
    await run(involve, node, [npmCli(), ...CLEAN_INSTALL], "npm ci");
  }
  if (missing().node) {
    say("installing the Node that package-lock.json names");
    await run(involve, node, [npmCli(), ...FETCH_NODE], "npm rebuild node");
  }
  const { skipped } = missing();
  if (skipped.length > 0) {
    say(`adding what an older Node left out (${skipped.join(", ")})`);
    await run(involve, NODE, [npmCli(), ...ADD_SKIPPED], "npm install");
  }
  const still = missing();
  if (still.packages || still.node || still.skipped.length > 0) {
    const what = still.node ? "node" : still.skipped.join(", ") || "packages";
    throw new SetUpFailure(`npm reported success but left out: ${what}. Delete node_modules and run it again.`);
  }
}

/** @param {(pid: number) => void} involve */
async function buildContract(involve) {
  say("compiling the contract (hardhat build)");
  const hash = sourcesHash(); // before the build: a source edited meanwhile is built next time
  const { bin } = JSON.parse(readFileSync(join(MODULES, "hardhat", "package.json"), "utf8"));
  const cli = join(MODULES, "hardhat", typeof bin === "string" ? bin : bin.hardhat);
  rmSync(BUILT, { force: true });
  await run(involve, NODE, [cli, "build"], "hardhat build", { HARDHAT_DISABLE_TELEMETRY_PROMPT: "true" });
  mkdirSync(dirname(BUILT), { recursive: true });
  writeFileSync(BUILT, hash);
}

/** Whether there is nothing to build for browsers: it is of these sources, or nothing that builds it is installed. */
function dashboardIsBuilt() {
  return !existsSync(join(MODULES, "vite")) || isBuilt(ROOT, inputsHash(ROOT));
}

/** @param {(pid: number) => void} involve */
async function buildDashboard(involve) {
  say("building the dashboard");
  await run(involve, NODE, [join(ROOT, "scripts", "build-dashboard.mjs")], "scripts/build-dashboard.mjs");
}

function isInstalled() {
  const { packages, node, skipped } = missing();
  return !packages && !node && skipped.length === 0;
}

async function main() {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new SetUpFailure(`Node ${process.versions.node} is too old: Node 20 or newer is needed to begin.`);
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
  if (isInstalled() && contractIsBuilt() && dashboardIsBuilt()) return;
  // Whoever waited for the lock finds the work done.
  await alone(join(SCRATCH, "lock"), say, async (involve) => {
    try {
      if (!isInstalled()) await install(involve);
      if (!contractIsBuilt()) await buildContract(involve);
      if (!dashboardIsBuilt()) await buildDashboard(involve);
    } finally {
      rmSync(LASTING_NODE, { force: true });
    }
  });
}

main().catch((error) => {
  if (!(error instanceof SetUpFailure)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error.exitCode;
});
