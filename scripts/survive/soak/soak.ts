import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openBook, settle } from "../book.ts";
import type { Drill, Fault, Settings } from "../drill.ts";
import { auditFailures, examine } from "../examine.ts";
import { seeded } from "../random.ts";
import { type Server, startServer } from "../server.ts";
import { judge, type Limits } from "./judge.ts";
import { type Load, openLoad } from "./load.ts";
import { openReceiver, type Receiver } from "./receiver.ts";
import { figuresOf, type Sample, sample } from "./sample.ts";

/** Seconds of load, and of the run before it that finds out how much the server can do. */
const SECONDS = { full: { load: 3_600, most: 15 }, part: { load: 20, most: 2 } };
/** Clients at a time while that is found out, and at most while half of it is asked for. */
const CLIENTS = 16;
const MOST_AT_ONCE = 128;
/** Of what the server can do. In the small run less: the machine may have others to serve a moment later. */
const SHARES = { full: 0.5, part: 0.25 };
/** Share of requests that may be refused for now: what a pause of the machine's lets pile up. */
const MOST_REFUSED = { full: 0.001, part: 1 };
/** Milliseconds between two looks at the clock. */
const TICK_MS = 5;
const SAY_EVERY_S = 10;
/** Milliseconds that everything may take, once the load has ended, to be anchored and delivered. */
const PATIENCE_MS = 120_000;
const CUSTOMERS = 20;

/** Short of an hour, memory is still filling when the run ends. The WAL has 64 MB at most, by `MOST_WAL_PAGES` of its store. */
const LIMITS: { full: Limits; part: Limits } = {
  full: { resident: 1.2, handles: 1.2, moreHandles: 32, walMb: 72, moreLag: 2, latency: 2 },
  part: { resident: 3, handles: 1.5, moreHandles: 160, walMb: 72, moreLag: 10, latency: null },
};

/** Keeps a server at half of what it can do, for an hour, and looks every second whether anything grows that should not. */
export const soak: Drill = {
  name: "soak",
  about: "an hour of everything at once, at half of what the server can do",
  async run(settings) {
    const { full, dir, signal, seed } = settings;
    const data = join(dir, "data");
    const server = await startServer({
      dir: data,
      signal,
      settings: { TALLYROOT_ANCHOR_INTERVAL_MS: full ? "2000" : "500", TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true" },
    });
    const receiver = await openReceiver();
    let stopped = false;
    try {
      const toldKey = await openToldTenant(server, receiver);
      const book = openBook(CUSTOMERS);
      const load = openLoad({ server, toldKey, book, random: seeded(seed) });
      await load.prepare();
      const rate = await mostOf(load, (full ? SECONDS.full : SECONDS.part).most, signal);
      const asked = rate * (full ? SHARES.full : SHARES.part);
      settings.say(`soak: ${rate.toFixed(0)} requests a second is what it can do; ${asked.toFixed(0)} from now on`);
      load.begin();
      const samples = await steady(settings, { server, load, rate: asked, data });
      const { recorded } = await load.close();
      await settle(server, book);
      const failures = [
        ...load.failures,
        ...receiver.refused,
        ...(await untilDone(server, { load, receiver, signal })),
      ];
      const judged = judge(samples, load.taken, full ? LIMITS.full : LIMITS.part);
      const examined = await examine(server, book);
      const found = await auditFailures(data, server.rpcUrl, signal);
      const figures = await figuresOf(server.url);
      const requests = Object.values(load.counts).reduce((sum, count) => sum + count);
      const mostRefused = requests * (full ? MOST_REFUSED.full : MOST_REFUSED.part);
      if (load.refused > mostRefused) failures.push(`${load.refused} of ${requests} requests were refused for now`);
      const fault: Fault = {
        name: "steady load of every kind, at half of what it can do",
        tries: requests,
        figures: {
          seconds: Math.round(samples.at(-1)!.at),
          "requests a second at most": rate,
          "asked for a second": asked,
          deltas: figures("tallyroot_deltas_recorded_total"),
          anchors: figures("tallyroot_anchor_confirmed_index"),
          ...Object.fromEntries(Object.entries(load.counts).map(([deed, count]) => [`of ${deed}`, count])),
          "recorded by the recorder": recorded,
          "told by webhook": receiver.receiptIds.size,
          "refused for now": load.refused,
          "erased again": load.erasedAgain,
          acknowledged: book.acknowledged.size,
          lost: examined.lost,
          doubled: examined.doubled,
          ...judged.figures,
          "audit findings": found.length,
        },
        failures: [...failures, ...judged.failures, ...examined.failures, ...found],
      };
      await server.stop();
      stopped = true;
      return [fault];
    } finally {
      receiver.close();
      if (!stopped) await server.kill();
    }
  },
};

/** A tenant of its own whose webhook is told of every delta: the others' deltas would be too many deliveries to tell anything by. */
async function openToldTenant({ url, apiKey }: Server, receiver: Receiver): Promise<string> {
  const make = async (path: string, body: object, key: string) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: "POST",
      headers: { "X-Api-Key": key, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text).data;
  };
  const { apiKey: toldKey } = await make("/tenants", { name: "told" }, apiKey);
  const { secret } = await make("/webhooks", { url: receiver.url, events: ["delta.verified"] }, toldKey);
  receiver.expect(secret);
  return toldKey;
}

