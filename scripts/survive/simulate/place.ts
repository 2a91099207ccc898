import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system in memory, where there is one: nobody pulls a plug here, and what a kill leaves is the same on each. */
const IN_MEMORY = "/dev/shm";

/** An empty directory to run in, which is gone when this process is. */
export function makePlace(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "tallyroot-simulate-"));
  const remove = () => {
    process.removeListener("exit", remove);
    rmSync(dir, { recursive: true, force: true });
  };
  process.once("exit", remove);
  return { dir, remove };
}
