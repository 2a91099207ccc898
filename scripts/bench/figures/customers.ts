import { join } from "node:path";
import { grouped, sized } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { deltaBodies, openCustomers, recordSingles } from "../recording.ts";
import { withServer } from "../server.ts";

/** Whether recording gets slower where there are many customers. */
export const customers: Figure = {
  name: "customers",
  what: "one durable delta per request, for many customers",
  rows: {
    many: { what: "deltas over HTTP, many customers", unit: "/s" },
    few: { what: "peer: the same for 1,000 customers", unit: "/s" },
    ofFew: { what: "of that", unit: "×", least: 0.85, better: "higher" },
  },
  async run(bench) {
    const { signal, rounds, seconds, warmUpSeconds } = bench;
    const sides = { few: 1_000, many: sized(bench, 100_000, 10_000) };
    const samples: { few: number[]; many: number[] } = { few: [], many: [] };
    for (let round = 0; round < rounds; round++) {
      for (const side of ["few", "many"] as const) {
        const dir = join(bench.dir, `customers-${side}-${round}`);
        const file = deltaBodies(bench, sides[side]);
        await withServer({ dir, signal }, async (server) => {
          await openCustomers(server, sides[side], bench);
          await recordSingles(bench, server, { name: "warm-up", file, seconds: warmUpSeconds });
          samples[side].push((await recordSingles(bench, server, { name: "customers", file, seconds })).perSecond);
        });
      }
    }
    return {
      samples: { ...samples, ofFew: ratios(samples.many, samples.few) },
      data: `${grouped(sides.many)} customers against ${grouped(sides.few)}`,
    };
  },
};
