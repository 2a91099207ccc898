/** How a part of a ledger is named. Times are Unix milliseconds; of a window, `from` belongs to it and `to` no longer does. */

/** A window as a request names it: a UTC month `YYYY-MM`, the current one, or from one time to another. */
export type NamedWindow =
  | { kind: "month"; period: string }
  | { kind: "current_month" }
  | { kind: "custom"; from: number; to: number };

/** A known point to start from instead of a time: a checkpoint, the root over its deltas, a delta, or a head in an anchor. */
export type StartingPoint = { type: "proofRoot" | "itemsRoot" | "recordId" | "anchorId"; id: string };

/** As of a time, which is not included, or after a sequence, which is. */
export type AsOf = { time: number } | { sequence: number };

/** A part of a ledger, from which balance, and how final. Amounts in units of 10^-18. */
export type ScopeRequest = {
  startingBalance: bigint | undefined;
  startingPoint: StartingPoint | undefined;
  window: NamedWindow | undefined;
  at: AsOf | undefined;
  granularity: "day" | "week" | "month" | undefined;
  finality: "recorded" | "verified";
};
