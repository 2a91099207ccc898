import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds package.json. */
export const ROOT = join(fileURLToPath(new URL(".", import.meta.url)), "..", "..");

/** Made by tools, never by hand. */
const GENERATED = new Set(["node_modules", "artifacts", "cache", "data", "dist", ".git"]);

/** Paths of the files below `folder`, relative to the repository and with forward slashes, in a stable order. */
export function filesUnder(folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = relative(ROOT, join(ROOT, folder, entry.name))
        .split(sep)
        .join("/");
      if (entry.isDirectory()) return GENERATED.has(entry.name) ? [] : filesUnder(path, endings);
      return endings.some((ending) => path.endsWith(ending)) ? [path] : [];
    })
    .sort();
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Line number of a position in a text, counted from 1. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}
