import { type Ran, run, type Stage } from "./run.ts";

/** Runs that are spent on making a failure small. */
const MOST_RUNS = 300;

/** A run that fails with fewer commands: pieces are left out, large ones first, as long as it fails. */
export async function shrunk(stage: Stage, failed: Ran): Promise<Ran> {
  let least = failed;
  let runs = 0;
  for (let size = Math.ceil(failed.commands.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = least.commands.length - size; at > -size && runs < MOST_RUNS; at -= size) {
      const rest = least.commands.filter((_, i) => i < at || i >= at + size);
      runs += 1;
      const ran = await run(stage, failed.seed, rest);
      if (ran.failure !== undefined) least = ran;
    }
  }
  return least;
}
