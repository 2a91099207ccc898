import { posix } from "node:path";

/** Paths have forward slashes and begin at the repository, or at the package, which has the rest of the same files. */

/** What a specifier can stand in, as the compiler writes it: imports, re-exports, imported types, and files named beside a module. */
const SPECIFIERS = /(\bfrom |\bimport |\bimport\(|\bnew URL\()(["'])(\.{1,2}\/[^"']*)\2/g;

/**
 * Where a file of the repository is in the package: sources and the demonstration lie in `dist/`, as deep as they lay, so that paths from
 * them to the README or the compiled contract lead there still.
 */
export function placeOf(source: string): string {
  const [, path] = /^(?:src|scripts(?=\/demo[./]))\/(.*)$/.exec(source) ?? [];
  return path === undefined ? source : `dist/${path.replace(/(?<!\.d)\.ts$/, ".js")}`;
}

/** The text of a compiled module with its relative specifiers as they must be in the package. */
export function respecified(text: string, source: string): string {
  const folder = posix.dirname(placeOf(source));
  return text.replaceAll(SPECIFIERS, (_all, before: string, quote: string, specifier: string) => {
    const target = posix.join(posix.dirname(source), specifier);
    const path = posix.relative(folder, placeOf(target)) + (specifier.endsWith("/") ? "/" : "");
    return `${before}${quote}${path.startsWith(".") ? path : `./${path}`}${quote}`;
  });
}
