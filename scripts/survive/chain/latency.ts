/** Milliseconds by which a slower recording does not count: what the machine alone makes of it. */
const GRANTED_MS = 25;
/** How many times as slow as in quiet times recording may be. */
const MOST_TIMES = 2;
/** Recordings without which a percentile says nothing. */
const LEAST = 500;

/** The 99th percentile, 0 of nothing. */
export function p99(milliseconds: readonly number[]): number {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}

/** How much slower recording was than in quiet times, as a sentence where that is clearly too much. */
export function slowdown(during: readonly number[], quiet: readonly number[]): string[] {
  if (during.length < LEAST || quiet.length < LEAST) return [];
  const [slow, usual] = [p99(during), p99(quiet)];
  if (slow <= MOST_TIMES * usual || slow - usual <= GRANTED_MS) return [];
  return [`recording took ${slow.toFixed(1)} ms (p99), ${usual.toFixed(1)} ms in quiet times`];
}
