import type { DeriveInput } from "../../sdk/requests.ts";

/** Which part of a ledger is looked at. Months and days are UTC; the last day belongs to a range. */
export type Period =
  | { kind: "all" }
  | { kind: "this-month" }
  | { kind: "month"; month: string }
  | { kind: "range"; from: string; to: string };

/**
 * What of a ledger is shown; all of it is in the address, so that it can be kept and sent. Deltas are never taken away or put between
 * others, so a page is named by the delta that it begins with, and keeps its place whatever is recorded meanwhile.
 */
export type LedgerPlace = {
  period: Period;
  newestFirst: boolean;
  size: number;
  /** The first delta shown, counted from 1 within the period; undefined for the newest or the oldest, whichever comes first. */
  top: number | undefined;
  /** The delta whose details are open. */
  recordId: string | undefined;
};

export const SIZES = [25, 50, 100] as const;

const MONTH = /^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$/;
const DAY = /^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/;

/** What an address says; what it says wrongly counts for nothing. */
export function placeOf(params: URLSearchParams): LedgerPlace {
  const top = params.get("top") ?? "";
  return {
    period: periodOf(params),
    newestFirst: params.get("order") !== "oldest",
    size: SIZES.find((size) => String(size) === params.get("size")) ?? SIZES[0],
    top: /^[1-9][0-9]{0,14}$/.test(top) ? Number(top) : undefined,
    recordId: params.get("delta") ?? undefined,
  };
}

function periodOf(params: URLSearchParams): Period {
  const [month, from, to] = [params.get("period"), params.get("from"), params.get("to")];
  if (month === "this-month") return { kind: "this-month" };
  if (month !== null && MONTH.test(month)) return { kind: "month", month };
  if (from !== null && to !== null && DAY.test(from) && DAY.test(to)) return { kind: "range", from, to };
  return { kind: "all" };
}

export function paramsOf({ period, newestFirst, size, top, recordId }: LedgerPlace): URLSearchParams {
  return new URLSearchParams([
    ...periodParams(period),
    ...(newestFirst ? [] : [["order", "oldest"]]),
    ...(size === SIZES[0] ? [] : [["size", String(size)]]),
    ...(top === undefined ? [] : [["top", String(top)]]),
    ...(recordId === undefined ? [] : [["delta", recordId]]),
  ]);
}

function periodParams(period: Period): string[][] {
  if (period.kind === "all") return [];
  if (period.kind === "this-month") return [["period", "this-month"]];
  if (period.kind === "month") return [["period", period.month]];
  return [
    ["from", period.from],
    ["to", period.to],
  ];
}

/** The period as the API is asked for it. */
export function scopeOf(period: Period): Pick<DeriveInput, "period" | "timePreset" | "startDate" | "endDate"> {
  if (period.kind === "all") return {};
  if (period.kind === "this-month") return { timePreset: "current_month" };
  if (period.kind === "month") return { period: period.month };
  return { startDate: period.from, endDate: period.to };
}

/** The period in words, and as part of a file's name. */
export function periodName(period: Period): string {
  if (period.kind === "all") return "all time";
  if (period.kind === "this-month") return "this month";
  if (period.kind === "month") return period.month;
  return `${period.from} to ${period.to}`;
}
