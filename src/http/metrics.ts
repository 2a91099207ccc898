import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from "prom-client";
import type { Progress } from "../ledger/ports/progress.ts";
import type { Route } from "./route.ts";

/** What the checkpoint job knows of itself and of the chain. `chainHead`: the latest block that it saw. */
export type AnchoringFigures = { halted: boolean; rpcErrors: number; chainHead: number | null };

/** Where the figures come from: asked at each scrape, never in between. */
export type MetricSources = {
  progress: () => Promise<Progress>;
  anchoring: () => AnchoringFigures;
  /** Deliveries by state, such as `pending` and `parked`; left out where nothing is delivered. */
  webhooks?: () => Promise<Readonly<Record<string, number>>>;
  /** Unix milliseconds. */
  clock: () => number;
};

type Line = Pick<Route, "method" | "path">;

export type Metrics = {
  /** Notes one answer. `line`: its route or page, undefined where there was none. */
  answered(line: Line | undefined, method: string, status: number, milliseconds: number): void;
  /** Notes that the chain did not answer a request. */
  chainFailed(): void;
  contentType: string;
  text(): Promise<string>;
};

/** Upper ends of the latency buckets, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Labels are route patterns, methods and statuses: nothing that a caller chose, so their number is bounded and nobody is named. */
type Series = { labels: { route: string; method: string; status: number }; counts: number[]; sum: number };

/** The server's figures in the Prometheus text format. */
export function openMetrics(sources: MetricSources): Metrics {
  const collected = new Registry();
  collectDefaultMetrics({ register: collected });
  const figures = openFigures(collected);
  const latency = openLatency();
  // The library's own histogram hashes its labels at every observation; this one is put together when it is read.
  collected.registerMetric({ name: LATENCY.name, get: async () => latency.read() } as unknown as Metric);
  let failedRequests = 0;
  return {
    answered: latency.note,
    chainFailed() {
      failedRequests += 1;
    },
    contentType: collected.contentType,
    async text() {
      const [progress, webhooks] = [await sources.progress(), await sources.webhooks?.()];
      figures.set(progress, sources.anchoring(), failedRequests, webhooks ?? {}, sources.clock());
      return collected.metrics();
    },
  };
}

function openFigures(collected: Registry) {
  const registers = [collected];
  const gauge = (name: string, help: string) => new Gauge({ name: `tallyroot_${name}`, help, registers });
  const counter = (name: string, help: string) => new Counter({ name: `tallyroot_${name}`, help, registers });
  const recorded = counter("deltas_recorded_total", "Deltas on record.");
  const anchored = gauge(
    "deltas_anchored",
    "Deltas that confirmed anchors have taken in; less after a reorganisation.",
  );
  const backlog = gauge("anchor_backlog_deltas", "Deltas that no confirmed anchor has taken in yet.");
  const lag = gauge(
    "anchor_lag_seconds",
    "Age of the oldest delta that no confirmed anchor has taken in; 0 without one.",
  );
  const latest = gauge("anchor_index", "Index of the latest anchor that was made.");
  const confirmed = gauge("anchor_confirmed_index", "Index of the latest anchor that is confirmed.");
  const confirmedAt = gauge(
    "anchor_confirmed_timestamp_seconds",
    "When the latest anchor was confirmed, in Unix seconds.",
  );
  const halted = gauge("anchoring_halted", "1 when anchoring has stopped until somebody looks.");
  const head = gauge("chain_head_block", "Latest block of the chain that the checkpoint job saw.");
  const rpcErrors = counter(
    "rpc_errors_total",
    "Times that the chain did not answer, or not usefully, since the start.",
  );
  const webhookQueue = new Gauge({
    name: "tallyroot_webhook_deliveries",
    help: "Webhook deliveries by state.",
    labelNames: ["state"],
    registers,
  });
  return {
    set(
      progress: Progress,
      job: AnchoringFigures,
      failed: number,
      webhooks: Readonly<Record<string, number>>,
      now: number,
    ) {
      recorded.reset();
      recorded.inc(progress.recorded);
      anchored.set(progress.anchored);
      backlog.set(progress.recorded - progress.anchored);
      lag.set(progress.oldestPendingAt === null ? 0 : Math.max(0, now - progress.oldestPendingAt) / 1000);
      latest.set(progress.latestIndex);
      confirmed.set(progress.confirmedIndex);
      confirmedAt.set((progress.confirmedAt ?? 0) / 1000);
      halted.set(job.halted ? 1 : 0);
      head.set(job.chainHead ?? 0);
      rpcErrors.reset();
      rpcErrors.inc(job.rpcErrors + failed);
      webhookQueue.reset();
      for (const [state, count] of Object.entries(webhooks)) webhookQueue.set({ state }, count);
    },
  };
}

const LATENCY = {
  name: "tallyroot_http_request_duration_seconds",
  help: "Time from the head of a request to the end of its answer, by route pattern, method and status.",
};

function openLatency() {
  const series = new Map<Line | undefined, Map<string, Series>>();

  function seriesOf(line: Line | undefined, method: string, status: number): Series {
    const ofRoute = series.get(line) ?? new Map<string, Series>();
    series.set(line, ofRoute);
    // HEAD runs a route of GET; without a route the method is whatever somebody sent.
    const shown = line ? (method === "HEAD" ? "HEAD" : line.method) : "any";
    const name = `${shown} ${status}`;
    let found = ofRoute.get(name);
    if (!found) {
      const labels = { route: line?.path ?? "none", method: shown, status };
      found = { labels, counts: Array.from({ length: BUCKETS.length + 1 }, () => 0), sum: 0 };
      ofRoute.set(name, found);
    }
    return found;
  }

  return {
    note(line: Line | undefined, method: string, status: number, milliseconds: number): void {
      const one = seriesOf(line, method, status);
      const seconds = milliseconds / 1000;
      const bucket = BUCKETS.findIndex((end) => seconds <= end);
      one.counts[bucket === -1 ? BUCKETS.length : bucket]! += 1;
      one.sum += seconds;
    },
    read() {
      const all = [...series.values()].flatMap((ofRoute) => [...ofRoute.values()]);
      return { ...LATENCY, type: "histogram", aggregator: "sum", values: all.flatMap(linesOf) };
    },
  };
}

function linesOf({ labels, counts, sum }: Series) {
  let count = 0;
  const buckets = counts.map((inBucket, i) => {
    count += inBucket;
    return { metricName: `${LATENCY.name}_bucket`, labels: { le: BUCKETS[i] ?? "+Inf", ...labels }, value: count };
  });
  const name = (suffix: string) => `${LATENCY.name}_${suffix}`;
  return [
    ...buckets,
    { metricName: name("sum"), labels, value: sum },
    { metricName: name("count"), labels, value: count },
  ];
}