/** Requests a second that so many clients get answered, in the second half of the time: in the first, everything warms up. */
async function mostOf(load: Load, seconds: number, signal: AbortSignal): Promise<number> {
  const half = performance.now() + seconds * 500;
  const end = half + seconds * 500;
  let done = 0;
  const client = async () => {
    while (performance.now() < end && !signal.aborted) {
      await load.act();
      if (performance.now() >= half) done += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  signal.throwIfAborted();
  return (done * 1_000) / (performance.now() - half);
}

type Steady = { server: Server; load: Load; rate: number; data: string };

/** Asks for so many requests a second, whether answers come or not, and samples every second. */
async function steady({ full, signal, say }: Settings, { server, load, rate, data }: Steady): Promise<Sample[]> {
  const seconds = (full ? SECONDS.full : SECONDS.part).load;
  const samples: Sample[] = [];
  const open = new Set<Promise<void>>();
  let asked = 0;
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1_000;
  for (let nextSample = 1; elapsed() < seconds; await sleep(TICK_MS, undefined, { signal })) {
    while (asked < elapsed() * rate && open.size < MOST_AT_ONCE) {
      asked += 1;
      const act: Promise<void> = load.act().finally(() => open.delete(act));
      open.add(act);
    }
    // Requests that found no room are not made up for later: the load is steady.
    asked = Math.max(asked, Math.floor(elapsed() * rate) - MOST_AT_ONCE);
    if (elapsed() < nextSample) continue;
    const taken = await sample(server, data, elapsed());
    samples.push(taken);
    nextSample = Math.floor(elapsed()) + 1;
    if (samples.length % SAY_EVERY_S === 0) say(lineOf(taken, open.size, load));
  }
  await Promise.all(open);
  return samples;
}

function lineOf(one: Sample, open: number, { failures }: Load): string {
  const { at, residentMb, handles, threads, databaseMb, walMb, lag, backlog, deliveriesPending } = one;
  const mb = (value: number) => `${value.toFixed(0)} MB`;
  return [
    `soak: ${at.toFixed(0)} s`,
    `resident ${mb(residentMb)}, database ${mb(databaseMb)}, WAL ${mb(walMb)}`,
    `${handles} handles, ${threads} threads, ${open} requests open`,
    `lag ${lag.toFixed(1)} s, backlog ${backlog}, ${deliveriesPending} deliveries wait`,
    `${failures.length} failures`,
  ].join(" · ");
}

/** Waits until everything is anchored and told. @returns what is not, in time. */
async function untilDone(
  { url }: Server,
  { load, receiver, signal }: { load: Load; receiver: Receiver; signal: AbortSignal },
): Promise<string[]> {
  const untold = () => [...load.told].filter((receiptId) => !receiver.receiptIds.has(receiptId));
  let backlog = Number.NaN;
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(100, undefined, { signal })) {
    const figures = await figuresOf(url);
    backlog = figures("tallyroot_anchor_backlog_deltas");
    if (backlog === 0 && untold().length === 0) return [];
  }
  return [
    `${PATIENCE_MS} ms after the load, ${backlog} deltas are in no anchor and ${untold().length} were told to nobody`,
  ];
}
