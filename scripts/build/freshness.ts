import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

/** Files and folders that the result depends on. */
const INPUTS = [
  "artifacts/contracts/AnchorLog.sol",
  "package-lock.json",
  "scripts/build",
  "scripts/build.ts",
  "scripts/demo",
  "scripts/demo.ts",
  "scripts/tsconfig.build.json",
  "src",
  "tsconfig.json",
];
/** Built by a script of its own. */
const LEFT_OUT = "src/dashboard/";

/** A hash over the names and contents of the inputs. */
export function inputsHash(root: string): string {
  const hash = createHash("sha256");
  for (const name of INPUTS.flatMap((input) => filesOf(root, input)).sort()) {
    const content = readFileSync(join(root, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** Whether the note of an earlier build says that it was of the same inputs. */
export function isBuilt(note: string, hash: string): boolean {
  return existsSync(note) && readFileSync(note, "utf8") === hash;
}

function filesOf(root: string, input: string): string[] {
  if (/\.\w+$/.test(input) && !input.endsWith(".sol")) return [input];
  return readdirSync(join(root, input), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root).length).replaceAll(sep, "/").replace(/^\//, ""))
    .filter((name) => !name.startsWith(LEFT_OUT));
}
