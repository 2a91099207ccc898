import { mkdtempSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { grouped } from "../context.ts";
import { type Figure, ratios } from "../figure.ts";
import { besideIt, overPostgres, withPostgres } from "../postgres.ts";
import { CONNECTIONS, deltaBodies, openCustomers, recordSingles } from "../recording.ts";
import { allAnchored } from "../server.ts";

const CUSTOMERS = 1_000;

/** Two servers over one database, beside one of them: with as many connections altogether. */
export const postgresNodes: Figure = {
  name: "postgres-nodes",
  what: "one durable delta per request, two servers over one PostgreSQL",
  rows: {
    two: { what: "deltas over HTTP, two servers", unit: "/s" },
    one: { what: "peer: one of them", unit: "/s" },
    // Where cores are left for them: where load, servers and database share two, these bound it.
    ofOne: { what: "of one", unit: "×", least: 1.5, better: "higher", inFullOnly: true },
  },
  async run(bench) {
    const { seconds, warmUpSeconds, rounds, signal } = bench;
    const file = deltaBodies(bench, CUSTOMERS);
    const dir = mkdtempSync(join(bench.dir, "postgres-nodes-"));
    const [one, two]: [number[], number[]] = [[], []];
    const firstDir = join(dir, "first");
    await withPostgres(bench, "postgres-nodes-database", (postgres) =>
      overPostgres({ bench, postgres, dir: firstDir }, async (first, settings) => {
        const second = await besideIt(bench, join(dir, "second"), { first, firstDir, settings });
        try {
          const onOne = (name: string, lasting: number) =>
            recordSingles(bench, first, { name, file, seconds: lasting });
          const onBoth = async (name: string, lasting: number) => {
            const half = { file, seconds: lasting, connections: CONNECTIONS / 2 };
            // Each is held against what both have recorded.
            const results = await Promise.all([
              recordSingles(bench, first, { ...half, name: `${name}-first` }),
              recordSingles(bench, second, { ...half, name: `${name}-second` }),
            ]);
            return results.reduce((sum, { perSecond }) => sum + perSecond, 0);
          };
          await openCustomers(first, CUSTOMERS, bench);
          await onOne("warm-up", warmUpSeconds);
          await onBoth("warm-up", warmUpSeconds);
          for (let round = 0; round < rounds; round++) {
            await allAnchored(first, signal);
            one.push((await onOne("one-node", seconds)).perSecond);
            await allAnchored(first, signal);
            two.push(await onBoth("two-nodes", seconds));
          }
        } finally {
          await second.stop();
        }
      }),
    );
    return {
      samples: { two, one, ofOne: ratios(two, one) },
      data: `${grouped(CUSTOMERS)} customers, ${CONNECTIONS} connections altogether, ${cpus().length} cores for load, servers and database`,
    };
  },
};
