import type { Sample } from "./sample.ts";

/** A request that recorded one delta: seconds since the load began, and the milliseconds that it took. */
export type Taken = { readonly at: number; readonly ms: number };

/** What a run may grow by. Ratios are of the last tenth of the run over the second one: in the first, caches fill. */
export type Limits = {
  readonly resident: number;
  /** Handles may differ by so many connections as well. */
  readonly handles: number;
  readonly moreHandles: number;
  /** Megabytes of the WAL at any moment. */
  readonly walMb: number;
  /** Seconds, beside a ratio of two, that the lag of anchoring may grow by. */
  readonly moreLag: number;
  /** Median latency; null not to judge it. */
  readonly latency: number | null;
};

const TENTHS = 10;

export type Judged = { figures: Record<string, number>; failures: string[] };

/** Finds out whether what a server takes levels off. @param samples of the whole run, in order; at least ten. */
export function judge(samples: readonly Sample[], taken: readonly Taken[], limits: Limits): Judged {
  const [second, last] = [tenth(samples, 1), tenth(samples, TENTHS - 1)];
  const of = (part: readonly Sample[], name: keyof Sample) =>
    quantile(
      part.map((one) => one[name]),
      0.5,
    );
  const most = (name: keyof Sample) => Math.max(...samples.map((one) => one[name]));
  const failures: string[] = [];
  const grows = (name: keyof Sample, ratio: number, more: number) => {
    const [from, to] = [of(second, name), of(last, name)];
    if (to > from * ratio && to > from + more)
      failures.push(`${name} grew from ${from.toFixed(1)} in the second tenth to ${to.toFixed(1)} in the last`);
  };
  grows("residentMb", limits.resident, 0);
  grows("handles", limits.handles, limits.moreHandles);
  grows("threads", 1, 0);
  grows("lag", 2, limits.moreLag);
  if (most("walMb") > limits.walMb)
    failures.push(`the WAL had ${most("walMb").toFixed(0)} MB, where ${limits.walMb} are its bound`);
  const early = latencies(taken, samples, 0);
  const late = latencies(taken, samples, TENTHS - 1);
  const ratio = quantile(late, 0.5) / quantile(early, 0.5);
  if (limits.latency !== null && ratio > limits.latency)
    failures.push(`the median latency of the last tenth is ${ratio.toFixed(2)} times that of the first`);
  return {
    figures: {
      "p50 of the first tenth, ms": quantile(early, 0.5),
      "p50 of the last, ms": quantile(late, 0.5),
      "p99 of the first, ms": quantile(early, 0.99),
      "p99 of the last, ms": quantile(late, 0.99),
      "resident in the second tenth, MB": of(second, "residentMb"),
      "in the last, MB": of(last, "residentMb"),
      "handles in the second tenth": of(second, "handles"),
      "in the last": of(last, "handles"),
      "threads at most": most("threads"),
      "WAL at most, MB": most("walMb"),
      "database at the end, MB": samples.at(-1)!.databaseMb,
      "lag at most, s": most("lag"),
      "lag in the last tenth, s": of(last, "lag"),
      "backlog at most": most("backlog"),
    },
    failures,
  };
}

function latencies(taken: readonly Taken[], samples: readonly Sample[], number: number): number[] {
  const end = samples.at(-1)!.at;
  const [from, to] = [(end * number) / TENTHS, (end * (number + 1)) / TENTHS];
  return taken.filter(({ at }) => at >= from && at <= to).map(({ ms }) => ms);
}

function tenth<T>(list: readonly T[], number: number): readonly T[] {
  if (list.length < TENTHS) throw new RangeError(`${list.length} samples have no tenths`);
  return list.slice(Math.floor((list.length * number) / TENTHS), Math.floor((list.length * (number + 1)) / TENTHS));
}

/** 0 where there is nothing. */
export function quantile(list: readonly number[], share: number): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
