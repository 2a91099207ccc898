import { type Bench, grouped, sized } from "../context.ts";
import { customerId, deltaTexts } from "../deltas.ts";
import { type Figure, ratios } from "../figure.ts";
import { applyLoad, writeLines } from "../load.ts";
import { makeRecord } from "../records.ts";
import { allAnchored, type Server, withServer } from "../server.ts";
import { streamDeltas } from "../stream.ts";

const SMALL = 1_000;
const CONNECTIONS = 64;
const [LONG_LEDGER, SHORT_LEDGER] = [0, 1];

/** Whether a balance costs more the longer the history is. */
export const derive: Figure = {
  name: "derive",
  what: "a customer's balance, derived",
  rows: {
    long: { what: "balances of a long ledger", unit: "/s", least: 10_000 },
    short: { what: `peer: of a ledger of ${grouped(SMALL)}`, unit: "/s" },
    time: { what: "time of the long one over the short one's", unit: "×", most: 1.5, better: "lower" },
  },
  async run(bench) {
    const { signal } = bench;
    const deltas = sized(bench, 10_000_000, 100_000);
    const { dir } = await makeRecord(bench, { name: "derive", deltas, ledgers: 1 });
    return withServer({ dir, signal }, async (server) => {
      const customerOf = () => SHORT_LEDGER;
      await streamDeltas(server, deltaTexts({ count: SMALL, customerOf }), { signal });
      bench.say("derive: waiting for the anchors");
      await allAnchored(server, signal);
      const samples = await measure(bench, server);
      return {
        samples: { ...samples, time: ratios(samples.short, samples.long) },
        data: `ledgers of ${grouped(deltas)} and of ${grouped(SMALL)} deltas, ${CONNECTIONS} connections`,
      };
    });
  },
};

async function measure(bench: Bench, server: Server) {
  const headers = { "X-Api-Key": server.apiKey };
  const fileOf = (name: string, customer: number) =>
    writeLines(bench.dir, name, [`/api/v1/balance/derive/${customerId(customer)}?limit=1`]);
  const files = { short: fileOf("derive-short", SHORT_LEDGER), long: fileOf("derive-long", LONG_LEDGER) };
  const perSecond = async (side: "short" | "long", seconds: number) => {
    const load = {
      name: `derive-${side}`,
      url: server.url,
      method: "GET",
      headers,
      file: files[side],
      connections: CONNECTIONS,
    } as const;
    return (await applyLoad({ ...load, seconds }, bench)).perSecond;
  };
  for (const side of ["short", "long"] as const) await perSecond(side, bench.warmUpSeconds);
  const [short, long]: [number[], number[]] = [[], []];
  for (let round = 0; round < bench.rounds; round++) {
    short.push(await perSecond("short", bench.seconds));
    long.push(await perSecond("long", bench.seconds));
  }
  return { short, long };
}
