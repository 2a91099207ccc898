import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { grouped } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { overPostgres, plainEntries, withPostgres } from "../postgres.ts";
import { CONNECTIONS, deltaBodies, openCustomers, recordSingles } from "../recording.ts";
import { allAnchored, withServer } from "../server.ts";

const CUSTOMERS = 1_000;

/** One durable delta per request over PostgreSQL, beside the same over SQLite and a plain double entry. */
export const postgresSingle: Figure = {
  name: "postgres-single",
  what: "one durable delta per request over PostgreSQL, anchors being made",
  rows: {
    recorded: { what: "deltas over HTTP", unit: "/s" },
    p50: { what: "their median time", unit: "ms" },
    p99: { what: "their 99th percentile", unit: "ms" },
    sqlite: { what: "peer: the same over SQLite", unit: "/s" },
    plain: { what: "peer: double entry in PostgreSQL", unit: "/s" },
    ofSqlite: { what: "of SQLite", unit: "×", least: 0.5, better: "higher" },
    ofPlain: { what: "of the double entry", unit: "×", better: "higher", inFullOnly: true },
  },
  async run(bench) {
    const { seconds, warmUpSeconds, rounds, signal } = bench;
    const file = deltaBodies(bench, CUSTOMERS);
    const dir = mkdtempSync(join(bench.dir, "postgres-single-"));
    const [recorded, p50, p99]: [number[], number[], number[]] = [[], [], []];
    const [sqlite, plain]: [number[], number[]] = [[], []];
    await withPostgres(bench, "postgres-single-database", (postgres) =>
      overPostgres({ bench, postgres, dir: join(dir, "postgres") }, (ours) =>
        withServer({ dir: join(dir, "sqlite"), signal }, async (peer) => {
          for (const server of [ours, peer]) {
            await openCustomers(server, CUSTOMERS, bench);
            await recordSingles(bench, server, { name: "warm-up", file, seconds: warmUpSeconds });
          }
          for (let round = 0; round < rounds; round++) {
            // Each has the machine to itself.
            for (const server of [ours, peer]) await allAnchored(server, signal);
            const result = await recordSingles(bench, ours, { name: "postgres-single", file, seconds });
            recorded.push(result.perSecond);
            p50.push(result.p50);
            p99.push(result.p99);
            await allAnchored(ours, signal);
            sqlite.push((await recordSingles(bench, peer, { name: "sqlite-single", file, seconds })).perSecond);
            await allAnchored(peer, signal);
            const task = { file, lanes: CONNECTIONS, batch: 1, warmUpSeconds, seconds, rounds: 1 };
            plain.push(...(await plainEntries(bench, postgres, task)).perSecond);
          }
        }),
      ),
    );
    return {
      samples: {
        recorded,
        p50,
        p99,
        sqlite,
        plain,
        ofSqlite: ratios(recorded, sqlite),
        ofPlain: ratios(recorded, plain),
      },
      data: `${grouped(CUSTOMERS)} customers, ${CONNECTIONS} connections, fsync and synchronous_commit on`,
    };
  },
};
