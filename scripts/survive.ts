import { randomInt } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { chosenFrom, EXIT, runProgram, UsageError } from "./command-line.ts";
import type { Drill } from "./survive/drill.ts";
import { DRILLS } from "./survive/drills.ts";
import { type Drilled, markdownText, type Report, reportText, survived } from "./survive/table.ts";

/** `npm run survive`: brings every fault of the README's table about in the real program, and counts what came of it. */

const RESULT = join(fileURLToPath(new URL("..", import.meta.url)), "cache", "survive.json");
/** A program that was ended may still be writing its last. */
const REMOVING = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 } as const;
function readOptions() {
  return yargs(process.argv.slice(2))
    .scriptName("survive")
    .usage(
      "npm run survive -- [options]\n\nBrings faults about in the real program; prints a table and writes a JSON file.",
    )
    .options({
      quick: { type: "boolean", default: false, describe: "A part of each drill: a minute or so for each" },
      only: { type: "string", requiresArg: true, describe: `Some of ${DRILLS.map(({ name }) => name).join(", ")}` },
      seed: { type: "number", requiresArg: true, describe: "Repeats the run with this seed; else a new one" },
      json: {
        type: "string",
        requiresArg: true,
        default: RESULT,
        defaultDescription: "cache/survive.json",
        describe: "The file to write",
      },
      dir: {
        type: "string",
        requiresArg: true,
        default: tmpdir(),
        defaultDescription: "the system's",
        describe: "Where to work",
      },
      markdown: { type: "boolean", default: false, describe: "Print the table as the README has it" },
      keep: { type: "boolean", default: false, describe: "Leave what the servers wrote, to look at it" },
    })
    .epilogue("Exit codes: 0 survived · 1 something went wrong · 2 wrong usage · 130 interrupted")
    .strict()
    .version(false)
    .help()
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    })
    .exitProcess(false)
    .parseSync();
}

/** @returns the exit code. */
async function main(signal: AbortSignal): Promise<number> {
  const options = readOptions();
  if (options.help === true) return EXIT.DONE;
  const drills = chosenFrom(DRILLS, options.only, "drill");
  const seed = options.seed ?? randomInt(2 ** 31);
  if (!Number.isSafeInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new UsageError("--seed is a whole number below 2^32");
  if (!existsSync(options.dir)) throw new UsageError(`${options.dir} is not there`);
  const say = (text: string) => void process.stderr.write(`survive: ${text}\n`);
  const dir = mkdtempSync(join(options.dir, "tallyroot-survive-"));
  // PostgreSQL runs as a user of its own, and must get to its part of it.
  chmodSync(dir, 0o711);
  const remove = () => (options.keep ? say(`left in ${dir}`) : rmSync(dir, REMOVING));
  process.once("exit", remove);
  const startedAt = new Date().toISOString();
  const drilled: Drilled[] = [];
  for (const drill of drills) {
    say(`${drill.name}: ${drill.about} (--seed ${seed})`);
    const place = join(dir, drill.name);
    mkdirSync(place);
    drilled.push(await done(drill, { full: !options.quick, seed, dir: place, signal, say }));
  }
  const report: Report = {
    format: "tallyroot-survive/1",
    mode: options.quick ? "quick" : "full",
    seed,
    startedAt,
    drills: drilled,
  };
  mkdirSync(dirname(options.json), { recursive: true });
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(options.markdown ? markdownText(report) : reportText(report));
  say(`written to ${options.json}`);
  return survived(report) ? EXIT.DONE : EXIT.FAILED;
}

/** One that cannot be done is told with its reason, and the others are done all the same. */
async function done(drill: Drill, settings: Parameters<Drill["run"]>[0]): Promise<Drilled> {
  const { name, about } = drill;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  try {
    const faults = await drill.run(settings);
    return { name, about, faults, seconds: seconds(), failure: null };
  } catch (error) {
    settings.signal.throwIfAborted();
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    settings.say(`${name} FAILED: ${failure}`);
    return { name, about, faults: [], seconds: seconds(), failure };
  }
}

runProgram("survive", main);
