import { enableCompileCache, getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";

/** In the tree, and not in the system's folder for temporary files: code does not come from where anybody may write. */
export const COMPILE_CACHE = join(import.meta.dirname, "..", "cache", "compiled");

/**
 * Keeps compiled code for the next start, from the next import on. Stripping types and compiling some hundred modules is a third
 * of what a start costs. An entry counts only for the text that it was made from; a folder that cannot be written to keeps none.
 */
export function keepCompiledCode(): void {
  enableCompileCache(COMPILE_CACHE);
}

/** What a thread needs in its environment to find that code too: it gets it in no other way. */
export function compileCacheOfThread(): { NODE_COMPILE_CACHE?: string } {
  const ofThisNode = getCompileCacheDir();
  // Inside the folder that is named, each version of Node has one of its own.
  return ofThisNode === undefined ? {} : { NODE_COMPILE_CACHE: dirname(ofThisNode) };
}
