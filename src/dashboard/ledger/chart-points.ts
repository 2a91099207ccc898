import { formatAmount, parseAmount } from "../../core/amount.ts";
import type { Breakdown, ComparedHead, ScopeView } from "../../sdk/answers.ts";

/** A point of the chart: what the ledger stood at, as exact text, and when or after which delta. */
export type ChartPoint = { at: string; exact: string; deltas: number };

type Granularity = "day" | "week" | "month";

const DAY_MS = 86_400_000;
/** The most days, and the most weeks, that are drawn one by one. */
const MOST_DAYS = 92;
const MOST_WEEKS = 105;
/** Below this many days a chart of days has nothing to show: it is drawn delta by delta. */
const FEWEST_DAYS = 3;
/** Deltas that are drawn of a short period: of more, as many, evenly. */
const SAMPLES = 120;

/** Which stretches a window is drawn by; null for one so short that it is drawn by deltas. */
export function granularityOf({ from, to }: ScopeView): Granularity | null {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  if (days < FEWEST_DAYS) return null;
  return days <= MOST_DAYS ? "day" : days <= MOST_WEEKS * 7 ? "week" : "month";
}

/**
 * The balance after each stretch: the running sum, exactly. What has not begun yet is left out.
 *
 * @param now Unix milliseconds.
 */
export function pointsOfBreakdown(opening: string, breakdown: Breakdown, now: number): ChartPoint[] {
  let balance = parseAmount(opening);
  const begun = breakdown.filter(({ from }) => Date.parse(from) <= now);
  return begun.map(({ to, netChangeExact, deltasCount }) => {
    balance += parseAmount(netChangeExact);
    // The last millisecond that belongs to the stretch names its day.
    const at = new Date(Date.parse(to) - 1).toISOString().slice(0, 10);
    return { at, exact: formatAmount(balance), deltas: deltasCount };
  });
}

/** The sequences that a short period is drawn by: its first and last delta, and evenly between. */
export function sampledSequences(first: number, count: number): number[] {
  if (count <= SAMPLES) return Array.from({ length: count }, (_, i) => first + i);
  return Array.from({ length: SAMPLES }, (_, i) => first + Math.round((i * (count - 1)) / (SAMPLES - 1)));
}

/** The balance after each of the deltas that were asked for. */
export function pointsOfHeads(heads: readonly ComparedHead[]): ChartPoint[] {
  return heads.flatMap(({ sequence, balanceExact }, i) =>
    balanceExact === null
      ? []
      : [{ at: `delta ${sequence}`, exact: balanceExact, deltas: sequence - (heads[i - 1]?.sequence ?? sequence - 1) }],
  );
}

/**
 * How high a point is drawn. The only place where an amount becomes a double, for its pixels; the exact text is what people read.
 */
export function heightOf(exact: string): number {
  return Number(exact);
}
