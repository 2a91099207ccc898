import { openStage, type Ran, run } from "./run.ts";

/** Runs in a process of their own, a line of JSON for each: `node many.ts DIRECTORY SEED…`. */

/** What is told of a run: the commands only where it failed. */
export type Told = Pick<Ran, "seed" | "hash" | "counts"> & {
  commands: number;
  failure?: string;
  trace?: readonly string[];
};

const [place = "", ...seeds] = process.argv.slice(2);
const stage = await openStage(place);
for (const seed of seeds) {
  const { trace, commands, failure, ...ran } = await run(stage, Number(seed));
  const told: Told = { ...ran, commands: commands.length, ...(failure !== undefined && { failure, trace }) };
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
await stage.chain.close();
