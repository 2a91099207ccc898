import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from "prom-client";
import type { Progress } from "../ledger/ports/progress.ts";
import type { Route } from "./route.ts";

/** What the checkpoint job knows of itself, of the chain and of the publisher's account; null is not known. */
export type AnchoringFigures = {
  halted: boolean;
  /** The code of what it waits for, or has halted for; null while all is well. */
  reason: string | null;
  rpcErrors: number;
  /** The latest block that it saw. */
  chainHead: number | null;
  balanceEther: number | null;
  /** Anchors that the balance pays for at the present fee. */
  anchorsLeft: number | null;
  feeGwei: number | null;
  /** Null where there is no ceiling. */
  ceilingGwei: number | null;
  aboveCeiling: boolean;
  /** RPC endpoints by state. */
  endpoints: Readonly<Record<string, number>>;
  /** Whether endpoints contradict one another about an anchor. */
  disputed: boolean;
  /** Age of the oldest transaction on its way; 0 without one. */
  oldestSentSeconds: number;
};

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
  const setChain = openChainFigures(collected);
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
      setChain(job);
      webhookQueue.reset();
      for (const [state, count] of Object.entries(webhooks)) webhookQueue.set({ state }, count);
    },
  };
}

/** How publishing is: what is not known has no value, rather than one that could be taken for it. */
function openChainFigures(collected: Registry): (job: AnchoringFigures) => void {
  const registers = [collected];
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name: `tallyroot_${name}`, help, labelNames, registers });
  const known = (name: string, help: string) => {
    const one = gauge(name, help);
    return (value: number | null) => (value === null ? one.remove() : one.set(value));
  };
  const balance = known("publisher_balance_ether", "Balance of the publisher's account.");
  const anchors = known("publisher_balance_anchors", "Anchors that this balance pays for at the present fee.");
  const fee = known("fee_gwei", "What a transaction pays per gas now.");
  const ceiling = known("fee_ceiling_gwei", "The most that anchoring pays per gas, where that is limited.");
  const above = gauge("fee_above_ceiling", "1 while the fee is above the ceiling, so that nothing is signed.");
  const endpoints = gauge("rpc_endpoints", "RPC endpoints by state.", ["state"]);
  const disputed = gauge("rpc_endpoints_disagree", "1 while endpoints contradict one another about an anchor.");
  const sent = gauge("oldest_transaction_seconds", "Age of the oldest transaction that is not final; 0 without one.");
  const reason = gauge("anchoring_reason", "1 for the code of what anchoring waits or has halted for.", ["reason"]);
  return (job) => {
    balance(job.balanceEther);
    anchors(job.anchorsLeft);
    fee(job.feeGwei);
    ceiling(job.ceilingGwei);
    above.set(job.aboveCeiling ? 1 : 0);
    for (const [state, count] of Object.entries(job.endpoints)) endpoints.set({ state }, count);
    disputed.set(job.disputed ? 1 : 0);
    sent.set(job.oldestSentSeconds);
    reason.reset();
    if (job.reason !== null) reason.set({ reason: job.reason }, 1);
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
