import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../../processes.ts";
import { grouped } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { type ServerOptions, startServer } from "../server.ts";

const path = (below: string) => fileURLToPath(new URL(`../../../${below}`, import.meta.url));

/** How long an installed server takes until it is ready. */
export const start: Figure = {
  name: "start",
  what: "from the start of an installed server's process to ready",
  rows: {
    full: { what: "over a large record", unit: "s", most: 2 },
    empty: { what: "peer: over an empty one", unit: "s" },
    times: { what: "times as long", unit: "×", better: "lower" },
  },
  async run({ records, rounds, signal, dir, say }) {
    const record = await records.anchored();
    say("start: building dist/, if what is there is old");
    await runToEnd({ command: process.execPath, args: [path("scripts/build.ts")], signal });
    const program = [path("dist/cli/tallyroot.js"), "serve"];
    const secondsOf = async (options: Pick<ServerOptions, "dir">) => {
      const server = await startServer({ ...options, program, signal });
      await server.stop();
      return server.startMs / 1000;
    };
    const nothing = { dir: join(dir, "start") };
    // The first start makes keys, database and chain, and fills the caches.
    await secondsOf(nothing);
    const [full, empty]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      full.push(await secondsOf(record));
      empty.push(await secondsOf(nothing));
    }
    return {
      samples: { full, empty, times: ratios(full, empty) },
      data: `${grouped(record.deltas)} deltas in ${grouped(record.ledgers)} ledgers`,
    };
  },
};
