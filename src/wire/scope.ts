import { z } from "zod";
import { TallyrootError } from "../core/errors.ts";
import type { AsOf, NamedWindow, ScopeRequest, StartingPoint } from "../core/scope.ts";
import { amount } from "./fields.ts";

/** How a request names the part of a ledger that it is about. */

const period = z
  .string()
  .regex(/^(?!9999)(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$/, "must be a month as YYYY-MM, from 1970-01 on")
  .meta({ description: "A UTC month.", example: "2026-11" });

/** A date, which is all of that day, or a time. */
const dateOrTime = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], "must be YYYY-MM-DD or an ISO-8601 time")
  .meta({ description: "A UTC day (as endDate: to its end), or a time (as endDate: not included)." });

const at = z
  .union(
    [z.iso.datetime({ offset: true }), z.string().regex(/^[1-9][0-9]{0,15}$/), z.int().min(1)],
    "must be a time or a sequence",
  )
  .meta({ description: "As of this time (not included) or after this sequence." });

export const periodMembers = {
  period: period.optional(),
  timePreset: z.enum(["current_month", "custom"]).optional(),
  startDate: dateOrTime.optional(),
  endDate: dateOrTime.optional(),
};

export const scopeMembers = {
  startingBalance: amount.optional(),
  startingCheckpoint: z.string().min(1).max(128).optional(),
  startingCheckpointType: z.enum(["proofRoot", "itemsRoot", "recordId", "anchorId"]).optional(),
  ...periodMembers,
  granularity: z.enum(["day", "week", "month"]).optional(),
  at: at.optional(),
  finality: z.enum(["recorded", "verified"]).default("recorded"),
};

const DAY_MS = 86_400_000;
/** The last millisecond that ISO 8601 writes with four digits of a year. */
const LATEST = Date.UTC(10_000, 0) - 1;

type PeriodInput = {
  period?: string | undefined;
  timePreset?: "current_month" | "custom" | undefined;
  startDate?: string | undefined;
  endDate?: string | undefined;
};

/**
 * The window that a request names; undefined when it names none.
 *
 * @throws TallyrootError INVALID_SCOPE_COMBINATION for ways of naming it that exclude each other, or half of one.
 */
export function namedWindow({ period, timePreset, startDate, endDate }: PeriodInput): NamedWindow | undefined {
  const dates = startDate !== undefined || endDate !== undefined;
  if (period !== undefined && (timePreset !== undefined || dates))
    throw excluded("period", timePreset !== undefined ? "timePreset" : "dates");
  if (period !== undefined) return { kind: "month", period };
  if (timePreset === "current_month" && dates) throw excluded("timePreset=current_month", "dates");
  if (timePreset === "current_month") return { kind: "current_month" };
  if (!dates && timePreset === undefined) return undefined;
  if (startDate === undefined || endDate === undefined) {
    throw new TallyrootError("INVALID_SCOPE_COMBINATION", "a custom scope needs startDate and endDate", {
      needs: ["startDate", "endDate"],
    });
  }
  const from = Date.parse(startDate);
  const to = Math.min(Date.parse(endDate) + (endDate.length === 10 ? DAY_MS : 0), LATEST);
  if (from < 0) throw wrongStart("must not be before 1970");
  if (from >= to) throw wrongStart("must be before endDate");
  return { kind: "custom", from, to };
}

function wrongStart(message: string): TallyrootError {
  return new TallyrootError("VALIDATION_ERROR", `startDate: ${message}`, { issues: [{ path: "startDate", message }] });
}

function excluded(one: string, other: string): TallyrootError {
  return new TallyrootError("INVALID_SCOPE_COMBINATION", `${one} and ${other} exclude each other`, {
    excludes: [one, other],
  });
}

type ScopeInput = PeriodInput & {
  startingBalance?: bigint | undefined;
  startingCheckpoint?: string | undefined;
  startingCheckpointType?: StartingPoint["type"] | undefined;
  granularity?: ScopeRequest["granularity"];
  at?: string | number | undefined;
  finality: ScopeRequest["finality"];
};

/**
 * The scope that a request names.
 *
 * @throws TallyrootError INVALID_SCOPE_COMBINATION
 */
export function scopeOf(input: ScopeInput): ScopeRequest {
  const window = namedWindow(input);
  const { startingCheckpoint, startingCheckpointType } = input;
  if (startingCheckpointType !== undefined && startingCheckpoint === undefined) {
    throw new TallyrootError("INVALID_SCOPE_COMBINATION", "startingCheckpointType needs startingCheckpoint", {
      needs: ["startingCheckpoint"],
    });
  }
  if (startingCheckpoint !== undefined && window !== undefined)
    throw excluded("startingCheckpoint", "period, timePreset and dates");
  if (input.at !== undefined && window !== undefined) throw excluded("at", "period, timePreset and dates");
  return {
    startingBalance: input.startingBalance,
    startingPoint:
      startingCheckpoint === undefined
        ? undefined
        : { type: startingCheckpointType ?? "proofRoot", id: startingCheckpoint },
    window,
    at: input.at === undefined ? undefined : asOf(input.at),
    granularity: input.granularity,
    finality: input.finality,
  };
}

function asOf(at: string | number): AsOf {
  return typeof at === "number" || /^[0-9]+$/.test(at) ? { sequence: Number(at) } : { time: Date.parse(at) };
}
