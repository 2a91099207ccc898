import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../../processes.ts";
import type { Drill, Fault, Settings } from "../drill.ts";
import type { Told } from "./many.ts";
import { makePlace } from "./place.ts";

const PROGRAM = fileURLToPath(new URL("./many.ts", import.meta.url));
/** Runs of each size. The full size's seeds are always the same; before them comes the one that was asked for. */
const RUNS = { full: 10_000, quick: 60 };
/** Runs of one process: it starts in a second, and nothing that it keeps can pile up. */
const RUNS_PER_PROCESS = { full: 250, quick: 30 };
/** Lines of a failed run that are told. */
const TOLD = 12;

/**
 * Random commands against a small model of a ledger, in one thread with a clock, a chain and random numbers of its own: what one
 * seed did, it does again.
 */
export const simulate: Drill = {
  name: "simulate",
  about: "does random things to the record, its clock, its process and its chain, and compares with a model after each",
  async run(settings) {
    const place = makePlace();
    try {
      return faultsOf(await runAll({ ...settings, dir: place.dir }, "sqlite"));
    } finally {
      place.remove();
    }
  },
};

/** The same over PostgreSQL, where a record is a database, and a kill ends its connections without a word. */
export const simulatePostgres: Drill = {
  name: "simulate-postgres",
  about: "does the same random things to a record in PostgreSQL",
  async run(settings) {
    const place = makePlace();
    const { startPostgres } = await import("../../postgres.ts");
    const server = await startPostgres(place.dir, { fsync: "off" });
    try {
      return faultsOf(await runAll({ ...settings, dir: place.dir }, server.urlOf("postgres")), "PostgreSQL: ");
    } finally {
      await server.stop();
      place.remove();
    }
  },
};

async function runAll(settings: Settings, engine: string): Promise<Told[]> {
  const size = settings.full ? "full" : "quick";
  const first = settings.full ? 1 : settings.seed + 1;
  const seeds = [settings.seed, ...Array.from({ length: RUNS[size] }, (_, i) => (first + i) % 2 ** 32)];
  const pieces = Array.from({ length: Math.ceil(seeds.length / RUNS_PER_PROCESS[size]) }, (_, i) =>
    seeds.slice(i * RUNS_PER_PROCESS[size], (i + 1) * RUNS_PER_PROCESS[size]),
  );
  const all: Told[] = [];
  let next = 0;
  const worker = async (name: number) => {
    for (let piece = pieces[next++]; piece; piece = pieces[next++]) {
      all.push(...(await runInProcess(settings, join(settings.dir, `process-${name}`), piece, engine)));
      const failed = all.filter(({ failure }) => failure !== undefined).length;
      settings.say(`simulate: ${all.length} of ${seeds.length} runs, ${failed} failed`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), pieces.length) }, (_, i) => worker(i)));
  return all.sort((a, b) => seeds.indexOf(a.seed) - seeds.indexOf(b.seed));
}

/** Runs some seeds in a process of their own. @param engine sqlite, or the URL of a PostgreSQL database in which others may be made. */
export async function runInProcess(
  { signal }: Pick<Settings, "signal">,
  dir: string,
  seeds: readonly number[],
  engine = "sqlite",
): Promise<Told[]> {
  const args = [PROGRAM, dir, engine, ...seeds.map(String)];
  const output = await runToEnd({ command: process.execPath, args, signal });
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
}

/** The kinds of trouble, and what of the counts is about each: the first is how often it was brought about. */
const KINDS: ReadonlyArray<readonly [name: string, tries: readonly string[], figures: readonly string[]]> = [
  ["killed between two commands", ["kills between commands", "restarts"], ["restarts"]],
  [
    "killed within a command",
    ["kills within commands, kept", "kills within commands, lost"],
    ["kills within commands, kept", "kills within commands, lost", "rounds killed"],
  ],
  ["a client sends again, or something else under the same key", ["retries"], ["deltas replayed", "deltas refused"]],
  ["the clock is set, by milliseconds or years, forward or back", ["clock turned"], ["statements"]],
  ["the chain is reorganised", ["reorganisations"], ["anchors", "receipts"]],
  [
    "the chain does not answer, or its answer is lost",
    ["chain away", "answers lost", "nodes behind"],
    ["rounds waits for the chain"],
  ],
  [
    "no blocks for a while, or blocks that ask for more",
    ["blocks held back", "fees raised"],
    ["rounds", "rounds given up"],
  ],
  ["content is erased in between", ["erasures"], []],
];

/** One row for the runs themselves, and one for each kind of trouble in them: what failed is told with the runs. */
export function faultsOf(all: readonly Told[], over = ""): Fault[] {
  const total = (name: string) => all.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);
  const figures = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, total(name)]));
  const runs: Fault = {
    name: `${over}random commands, against a model of the ledger`,
    tries: all.length,
    figures: {
      commands: all.reduce((sum, { commands }) => sum + commands, 0),
      ...figures(["deltas recorded", "batches", "shared transactions", "derivations", "comparisons", "receipts"]),
    },
    failures: all.flatMap(failureOf),
  };
  const troubles = KINDS.map(([name, tries, names]) => ({
    name: `${over}${name}`,
    tries: tries.reduce((sum, one) => sum + total(one), 0),
    figures: figures(names),
    failures: [],
  }));
  return [runs, ...troubles];
}

function failureOf({ seed, failure, trace = [] }: Told): string[] {
  if (failure === undefined) return [];
  const last = trace.slice(-TOLD).map((line) => `     ${line.slice(0, 200)}`);
  return [`seed ${seed}: ${failure}\n${last.join("\n")}\n     all of it: node scripts/survive/simulate/one.ts ${seed}`];
}
