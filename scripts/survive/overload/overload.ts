import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../../processes.ts";
import type { Drill, Fault, Settings } from "../drill.ts";
import { auditFailures } from "../examine.ts";
import { residentBytes } from "../fuzz/memory.ts";
import { type Server, startServer } from "../server.ts";
import { idleConnections, slowReceivers } from "./beside.ts";
import { metricOf } from "./metric.ts";
import type { Offer, Offered } from "./offer.ts";
import { medianOf, slowestOf, startProbes } from "./probe.ts";
import { streamFor } from "./streams.ts";

const PROGRAM = fileURLToPath(new URL("./offer.ts", import.meta.url));
const TIMES = 3;
const CLOSED = { single: 64, batch: 4 } as const;
const OPEN = { single: 4_000, batch: 64 } as const;
const BATCH = 1_000;
const CUSTOMERS = 1_000;
const STREAMS = 64;
/** How much slower than before the server may be when it counts as itself again. */
const NORMAL_TIMES = 4;
const NORMAL_LEAST_MS = 50;
const NORMAL_PROBES = 10;
/** What is demanded. A small run is made on machines that others use too: it judges no speed, but that the server comes back at all. */
const DEMANDS = {
  full: { seconds: 60, peakSeconds: 15, throughput: 0.8, p99: 2_000, normalWithinMs: 5_000, memoryMb: 400 },
  small: {
    seconds: 5,
    peakSeconds: 3,
    throughput: 0,
    p99: Number.POSITIVE_INFINITY,
    normalWithinMs: 60_000,
    memoryMb: 400,
  },
} as const;

type Demands = (typeof DEMANDS)["full" | "small"];
type Ground = Pick<Settings, "dir" | "signal" | "say"> & { server: Server; demands: Demands };
type Kind = keyof typeof CLOSED;

/** Three times as much as the server can do, of each kind of recording. */
export const overload: Drill = {
  name: "overload",
  about: "three times the load that is sustained, endless streams, slow receivers of webhooks, idle connections",
  async run({ full, dir, signal, say }) {
    const demands = DEMANDS[full ? "full" : "small"];
    const data = join(dir, "data");
    const settings = { TALLYROOT_WEBHOOK_ALLOW_PRIVATE: "true", TALLYROOT_ANCHOR_INTERVAL_MS: "2000" };
    const server = await startServer({ dir: data, signal, settings });
    const ground = { dir, signal, say, server, demands };
    writeBodies(dir);
    await offer(ground, "single", { connections: CLOSED.single, perSecond: null, seconds: demands.peakSeconds });
    const faults: Fault[] = [];
    const done = (fault: Fault) => {
      say(`${fault.name}: done`);
      faults.push(fault);
    };
    for (const kind of ["single", "batch"] as const) done(await overloadOf(ground, kind));
    done(await streamsFault(ground));
    const load = { connections: CLOSED.single, perSecond: null, seconds: demands.peakSeconds };
    const beside = {
      ...{ server, signal, least: demands.throughput },
      reach: async () => (await offer(ground, "single", load)).perSecond,
    };
    done(await slowReceivers(beside));
    done(await idleConnections(beside));
    const failures = await auditFailures(data, server.rpcUrl, signal);
    await server.stop();
    return [...faults, { name: "the record after overload", tries: 1, figures: {}, failures }];
  },
};

function bodiesOf(dir: string, kind: Kind): string {
  return join(dir, `${kind}.lines`);
}

function writeBodies(dir: string): void {
  const delta = (i: number) =>
    `{"customerId":"load_${(i * 7919) % CUSTOMERS}","delta":"-0.${(i % 999) + 1}","reason":"llm_request","referenceId":"req-${i}","metadata":{"promptTokens":${i % 977}}}`;
  const singles = Array.from({ length: 5_000 }, (_, i) => delta(i));
  const batches = Array.from(
    { length: 8 },
    (_, b) => `{"deltas":[${Array.from({ length: BATCH }, (_, i) => delta(b * BATCH + i)).join(",")}]}`,
  );
  writeFileSync(bodiesOf(dir, "single"), singles.join("\n"));
  writeFileSync(bodiesOf(dir, "batch"), batches.join("\n"));
}

async function offer(
  { dir, server, signal }: Ground,
  kind: Kind,
  load: Pick<Offer, "connections" | "perSecond" | "seconds">,
): Promise<Offered & { acknowledged: number; perSecond: number }> {
  const path = kind === "single" ? "/api/v1/balance/delta" : "/api/v1/balance/delta/batch";
  const headers = { "X-Api-Key": server.apiKey, "Content-Type": "application/json" };
  const task: Offer = { url: server.url, path, headers, file: bodiesOf(dir, kind), ...load };
  const args = [PROGRAM, JSON.stringify(task)];
  const offered = JSON.parse(await runToEnd({ command: process.execPath, args, signal })) as Offered;
  const acknowledged = offered.byStatus["201"] ?? 0;
  return { ...offered, acknowledged, perSecond: acknowledged / offered.seconds };
}

