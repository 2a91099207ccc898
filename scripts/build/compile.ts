import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { placeOf, respecified } from "./places.ts";

const CONFIG = fileURLToPath(new URL("../tsconfig.build.json", import.meta.url));

/** Writes the JavaScript of everything. Its types are looked at by `npm run check`: here the compiler only takes them out. */
export function compileProgram({ root, stage }: { root: string; stage: string }): void {
  const tree = join(stage, "program");
  compile(root, ["--project", CONFIG, "--noCheck", "--declaration", "false", "--outDir", tree]);
  place(tree, stage);
}

/** Writes the types of what others import, and checks that they need no types of Node nor of any package. */
export function compileDeclarations({
  root,
  stage,
  entries,
}: {
  root: string;
  stage: string;
  entries: readonly string[];
}): void {
  const tree = join(stage, "declarations");
  // A program of its own, which holds the entries and what they reach.
  const project = join(stage, "tsconfig.json");
  const files = entries.map((entry) => join(root, "src", `${entry}.ts`));
  mkdirSync(stage, { recursive: true });
  writeFileSync(project, JSON.stringify({ extends: CONFIG, include: [], files }));
  compile(root, ["--project", project, "--emitDeclarationOnly", "--rootDir", root, "--outDir", tree]);
  place(tree, stage);
}

function compile(root: string, args: string[]): void {
  const { stdout, status } = spawnSync(join(root, "node_modules", ".bin", "tsc"), args, {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the compiler refuses (exit code ${status}):\n${stdout}`);
}

/** Moves a compiled tree to where the package has it. */
function place(tree: string, stage: string): void {
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const source = file.slice(tree.length + 1).replaceAll(sep, "/");
    const target = join(stage, placeOf(source));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, respecified(readFileSync(file, "utf8"), source));
  }
  rmSync(tree, { recursive: true });
}
