// Whether the dashboard in dist/ is of the sources that are here. Plain JavaScript without dependencies: bootstrap.mjs asks each time,
// before there may be any.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

/** Files and folders that the result depends on: the pages, what they import, and how they are built. */
const INPUTS = [
  "artifacts/contracts/AnchorLog.sol",
  "contracts",
  "package-lock.json",
  "scripts/build-dashboard.mjs",
  "scripts/dashboard-inputs.mjs",
  "src/chain",
  "src/contracts.ts",
  "src/core",
  "src/core.ts",
  "src/dashboard",
  "src/sdk",
  "src/wire",
  "src/witness",
  "tsconfig.json",
];

/** What was built, by its place below the repository: its list of files holds the hash of what it was built from. */
export const BUILT = join("dist", "dashboard");
/** The list, among the files. */
export const LIST = "files.json";

/** A hash over the names and contents of the inputs. @param {string} root */
export function inputsHash(root) {
  const hash = createHash("sha256");
  for (const name of INPUTS.flatMap((input) => filesOf(root, input)).sort()) {
    const content = readFileSync(join(root, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** @param {string} root @param {string} hash that of the inputs as they are */
export function isBuilt(root, hash) {
  const list = join(root, BUILT, LIST);
  return existsSync(list) && JSON.parse(readFileSync(list, "utf8")).inputs === hash;
}

/** @param {string} root @param {string} input */
function filesOf(root, input) {
  if (!existsSync(join(root, input))) return [];
  if (/\.\w+$/.test(input) && !input.endsWith(".sol")) return [input];
  return (
    readdirSync(join(root, input), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      // Node 20 called it `path` at first.
      .map((entry) =>
        join(entry.parentPath ?? entry.path, entry.name)
          .slice(root.length)
          .replaceAll(sep, "/")
          .replace(/^\//, ""),
      )
  );
}
