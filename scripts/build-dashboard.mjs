// Builds the pages for browsers, src/dashboard, into dist/dashboard, each file beside its compressed forms and all of them in one list.
// Nothing is built while the inputs are the same. It is made apart and put in place whole: a server that starts meanwhile finds the
// old one or the new one.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { alone } from "./bootstrap-lock.mjs";
import { BUILT, inputsHash, isBuilt, LIST } from "./dashboard-inputs.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");
const SCRATCH = join(ROOT, "cache", "dashboard");
/** Files that are in the build as they are, so that their names do not change with their contents. */
const AS_THEY_ARE = join(ROOT, "src", "dashboard", "static");

const MEDIA_TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const COMPRESSED_ALREADY = [".png", ".woff2"];

/** The best that brotli has takes seconds for a percent. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const ENCODINGS = [
  { encoding: "br", ending: ".br", compress: (content) => promisify(brotliCompress)(content, BROTLI) },
  { encoding: "gzip", ending: ".gz", compress: (content) => promisify(gzip)(content, { level: 9 }) },
];

/** @param {string} folder @returns {string[]} names with forward slashes */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll(sep, "/"),
    )
    .sort();
}

/** Writes the compressed forms of a file beside it, where they are smaller. @returns its line in the list */
async function describe(stage, name, lasting) {
  const mediaType = MEDIA_TYPES[extname(name)];
  if (mediaType === undefined) throw new Error(`${name}: say in scripts/build-dashboard.mjs what media type this is`);
  const content = readFileSync(join(stage, name));
  const encodings = [];
  for (const { encoding, ending, compress } of COMPRESSED_ALREADY.includes(extname(name)) ? [] : ENCODINGS) {
    const smaller = await compress(content);
    if (smaller.length >= content.length) continue;
    writeFileSync(join(stage, name + ending), smaller);
    encodings.push({ encoding, file: name + ending });
  }
  return { name, mediaType, lasting, sha256: createHash("sha256").update(content).digest("hex"), encodings };
}

async function build() {
  const inputs = inputsHash(ROOT);
  if (isBuilt(ROOT, inputs)) return;
  const began = performance.now();
  process.env.NODE_ENV = "production";
  const stage = join(SCRATCH, "stage");
  rmSync(stage, { recursive: true, force: true });
  // Vite is loaded only where there is something to build.
  const [{ build: bundle }, { dashboardBuilds }] = await Promise.all([
    import("vite"),
    import("../src/dashboard/vite.config.ts"),
  ]);
  for (const one of dashboardBuilds(stage)) await bundle(one);
  const fixed = new Set(filesIn(AS_THEY_ARE));
  const lasts = (name) => name.startsWith("assets/") && !fixed.has(name);
  const files = await Promise.all(filesIn(stage).map((name) => describe(stage, name, lasts(name))));
  writeFileSync(join(stage, LIST), JSON.stringify({ inputs, files }));
  putInPlace(stage);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  process.stderr.write(`build: ${BUILT}/ is built, in ${seconds} s\n`);
}

function putInPlace(stage) {
  const target = join(ROOT, BUILT);
  const old = join(SCRATCH, "old");
  rmSync(old, { recursive: true, force: true });
  mkdirSync(dirname(target), { recursive: true });
  try {
    renameSync(target, old);
  } catch (error) {
    if (error.code !== "ENOENT") throw error; // nothing was built before
  }
  renameSync(stage, target);
  rmSync(old, { recursive: true, force: true });
}

if (!isBuilt(ROOT, inputsHash(ROOT))) {
  await alone(join(SCRATCH, "lock"), (line) => process.stderr.write(`build: ${line}\n`), build);
}
