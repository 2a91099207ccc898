import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Bench, grouped } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { median } from "../median.ts";
import { deltaBodies, recordSingles } from "../recording.ts";
import { copyOf, type LargeRecord } from "../records.ts";
import { anchoredBy, ask, DEFAULT_INTERVAL, NO_ANCHORS, type Server, withServer } from "../server.ts";

const CONNECTIONS = 16;
/** Loads at most, one after the other, while the record is being anchored. */
const MOST_LOADS = 60;

/** Whether those who record notice that a large record is being anchored and checkpointed beside them. */
export const anchoring: Figure = {
  name: "anchoring",
  what: "recording while a large record is anchored and checkpointed",
  rows: {
    during: { what: "99th percentile meanwhile", unit: "ms" },
    without: { what: "peer: without any of that", unit: "ms" },
    times: { what: "times as long", unit: "×", most: 2, better: "lower", inFullOnly: true },
    perSecond: { what: "deltas recorded meanwhile", unit: "/s" },
  },
  async run(bench) {
    const record = await bench.records.waiting();
    const file = deltaBodies(bench, record.ledgers);
    const [during, without, perSecond]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < bench.rounds; round++) {
      without.push(await beside(bench, record, { interval: NO_ANCHORS }, (server) => quietly(bench, server, file)));
      const busy = await beside(bench, record, { interval: DEFAULT_INTERVAL }, (server) =>
        whileAnchoring(bench, server, { file, deltas: record.deltas }),
      );
      during.push(busy.p99);
      perSecond.push(busy.perSecond);
    }
    return {
      samples: { during, without, times: ratios(during, without), perSecond },
      data: `${grouped(record.deltas)} deltas in ${grouped(record.ledgers)} ledgers, ${CONNECTIONS} connections`,
    };
  },
};

/** Works on a copy of the record, that the next finds as it was. */
async function beside<T>(
  { dir, signal }: Bench,
  record: LargeRecord,
  { interval: anchorIntervalMs }: { interval: number },
  work: (server: Server) => Promise<T>,
): Promise<T> {
  const copy = copyOf(record, join(dir, "anchoring"));
  try {
    return await withServer({ dir: copy.dir, signal, anchorIntervalMs }, work);
  } finally {
    rmSync(copy.dir, { recursive: true });
  }
}

async function quietly(bench: Bench, server: Server, file: string): Promise<number> {
  const load = { name: "quietly", file, connections: CONNECTIONS };
  await recordSingles(bench, server, { ...load, seconds: bench.warmUpSeconds });
  return (await recordSingles(bench, server, { ...load, seconds: bench.seconds })).p99;
}

/** Records until everything that was waiting is anchored; a load counts when it began before that. */
async function whileAnchoring(bench: Bench, server: Server, { file, deltas }: { file: string; deltas: number }) {
  const { signal, seconds } = bench;
  const checkpoints = ask<{ customersCount: number }>(server, "/balance/checkpoint", { signal, post: {} });
  const loads: { p99: number; perSecond: number }[] = [];
  const load = async () => {
    for (let n = 0; n < MOST_LOADS; n++) {
      loads.push(
        await recordSingles(bench, server, { name: "while-anchoring", file, connections: CONNECTIONS, seconds }),
      );
      if ((await anchoredBy(server, signal)).anchored >= deltas) return;
    }
    throw new Error(`${grouped(deltas)} deltas were not anchored within ${MOST_LOADS * seconds} s`);
  };
  await Promise.all([checkpoints, load()]);
  return { p99: median(loads.map(({ p99 }) => p99)), perSecond: median(loads.map(({ perSecond }) => perSecond)) };
}
