import { openStage, type Ran, run } from "./run.ts";

/** Runs in a process of their own, a line of JSON for each: `node many.ts DIRECTORY ENGINE SEED…`, where ENGINE is sqlite or a URL. */

/** What is told of a run: the commands only where it failed. */
export type Told = Pick<Ran, "seed" | "hash" | "counts"> & {
  commands: number;
  failure?: string;
  trace?: readonly string[];
};

const [place = "", engine = "", ...seeds] = process.argv.slice(2);
const stage = await openStage(place, engine === "sqlite" ? undefined : engine);
for (const seed of seeds) {
  const { trace, commands, failure, ...ran } = await run(stage, Number(seed));
  const told: Told = { ...ran, commands: commands.length, ...(failure !== undefined && { failure, trace }) };
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
await stage.chain.close();
