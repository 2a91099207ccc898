import { join } from "node:path";
import { bareInserts } from "../bare-inserts.ts";
import { grouped, sized } from "../context.ts";
import { deltaTexts, drawn } from "../deltas.ts";
import { type Figure, ratios } from "../figure.ts";
import { openCustomers } from "../recording.ts";
import { withServer } from "../server.ts";
import { streamDeltas } from "../stream.ts";

const CUSTOMERS = 1_000;
/** Lines of the stream before those that are measured. */
const WARM_UP = 5_000;

/** The bulk loader's way in: one request of many lines, each answered by a line once it is on disk. */
export const stream: Figure = {
  name: "stream",
  what: "durable deltas as one NDJSON stream, anchors being made",
  rows: {
    recorded: { what: "deltas, to the end of the answer", unit: "/s", least: 80_000 },
    bare: { what: "peer: bare SQLite inserts of such rows", unit: "/s" },
    ofBare: { what: "of the bare inserts", unit: "×", better: "higher" },
  },
  async run(bench) {
    const { signal, rounds } = bench;
    const dir = join(bench.dir, "stream");
    const count = sized(bench, 200_000, 20_000);
    // Made beforehand: the sender is not what is measured.
    const lines = [...deltaTexts({ count, customerOf: drawn(CUSTOMERS) })];
    const recorded: number[] = [];
    await withServer({ dir, signal }, async (server) => {
      await openCustomers(server, CUSTOMERS, bench);
      await streamDeltas(server, lines.slice(0, WARM_UP), { signal });
      for (let round = 0; round < rounds; round++) {
        const began = performance.now();
        await streamDeltas(server, lines, { signal });
        recorded.push((count * 1000) / (performance.now() - began));
      }
    });
    const bare = await bareInserts(bench, dir);
    return {
      samples: { recorded, bare, ofBare: ratios(recorded, bare) },
      data: `${grouped(count)} lines, ${grouped(CUSTOMERS)} customers`,
    };
  },
};
