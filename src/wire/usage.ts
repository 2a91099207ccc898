import { z } from "zod";
import { isoTime, LIMITS, wholeNumber } from "./fields.ts";

/** `GET /balance/usage`. Without a quota, `allowed` and `remaining` are null and the plan is `unlimited`. */
export const usageView = z.object({
  allowed: z.number().nullable(),
  remaining: z.number().nullable(),
  used: z.number(),
  period: z.string().meta({ description: "The current UTC month.", example: "2026-11" }),
  plan: z.enum(["unlimited", "monthly"]),
});

const limits = Object.keys(LIMITS) as (keyof typeof LIMITS)[];

/** `GET /balance/limits`. */
export const limitsView = z.object({
  ...(Object.fromEntries(limits.map((name) => [name, z.number()])) as Record<keyof typeof LIMITS, z.ZodNumber>),
  maxScopeMonths: z.number(),
  maxLastNDays: z.number(),
  maxGapSequences: z.number(),
  maxComparedDeltas: z.number(),
  maxRetentionDays: z.null().meta({ description: "Null: the record is kept for ever." }),
  deltasPerMonth: z.number().nullable(),
});

/** `GET /balance/gaps/:customerId`. `limit` counts the gaps that are told. */
export const gapsQuery = z.strictObject({
  fromSequence: wholeNumber(1, Number.MAX_SAFE_INTEGER, 1),
  toSequence: wholeNumber(1, Number.MAX_SAFE_INTEGER, 1).unwrap().optional(),
  limit: wholeNumber(1, LIMITS.pageSize, 100),
});

export const gapsView = z.object({
  customerId: z.string(),
  ledgerIdentifier: z.string(),
  expected: z.number(),
  present: z.number(),
  hasGaps: z.boolean(),
  gaps: z.array(z.object({ from: z.number(), to: z.number() })),
});

/** `GET /balance/customers/summary`. `activeCustomers`: with a delta in the last 30 days. */
export const summaryView = z.object({
  customers: z.number(),
  activeCustomers: z.number(),
  totalDeltas: z.number(),
  verifiedDeltas: z.number(),
  pendingDeltas: z.number(),
  failedDeltas: z.number(),
  netBalance: z.number(),
  netBalanceExact: z.string(),
});

/** `DELETE /balance/customers/:customerId/content`. */
export const erasureView = z.object({
  customerId: z.string(),
  ledgerIdentifier: z.string(),
  erasedDeltas: z.number(),
  erasedAt: isoTime,
});
