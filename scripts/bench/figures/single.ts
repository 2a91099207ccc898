import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Bench, grouped } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { applyLoad, writeLines } from "../load.ts";
import { withNoop } from "../noop.ts";
import { plainEntries, withPostgres } from "../postgres.ts";
import { CONNECTIONS, deltaBodies, openCustomers, recordSingles } from "../recording.ts";
import { allAnchored, withServer } from "../server.ts";

const CUSTOMERS = 1_000;

/** One durable delta per request, beside a server that does nothing and a database that keeps a double entry. */
export const single: Figure = {
  name: "single",
  what: "one durable delta per request, anchors being made",
  rows: {
    recorded: { what: "deltas over HTTP", unit: "/s", least: 20_000 },
    p50: { what: "their median time", unit: "ms" },
    p99: { what: "their 99th percentile", unit: "ms", most: 20 },
    withKeys: { what: "with an idempotency key each", unit: "/s" },
    noopPost: { what: "peer: no-op POST of the same bodies", unit: "/s" },
    noopGet: { what: "peer: no-op GET", unit: "/s" },
    postgres: { what: "peer: double entry in PostgreSQL", unit: "/s" },
    ofNoopPost: { what: "of the no-op POST", unit: "×", better: "higher" },
    ofNoopGet: { what: "of the no-op GET", unit: "×", least: 0.28, better: "higher" },
    ofPostgres: { what: "of PostgreSQL", unit: "×", better: "higher" },
  },
  async run(bench) {
    const file = deltaBodies(bench, CUSTOMERS);
    // When it is measured again its idempotency keys come again, which must not meet the answers of the first time.
    const dir = mkdtempSync(join(bench.dir, "single-"));
    const served = await againstNoop(bench, join(dir, "data"), file);
    const { seconds, warmUpSeconds, rounds } = bench;
    const postgres = await withPostgres(bench, "single-postgres", (server) =>
      plainEntries(bench, server, { file, lanes: CONNECTIONS, batch: 1, warmUpSeconds, seconds, rounds }),
    );
    return {
      samples: {
        ...served,
        postgres: postgres.perSecond,
        ofNoopPost: ratios(served.recorded, served.noopPost),
        ofNoopGet: ratios(served.recorded, served.noopGet),
        ofPostgres: ratios(served.recorded, postgres.perSecond),
      },
      data: `${grouped(CUSTOMERS)} customers, ${CONNECTIONS} connections, PostgreSQL ${postgres.version}`,
    };
  },
};

/** The server and the no-op server in turn, round by round. */
function againstNoop(bench: Bench, dir: string, file: string) {
  const { signal, rounds, seconds, warmUpSeconds } = bench;
  return withServer({ dir, signal }, (server) =>
    withNoop(signal, async (url) => {
      const path = "/delta";
      const headers = { "Content-Type": "application/json" };
      const paths = { name: "noop-get", file: writeLines(bench.dir, "noop-get", ["/nothing"]) };
      const post = { name: "noop-post", url, method: "POST", path, headers, file, connections: CONNECTIONS } as const;
      const get = { ...paths, url, method: "GET", connections: CONNECTIONS } as const;
      await openCustomers(server, CUSTOMERS, bench);
      await recordSingles(bench, server, { name: "warm-up", file, seconds: warmUpSeconds });
      await applyLoad({ ...post, seconds: warmUpSeconds }, bench);
      const [recorded, withKeys, p50, p99]: [number[], number[], number[], number[]] = [[], [], [], []];
      const [noopPost, noopGet]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        const ours = await recordSingles(bench, server, { name: "single", file, seconds });
        recorded.push(ours.perSecond);
        p50.push(ours.p50);
        p99.push(ours.p99);
        // The peers have the machine to themselves.
        await allAnchored(server, signal);
        noopPost.push((await applyLoad({ ...post, seconds }, bench)).perSecond);
        noopGet.push((await applyLoad({ ...get, seconds }, bench)).perSecond);
        const keyed = { name: "single-with-keys", file, seconds, keys: `round-${round}-` };
        withKeys.push((await recordSingles(bench, server, keyed)).perSecond);
      }
      return { recorded, p50, p99, withKeys, noopPost, noopGet };
    }),
  );
}
