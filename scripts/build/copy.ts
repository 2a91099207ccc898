import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { placeOf } from "./places.ts";

/** Compiled, or told in the README where they lie. */
const NOT_COPIED = /\.(?:tsx?|md)$/;

/** Copies what the server and the demonstration read: pages, data. */
export function copyOthers(root: string, staged: string): void {
  for (const folder of ["src", join("scripts", "demo")]) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const source = join(entry.parentPath, entry.name).slice(root.length).replaceAll(sep, "/").replace(/^\//, "");
      if (!entry.isFile() || isLeftOut(source)) continue;
      const target = join(dirname(staged), placeOf(source));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(root, source), target);
    }
  }
}

function isLeftOut(source: string): boolean {
  // What is said about where the data comes from goes with the data.
  if (source.startsWith("scripts/demo/")) return source.endsWith(".ts");
  return source.startsWith("src/dashboard/") || NOT_COPIED.test(source);
}
