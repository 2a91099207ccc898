import type { ScopeView } from "../answers.ts";
import type { Moment } from "../checking.ts";
import type { ScopeInput, TimeInput } from "../requests.ts";
import { expect } from "./answer-failures.ts";
import { type KnownDelta, millisecondsOf } from "./known-deltas.ts";

/** How much this machine's clock may be ahead of the server's, in milliseconds. */
const CLOCK_LEAD_MS = 300_000;

/**
 * Whether an answer had to know a delta. It had to when the client knew it before it asked, or when the window was over by then. A window
 * that is still open grows between the answer and its check, and nothing follows from a delta that came since.
 */
export function mustBeKnown(
  { sequence }: KnownDelta,
  countThen: number,
  { to, sent }: { to: string; sent: Moment },
): boolean {
  return sequence <= countThen || millisecondsOf(to) < sent.milliseconds - CLOCK_LEAD_MS;
}

/** That the window is the one that was asked for, where it was named by month or dates. */
export function expectWindow(asked: Pick<ScopeInput, "period" | "startDate" | "endDate">, scope: ScopeView): void {
  const { period, startDate, endDate } = asked;
  if (period !== undefined) {
    const [year, month] = period.split("-").map(Number);
    const [from, to] = [month! - 1, month!].map((at) => new Date(Date.UTC(year!, at)).toISOString());
    expect(scope.from === from && scope.to === to, "NOT_WHAT_WAS_ASKED", `${period} was asked for`);
  }
  if (startDate !== undefined && endDate !== undefined) {
    const [from, to] = [timeOf(startDate, 0), timeOf(endDate, 86_400_000)];
    const same = millisecondsOf(scope.from) === from && millisecondsOf(scope.to) === to;
    expect(same, "NOT_WHAT_WAS_ASKED", "another window was asked for");
  }
}

/** @param wholeDay what a date without a time adds: as an end it is all of that day. */
function timeOf(time: TimeInput, wholeDay: number): number {
  if (time instanceof Date) return time.getTime();
  return Date.parse(time) + (time.length === 10 ? wholeDay : 0);
}
