import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { readBaseline, withRatios } from "./bench/baseline.ts";
import type { Bench } from "./bench/context.ts";
import type { Figure } from "./bench/figure.ts";
import { FIGURES } from "./bench/figures.ts";
import { lastingComplaints } from "./bench/look-again.ts";
import { describeMachine, hasWrk } from "./bench/machine.ts";
import { openRecords } from "./bench/records.ts";
import { FORMAT, type Report } from "./bench/report.ts";
import { runFigures } from "./bench/run-figures.ts";
import { reportText } from "./bench/table.ts";
import { chosenFrom, EXIT, runProgram, UsageError } from "./command-line.ts";

/** `npm run bench`: every figure beside its peer, measured in the same run on the same machine. */

const BASELINE = fileURLToPath(new URL("./bench/baseline.json", import.meta.url));
const RESULT = join(fileURLToPath(new URL("..", import.meta.url)), "cache", "bench.json");

/** Seconds of a load and of the warming up before it, and how often each is measured. */
const FULL = { rounds: 3, seconds: 10, warmUpSeconds: 5 } as const;
const QUICK = { rounds: 1, seconds: 2, warmUpSeconds: 1 } as const;

/** A program that was ended may still be writing its last. */
const REMOVING = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 } as const;

function readOptions() {
  return yargs(process.argv.slice(2))
    .scriptName("bench")
    .usage(
      "npm run bench -- [options]\n\nMeasures every figure beside its peer; prints a table and writes a JSON file.",
    )
    .options({
      quick: { type: "boolean", default: false, describe: "Small data and one round: about a minute" },
      only: { type: "string", requiresArg: true, describe: `Some of ${FIGURES.map(({ name }) => name).join(", ")}` },
      json: {
        type: "string",
        requiresArg: true,
        default: RESULT,
        defaultDescription: "cache/bench.json",
        describe: "The file to write",
      },
      check: {
        type: "string",
        requiresArg: true,
        describe: "A baseline: exit code 1 when a ratio is over 25 % worse than there each of three times",
      },
      "write-baseline": {
        type: "boolean",
        default: false,
        describe: "Put this run's ratios into scripts/bench/baseline.json",
      },
      dir: {
        type: "string",
        requiresArg: true,
        default: tmpdir(),
        defaultDescription: "the system's",
        describe: "Where to work: the disk that is measured; a full run needs 15 GB",
      },
      load: {
        type: "string",
        choices: ["wrk", "autocannon"] as const,
        describe: "What makes the load; else wrk where it is installed",
      },
    })
    .epilogue("Exit codes: 0 done · 1 a figure failed, or is worse than the baseline · 2 wrong usage · 130 interrupted")
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
  const figures = chosenFrom(FIGURES, options.only, "figure");
  // Found now, and not after everything has been measured.
  for (const path of [options.dir, ...(options.check === undefined ? [] : [options.check])]) {
    if (!existsSync(path)) throw new UsageError(`${path} is not there`);
  }
  const engine = options.load ?? (hasWrk() ? "wrk" : "autocannon");
  const say = (text: string) => void process.stderr.write(`bench: ${text}\n`);
  const dir = mkdtempSync(join(options.dir, "tallyroot-bench-"));
  const remove = () => rmSync(dir, REMOVING);
  // Also when somebody ends the program for good.
  process.once("exit", remove);
  try {
    // PostgreSQL runs as a user of its own, and must get to its part of it.
    chmodSync(dir, 0o711);
    const [startedAt, began] = [new Date().toISOString(), performance.now()];
    const scale = options.quick ? QUICK : FULL;
    const bench: Bench = {
      quick: options.quick,
      ...scale,
      dir,
      signal,
      engine,
      say,
      records: openRecords(() => bench),
    };
    const report: Report = {
      format: FORMAT,
      mode: options.quick ? "quick" : "full",
      engine,
      startedAt,
      machine: describeMachine(dir, engine),
      figures: await runFigures(figures, bench),
      seconds: (performance.now() - began) / 1000,
    };
    mkdirSync(dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(reportText(report));
    say(`written to ${options.json}`);
    return await judge(report, options, figures, bench);
  } finally {
    process.removeListener("exit", remove);
    remove();
  }
}

async function judge(
  report: Report,
  options: { check?: string | undefined; "write-baseline": boolean },
  figures: readonly Figure[],
  bench: Bench,
): Promise<number> {
  const failed = report.figures.filter(({ failure }) => failure !== null);
  if (options["write-baseline"]) {
    writeFileSync(BASELINE, `${JSON.stringify(withRatios(readBaseline(BASELINE), report), null, 2)}\n`);
  }
  const worse =
    options.check === undefined
      ? []
      : await lastingComplaints(
          readBaseline(options.check),
          report,
          figures.map(({ name }) => name),
          (names) => {
            bench.say(`worse than the baseline, so measured again: ${names.join(", ")}`);
            return runFigures(
              figures.filter(({ name }) => names.includes(name)),
              bench,
            );
          },
        );
  for (const complaint of worse) process.stderr.write(`bench: ${complaint}\n`);
  return failed.length > 0 || worse.length > 0 ? EXIT.FAILED : EXIT.DONE;
}

runProgram("bench", main);
