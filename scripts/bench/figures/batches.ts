import { join } from "node:path";
import { bareInserts } from "../bare-inserts.ts";
import type { Bench } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { BATCH_CONNECTIONS, batchBodies, openCustomers, recordBatches } from "../recording.ts";
import { type Server, withServer } from "../server.ts";

const CUSTOMERS = 1_000;

/** Many deltas per request, beside bare inserts into SQLite. */
export const batches: Figure = {
  name: "batches",
  what: "durable deltas in batches of 1,000, anchors being made",
  rows: {
    recorded: { what: "deltas over HTTP", unit: "/s", least: 60_000 },
    p99: { what: "99th percentile of a batch", unit: "ms" },
    bare: { what: "peer: bare SQLite inserts of such rows", unit: "/s" },
    ofBare: { what: "of the bare inserts", unit: "×", least: 0.12, better: "higher" },
  },
  async run(bench) {
    const { signal } = bench;
    const dir = join(bench.dir, "batches");
    const ours = await withServer({ dir, signal }, (server) => measure(bench, server));
    const bare = await bareInserts(bench, dir);
    return {
      samples: { ...ours, bare, ofBare: ratios(ours.recorded, bare) },
      data: `${CUSTOMERS} customers, ${BATCH_CONNECTIONS} connections`,
    };
  },
};

async function measure(bench: Bench, server: Server) {
  const { rounds, seconds, warmUpSeconds } = bench;
  const file = batchBodies(bench, CUSTOMERS);
  await openCustomers(server, CUSTOMERS, bench);
  await recordBatches(bench, server, { file, seconds: warmUpSeconds });
  const [recorded, p99]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const result = await recordBatches(bench, server, { file, seconds });
    recorded.push(result.perSecond);
    p99.push(result.p99);
  }
  return { recorded, p99 };
}