async function overloadOf(ground: Ground, kind: Kind): Promise<Fault> {
  const { server, demands, say, signal } = ground;
  const size = kind === "single" ? 1 : BATCH;
  const closed = { connections: CLOSED[kind], perSecond: null, seconds: demands.peakSeconds };
  const recordedBefore = await metricOf(server, "deltas_recorded_total");
  const probes = startProbes(server);
  await sleep(2_000, undefined, { signal });
  const normal = Math.max(NORMAL_LEAST_MS, medianOf(probes.deltas) * NORMAL_TIMES);
  const before = await offer(ground, kind, closed);
  say(`${kind}: ${Math.round(before.perSecond * size)} deltas/s are sustained`);
  const loadedFrom = performance.now();
  const over = await offer(ground, kind, {
    connections: OPEN[kind],
    perSecond: before.perSecond * TIMES,
    seconds: demands.seconds,
  });
  const ended = performance.now();
  const calmAt = await calm(probes.deltas, { since: ended, within: demands.normalWithinMs, normal, signal });
  const operators = probes.operators.filter(({ at }) => at >= loadedFrom && at <= ended);
  // What else runs on the machine changes: the peak is what was reached before and after.
  const after = await offer(ground, kind, closed);
  await probes.stop();
  const recorded = (await metricOf(server, "deltas_recorded_total")) - recordedBefore;
  const peak = (before.perSecond + after.perSecond) / 2;
  const probed = probes.deltas.filter(({ status }) => status === 201).length;
  const acknowledged = (before.acknowledged + over.acknowledged + after.acknowledged) * size + probed;
  const unanswered = (before.unanswered + over.unanswered + after.unanswered) * size + probes.deltas.length - probed;
  const others = Object.keys(over.byStatus).filter((status) => status !== "201" && status !== "503");
  const share = over.perSecond / peak;
  const failures = [
    ...others.map((status) => `${over.byStatus[status]} answers ${status}`),
    ...(over.withoutRetryAfter > 0 ? [`${over.withoutRetryAfter} refusals without Retry-After`] : []),
    ...(share < demands.throughput ? [`${over.perSecond * size} deltas/s of ${peak * size} when not overloaded`] : []),
    ...(kind === "single" && over.sentP99 > demands.p99 ? [`what was let in took ${over.sentP99} ms (p99)`] : []),
    ...(calmAt === undefined ? [`not itself again within ${demands.normalWithinMs} ms: slower than ${normal} ms`] : []),
    ...operators.filter(({ status }) => status !== 200).map(({ path, status }) => `${path} was ${status}`),
    ...(recorded < acknowledged ? [`${acknowledged} deltas were acknowledged, ${recorded} are on record`] : []),
    ...(recorded > acknowledged + unanswered ? [`${recorded} deltas are on record, ${acknowledged} acknowledged`] : []),
  ];
  const figures = {
    "throughput of its peak": share,
    "p99 of admitted ms": over.sentP99,
    "p99 of refused ms": over.refusedP99,
    refused: over.byStatus["503"] ?? 0,
    acknowledged: over.acknowledged * size,
    "seconds until normal": ((calmAt ?? Number.POSITIVE_INFINITY) - ended) / 1000,
    "slowest of probes and metrics ms": slowestOf(operators),
  };
  return {
    name: `three times the load, ${kind === "single" ? "single deltas" : "batches"}`,
    tries: over.due,
    figures,
    failures,
  };
}

/** When, after a time, so many probes in a row were as fast as before; undefined when that was not in time. */
async function calm(
  probed: readonly { at: number; milliseconds: number; status: number }[],
  { since, within, normal, signal }: { since: number; within: number; normal: number; signal: AbortSignal },
): Promise<number | undefined> {
  for (;;) {
    const later = probed.filter(({ at }) => at >= since);
    const last = later.findLastIndex(({ milliseconds, status }) => milliseconds > normal || status !== 201);
    if (later.length - last > NORMAL_PROBES) return later[last + 1]!.at;
    if (performance.now() - since > within + NORMAL_PROBES * normal) return undefined;
    await sleep(NORMAL_LEAST_MS, undefined, { signal });
  }
}

/** Streams are slowed down, not refused, and take no memory for what has not been recorded yet. */
async function streamsFault({ server, demands }: Ground): Promise<Fault> {
  const before = residentBytes(server.pid);
  let highest = before;
  const looking = setInterval(() => {
    highest = Math.max(highest, residentBytes(server.pid));
  }, 200);
  const all = await Promise.all(
    Array.from({ length: STREAMS }, (_, i) => streamFor(server, `stream_${i}`, demands.seconds * 1_000)),
  );
  clearInterval(looking);
  const grown = (highest - before) / 2 ** 20;
  const sum = (count: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + count(one), 0);
  const [sent, recorded, refused] = [sum((one) => one.sent), sum((one) => one.recorded), sum((one) => one.refused)];
  const cut = all.filter(({ isWhole }) => !isWhole).length;
  const failures = [
    ...(refused > 0 ? [`${refused} lines were refused`] : []),
    ...(recorded !== sent ? [`${sent} lines were sent, ${recorded} answered as recorded`] : []),
    ...(cut > 0 ? [`${cut} streams were not answered to their end`] : []),
    ...(grown > demands.memoryMb ? [`the server grew by ${grown} MB`] : []),
  ];
  return { name: "endless streams", tries: STREAMS, figures: { recorded, "MB more": Math.max(0, grown) }, failures };
}
