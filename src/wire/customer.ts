import { z } from "zod";
import { cursor, nextCursor } from "./cursor.ts";
import { deltaStatus } from "./delta.ts";
import { checkpointSummary } from "./derivation.ts";
import { fingerprint, isoTime, LIMITS, wholeNumber } from "./fields.ts";
import { periodMembers } from "./scope.ts";

/** The query of `GET /balance/customers`. */
export const customersQuery = z.strictObject({
  search: z.string().max(LIMITS.customerIdLength).optional(),
  sort: z.enum(["firstDelta", "lastDelta", "deltas", "balance"]).default("firstDelta").meta({
    description:
      "What to order by: the time of the first or the last delta, how many there are, or the balance. Customer ids are stored sealed, so there is no order by them.",
  }),
  order: z.enum(["asc", "desc"]).default("asc"),
  page: wholeNumber(1, 1_000_000, 1),
  limit: wholeNumber(1, LIMITS.customersPageSize, 25),
  cursor,
});

/** The query of `GET /balance/customers/:customerId`. */
export const customerQuery = z.strictObject({
  deltaPage: wholeNumber(1, Number.MAX_SAFE_INTEGER, 1),
  deltaLimit: wholeNumber(1, LIMITS.pageSize, 20),
  period: periodMembers.period,
});

export const pagePagination = z.object({
  total: z.number(),
  page: z.number(),
  limit: z.number(),
  totalPages: z.number(),
});

/** `active`: its content can be read; `erased`: its content was erased and nothing was recorded since. */
export const customerStatus = z.enum(["active", "erased"]);

export const customerView = z.object({
  customerId: z.string().nullable(),
  ledgerIdentifier: z.string(),
  customerReference: z.string(),
  totalDeltas: z.number(),
  computedBalance: z.number(),
  computedBalanceExact: z.string(),
  firstDeltaAt: isoTime,
  lastDeltaAt: isoTime,
  status: customerStatus,
});

export const customersView = z.object({
  customers: z.array(customerView),
  pagination: pagePagination.extend({ nextCursor }),
});

export const customerDetail = customerView.extend({
  verifiedBalance: z.number(),
  latestCheckpoint: checkpointSummary.nullable(),
  recentActivity: z.object({
    items: z.array(
      z.object({
        delta: z.number(),
        deltaExact: z.string(),
        reason: z.string().nullable(),
        referenceId: z.string().nullable(),
        status: deltaStatus,
        time: isoTime,
        recordId: z.string(),
        receiptId: fingerprint,
        sequence: z.number(),
        verificationReference: fingerprint.nullable(),
      }),
    ),
    pagination: pagePagination,
  }),
});

export type CustomerView = z.infer<typeof customerView>;
export type CustomerDetail = z.infer<typeof customerDetail>;
