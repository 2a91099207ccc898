import type { WindowInput } from "../../sdk/requests.ts";
import { utcText } from "../look/times.ts";

/** Which part of time somebody chose. Dates are UTC days, both included. */
export type WindowChoice =
  | { kind: "all" }
  | { kind: "month"; period: string }
  | { kind: "dates"; startDate: string; endDate: string };

export const ALL_TIME: WindowChoice = { kind: "all" };

const MONTH = /^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$/;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** The UTC month of a moment, `YYYY-MM`. */
export function monthOf(time: number): string {
  return new Date(time).toISOString().slice(0, 7);
}

/** What an address says; all time where it says nothing that can be used. */
export function windowIn(query: URLSearchParams): WindowChoice {
  const period = query.get("period") === "this-month" ? monthOf(Date.now()) : query.get("period");
  if (period !== null && MONTH.test(period)) return { kind: "month", period };
  const [startDate, endDate] = [query.get("from") ?? "", query.get("to") ?? ""];
  if (DAY.test(startDate) && DAY.test(endDate)) return { kind: "dates", startDate, endDate };
  return ALL_TIME;
}

/** The same for an address: what is not chosen is null, to be taken out. */
export function windowMembers(choice: WindowChoice): Record<"period" | "from" | "to", string | null> {
  return {
    period: choice.kind === "month" ? choice.period : null,
    from: choice.kind === "dates" ? choice.startDate : null,
    to: choice.kind === "dates" ? choice.endDate : null,
  };
}

/** What to ask the server for. */
export function windowInput(choice: WindowChoice): WindowInput {
  if (choice.kind === "month") return { period: choice.period };
  if (choice.kind === "dates") return { startDate: choice.startDate, endDate: choice.endDate };
  return {};
}

/** What is wrong with a choice, in words. */
export function windowProblem(choice: WindowChoice): string | undefined {
  if (choice.kind === "month" && !MONTH.test(choice.period)) return "A month is a year and a month, such as 2026-11.";
  if (choice.kind !== "dates") return undefined;
  const { startDate, endDate } = choice;
  if (!DAY.test(startDate) || !DAY.test(endDate)) return "Choose the first and the last day.";
  return startDate > endDate ? "The last day is before the first." : undefined;
}

/** A window for a heading: a month by its name, anything else by its times. `to` is not included. */
export function windowText({ period, from, to }: { period?: string | undefined; from: string; to: string }): string {
  if (period !== undefined) return period;
  const [start, end] = [utcText(from), utcText(to)];
  return start.endsWith("00:00:00") && end.endsWith("00:00:00") ? daysText(from, to) : `${start} to before ${end} UTC`;
}

function daysText(from: string, to: string): string {
  const last = new Date(Date.parse(to) - 1).toISOString().slice(0, 10);
  const first = from.slice(0, 10);
  return first === last ? first : `${first} to ${last}`;
}

/** A choice for a heading. */
export function choiceText(choice: WindowChoice): string {
  if (choice.kind === "all") return "the whole history";
  return choice.kind === "month" ? choice.period : `${choice.startDate} to ${choice.endDate}`;
}
