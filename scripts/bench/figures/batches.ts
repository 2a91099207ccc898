import { join } from "node:path";
import { bareInserts } from "../bare-inserts.ts";
import type { Bench } from "../context.ts";
import { deltaTexts, drawn } from "../deltas.ts";
import { type Figure, ratios } from "../figure.ts";
import { applyLoad, type Load, writeLines } from "../load.ts";
import { openCustomers } from "../recording.ts";
import { recordedBy, type Server, withServer } from "../server.ts";

const CUSTOMERS = 1_000;
const BATCH = 1_000;
const CONNECTIONS = 4;
/** Batches that are sent in turn. */
const BATCHES = 32;

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
      data: `${CUSTOMERS} customers, ${CONNECTIONS} connections`,
    };
  },
};

async function measure(bench: Bench, server: Server) {
  const { signal, rounds, seconds, warmUpSeconds } = bench;
  await openCustomers(server, CUSTOMERS, bench);
  const load: Omit<Load, "seconds"> = {
    name: "batches",
    url: server.url,
    method: "POST",
    path: "/api/v1/balance/delta/batch",
    headers: { "X-Api-Key": server.apiKey, "Content-Type": "application/json" },
    file: writeLines(bench.dir, "batches", bodies()),
    connections: CONNECTIONS,
  };
  await applyLoad({ ...load, seconds: warmUpSeconds }, bench);
  const [recorded, p99]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const before = await recordedBy(server, signal);
    const result = await applyLoad({ ...load, seconds }, bench);
    const after = await recordedBy(server, signal);
    // An item of a batch is refused inside an answer that is a success.
    const missing = result.requests * BATCH - (after - before);
    if (missing > 0) throw new Error(`${missing} deltas of ${result.requests} batches are not on record`);
    recorded.push(result.perSecond * BATCH);
    p99.push(result.p99);
  }
  return { recorded, p99 };
}

function* bodies(): Generator<string> {
  let items: string[] = [];
  for (const text of deltaTexts({ count: BATCHES * BATCH, customerOf: drawn(CUSTOMERS) })) {
    items.push(text);
    if (items.length < BATCH) continue;
    yield `{"deltas":[${items.join(",")}]}`;
    items = [];
  }
}
