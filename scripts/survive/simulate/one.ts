import { makePlace } from "./place.ts";
import { openStage, run } from "./run.ts";
import { shrunk } from "./shrink.ts";

/** `node scripts/survive/simulate/one.ts SEED`: one run again, with what each command did, and the fewest commands that fail. */

const seed = Number(process.argv[2]);
if (!Number.isSafeInteger(seed) || seed < 0 || seed >= 2 ** 32)
  throw new RangeError("usage: one.ts SEED, a whole number below 2^32");
const stage = await openStage(makePlace().dir);
const ran = await run(stage, seed);
process.stdout.write(`${ran.trace.join("\n")}\n${ran.hash}\n`);
if (ran.failure !== undefined) {
  const least = await shrunk(stage, ran);
  process.stdout.write(
    `\nFAILED: ${ran.failure}\n\nThe fewest commands that fail:\n${least.trace.join("\n")}\n${least.failure}\n`,
  );
  process.exitCode = 1;
}
await stage.chain.close();
