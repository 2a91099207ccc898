import { openBook } from "../book.ts";
import type { Drill } from "../drill.ts";
import { seeded } from "../random.ts";
import { openTraffic, type Traffic } from "./clients.ts";
import { type Cluster, openCluster } from "./cluster.ts";
import { hold } from "./hold.ts";
import { type PauseSize, pauses } from "./pauses.ts";
import { openReceiver, type Receiver } from "./receiver.ts";
import { type StormSize, storm } from "./storm.ts";

const CUSTOMERS = 200;

const SIZES: Record<"full" | "part", { storm: StormSize; pauses: PauseSize }> = {
  full: { storm: { ms: 60_000, database: ["halt", "crash"] }, pauses: { times: 4, waits: true } },
  part: { storm: { ms: 10_000, database: ["halt"] }, pauses: { times: 1, waits: false } },
};

/** Kills, stops and cuts off what shares one record, while clients record in it through all of the nodes. */
export const nodes: Drill = {
  name: "nodes",
  about: "four servers over one PostgreSQL: kills, a leader that stands still, and a database that goes away",
  async run(settings) {
    const size = settings.full ? SIZES.full : SIZES.part;
    const random = seeded(settings.seed);
    const cluster = await openCluster(settings);
    const receiver = await openReceiver();
    let traffic: Traffic | undefined;
    try {
      await listen(cluster, receiver);
      const book = openBook(CUSTOMERS);
      traffic = openTraffic(cluster, book, random);
      const faults = await storm(cluster, random, size.storm);
      faults.push(...(await pauses(cluster, random, size.pauses)));
      await traffic.quiet();
      return [await hold(cluster, book, traffic, receiver), ...faults];
    } finally {
      await traffic?.quiet();
      await cluster.stop();
      receiver.close();
    }
  },
};

async function listen({ nodes: [first], apiKey }: Cluster, { url }: Receiver): Promise<void> {
  const response = await fetch(`${first!.server!.url}/api/v1/webhooks`, {
    method: "POST",
    headers: { "X-Api-Key": apiKey, "Content-Type": "application/json" },
    body: JSON.stringify({ url, events: ["checkpoint.verified", "anchor.confirmed"] }),
  });
  if (!response.ok) throw new Error(`no webhook could be made: ${response.status} ${await response.text()}`);
}
