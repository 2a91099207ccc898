import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { RUNS } from "#test/core/property.ts";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { CHECKS, type Check } from "./checks.ts";
import type { Verifier } from "./forgeries.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export const sourceOf = (file: string): string => readFileSync(join(ROOT, "src", file), "utf8");

/** Copies of the verifier, each with some checks taken out. */
export type Workshop = { weakened(out: readonly Check[]): Promise<Verifier>; close(): void };

/**
 * One copy of the verifier's source, and for each weakened verifier the files that it differs in beside it: those in which a check
 * is taken out, and those that import them. The rest is shared.
 */
export function openWorkshop(): Workshop {
  const dir = temporaryDirectory();
  const at = (file: string) => join(dir, "src", file);
  for (const part of PARTS) cpSync(join(ROOT, "src", part), at(part), { recursive: true });
  for (const name of ["package.json", "node_modules"]) symlinkSync(join(ROOT, name), join(dir, name));
  const importers = importersOf(PARTS.flatMap((part) => filesIn(dir, part)));
  let variants = 0;

  return {
    async weakened(out) {
      variants += 1;
      const own = new Set(out.flatMap(({ file }) => [...importers(file)]));
      const named = (file: string) => (own.has(file) ? file.replace(/\.ts$/, `.${variants}.ts`) : file);
      for (const file of own) {
        const changed = out.filter((check) => check.file === file).reduce(takenOut, readFileSync(at(file), "utf8"));
        const text = changed.replace(IMPORT, (_, path) => `from "${relative(file, named(join(dirname(file), path)))}"`);
        writeFileSync(at(named(file)), text);
      }
      const load = (file: string) => import(pathToFileURL(at(named(file))).href);
      const [files, witness] = [await load("core/verify-file.ts"), await load("witness/witness.ts")];
      return { verifyFile: files.verifyFile, openWitness: witness.openWitness } as Verifier;
    },
    close: () => removeDirectory(dir),
  };
}

/** What a verifier is made of, without the server and its chain. */
const PARTS = ["core", "witness"];
const IMPORT = /from "(\.[^"]+)"/g;

function filesIn(dir: string, part: string): string[] {
  return readdirSync(join(dir, "src", part))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${part}/${name}`);
}

function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** The files that have a file's code in them, itself first. */
function importersOf(files: readonly string[]): (file: string) => Set<string> {
  const imports = new Map(
    files.map((file) => [file, [...sourceOf(file).matchAll(IMPORT)].map(([, path]) => join(dirname(file), path!))]),
  );
  return (file) => {
    const found = new Set([file]);
    for (const one of found) {
      for (const [importer, imported] of imports) if (imported.includes(one)) found.add(importer);
    }
    return found;
  };
}

function takenOut(source: string, { file, text, instead }: Check): string {
  // Not twice, and not a text that another check taken out before has made.
  if (source.split(text).length !== 2) throw new RangeError(`${file} does not have ${text} once`);
  return source.replace(text, () => instead);
}

/** The checks whose texts a check names as overlapping with it. */
export function overlapping({ also }: Check): Check[] {
  return also.map((text) => {
    const found = CHECKS.find((check) => check.text === text);
    if (!found) throw new RangeError(`no check reads ${text}`);
    return found;
  });
}

/** Of checks that cost a process each, so many are taken out at hand; in the long run, all. */
const SOME = 3;

export function someOf<T>(all: readonly T[]): readonly T[] {
  return RUNS >= 10_000 ? all : all.filter((_, i) => i % Math.ceil(all.length / SOME) === 0);
}
