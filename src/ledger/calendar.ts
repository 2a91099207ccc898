/** Windows of time in UTC, as Unix milliseconds: `from` belongs to a window, `to` no longer does. */
export type Window = { from: number; to: number };

export type Granularity = "day" | "week" | "month";

const DAY_MS = 86_400_000;

/** The window of a period `YYYY-MM`. */
export function monthWindow(period: string): Window {
  const [year, month] = period.split("-").map(Number) as [number, number];
  return { from: Date.UTC(year, month - 1), to: Date.UTC(year, month) };
}

/** The period `YYYY-MM` that a time is in. */
export function periodOf(time: number): string {
  return new Date(time).toISOString().slice(0, 7);
}

/** The start of the bucket that a time is in; weeks start on Monday (ISO 8601). */
function bucketStart(time: number, granularity: Granularity): number {
  if (granularity === "month") return monthWindow(periodOf(time)).from;
  const day = Math.floor(time / DAY_MS);
  // 1970-01-01 was a Thursday: day 4 was the first Monday.
  const start = granularity === "day" ? day : day - ((((day - 4) % 7) + 7) % 7);
  return start * DAY_MS;
}

function bucketEnd(start: number, granularity: Granularity): number {
  if (granularity === "month") return monthWindow(periodOf(start)).to;
  return start + (granularity === "day" ? DAY_MS : 7 * DAY_MS);
}

/** How many buckets a window has, which is told before they are made. */
export function bucketCount({ from, to }: Window, granularity: Granularity): number {
  return to <= from ? 0 : bucketNumber(to - 1, granularity) - bucketNumber(from, granularity) + 1;
}

/** Numbers the buckets of a granularity one by one. */
function bucketNumber(time: number, granularity: Granularity): number {
  const start = new Date(bucketStart(time, granularity));
  if (granularity === "month") return start.getUTCFullYear() * 12 + start.getUTCMonth();
  return Math.floor(start.getTime() / (granularity === "day" ? DAY_MS : 7 * DAY_MS));
}

/** The buckets of a window, in order; the first and the last are cut to it. */
export function buckets(window: Window, granularity: Granularity): Window[] {
  const found: Window[] = [];
  for (let from = window.from; from < window.to; ) {
    const to = Math.min(bucketEnd(bucketStart(from, granularity), granularity), window.to);
    found.push({ from, to });
    from = to;
  }
  return found;
}
