import { readdirSync, rmSync } from "node:fs";
import { COMPILE_CACHE, keepCompiledCode } from "#src/compile-cache.ts";

/**
 * A run of the tests starts hundreds of processes, servers and commands among them. What one of them has compiled, the others find.
 * Mocha loads this file first, and its worker processes take the environment over; tests that choose a process's environment
 * themselves hand the folder on.
 */

/** Files that the folder may hold. Copies of the sources under fresh names, as some tests make them, leave what nobody finds again. */
const MAX_ENTRIES = 20_000;

// Not in a worker process: others are writing by then.
if (process.env.MOCHA_WORKER_ID === undefined && entries() > MAX_ENTRIES) rmSync(COMPILE_CACHE, { recursive: true });
process.env.NODE_COMPILE_CACHE = COMPILE_CACHE;
keepCompiledCode();

function entries(): number {
  try {
    return readdirSync(COMPILE_CACHE, { recursive: true }).length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return 0;
  }
}
