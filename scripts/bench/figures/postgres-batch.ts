import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { grouped } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { overPostgres, plainEntries, withPostgres } from "../postgres.ts";
import { BATCH, BATCH_CONNECTIONS, batchBodies, deltaBodies, openCustomers, recordBatches } from "../recording.ts";
import { allAnchored, withServer } from "../server.ts";

const CUSTOMERS = 1_000;
/** Seconds within which a batch is answered also on a machine that others use. */
const LEAST_SECONDS = 4;

/** Batches over PostgreSQL, beside the same over SQLite and plain double entries, as many in one transaction. */
export const postgresBatch: Figure = {
  name: "postgres-batch",
  what: "durable deltas in batches of 1,000 over PostgreSQL, anchors being made",
  rows: {
    recorded: { what: "deltas over HTTP", unit: "/s" },
    p99: { what: "99th percentile of a batch", unit: "ms" },
    sqlite: { what: "peer: the same over SQLite", unit: "/s" },
    plain: { what: "peer: double entries, 1,000 in one transaction", unit: "/s" },
    ofSqlite: { what: "of SQLite", unit: "×", least: 0.4, better: "higher" },
    ofPlain: { what: "of the double entries", unit: "×", better: "higher", inFullOnly: true },
  },
  async run(bench) {
    const { seconds, warmUpSeconds, rounds, signal } = bench;
    const [file, lines] = [batchBodies(bench, CUSTOMERS), deltaBodies(bench, CUSTOMERS)];
    const dir = mkdtempSync(join(bench.dir, "postgres-batch-"));
    const [recorded, p99]: [number[], number[]] = [[], []];
    const [sqlite, plain]: [number[], number[]] = [[], []];
    await withPostgres(bench, "postgres-batch-database", (postgres) =>
      overPostgres({ bench, postgres, dir: join(dir, "postgres") }, (ours) =>
        withServer({ dir: join(dir, "sqlite"), signal }, async (peer) => {
          for (const server of [ours, peer]) {
            await openCustomers(server, CUSTOMERS, bench);
            await recordBatches(bench, server, { file, seconds: Math.max(warmUpSeconds, LEAST_SECONDS) });
          }
          for (let round = 0; round < rounds; round++) {
            // Each has the machine to itself.
            for (const server of [ours, peer]) await allAnchored(server, signal);
            const result = await recordBatches(bench, ours, { file, seconds });
            recorded.push(result.perSecond);
            p99.push(result.p99);
            await allAnchored(ours, signal);
            sqlite.push((await recordBatches(bench, peer, { file, seconds })).perSecond);
            await allAnchored(peer, signal);
            const task = { file: lines, lanes: BATCH_CONNECTIONS, batch: BATCH, warmUpSeconds, seconds, rounds: 1 };
            plain.push(...(await plainEntries(bench, postgres, task)).perSecond);
          }
        }),
      ),
    );
    return {
      samples: { recorded, p99, sqlite, plain, ofSqlite: ratios(recorded, sqlite), ofPlain: ratios(recorded, plain) },
      data: `${grouped(CUSTOMERS)} customers, ${BATCH_CONNECTIONS} connections, fsync and synchronous_commit on`,
    };
  },
};
