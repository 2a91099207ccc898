const STEPS = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
  [30, "day"],
  [12, "month"],
  [Number.POSITIVE_INFINITY, "year"],
] as const;

/** Seconds by which clocks differ and nobody minds. */
const CLOCKS_APART = 60;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "long" });

/** `2026-11-21T03:43:43.206Z` as `2026-11-21 03:43:43`. */
export function utcText(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

/** How long ago a moment was, in the largest unit that fits. Both in Unix milliseconds. */
export function ago(then: number, now: number): string {
  let count = (then - now) / 1000;
  // A chain's clock, or another machine's, may be a little ahead of this one.
  if (count > -2 && count < CLOCKS_APART) return "just now";
  for (const [many, unit] of STEPS) {
    if (Math.abs(count) < many) return relative.format(Math.trunc(count), unit);
    count /= many;
  }
  throw new Error("the last step holds everything");
}
