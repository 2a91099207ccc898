import { z } from "zod";
import { cursor, nextCursor } from "./cursor.ts";
import { deltaView } from "./delta.ts";
import { fingerprint, isoTime, LIMITS, wholeNumber } from "./fields.ts";
import { scopeMembers } from "./scope.ts";

/** `limit` and `offset` of a list of deltas. */
export const deltaPage = {
  limit: wholeNumber(1, LIMITS.pageSize, 100),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0),
};

/** The query of `GET /balance/derive/:customerId`. */
export const deriveQuery = z.strictObject({ ...scopeMembers, ...deltaPage, cursor });

export const offsetPagination = z.object({ total: z.number(), offset: z.number(), limit: z.number() });

/** The same of a list that can be long. */
export const cursorPagination = offsetPagination.extend({ nextCursor });

/** A scope as it was understood. `to` is not included. */
export const scopeView = z.object({ from: isoTime, to: isoTime, period: z.string().optional() });

export const breakdownView = z.array(
  z.object({ from: isoTime, to: isoTime, netChange: z.number(), netChangeExact: z.string(), deltasCount: z.number() }),
);

/** The latest checkpoint of a ledger, in short. */
export const checkpointSummary = z.object({
  checkpointId: z.string(),
  proofRoot: fingerprint,
  status: z.enum(["QUEUED", "PROCESSING", "VERIFIED"]),
  from: isoTime,
  to: isoTime,
  endingBalance: z.number(),
  endingBalanceExact: z.string(),
});

/** What a ledger's record says. */
export const derivation = z.object({
  customerId: z.string(),
  ledgerIdentifier: z.string(),
  startingBalance: z.number(),
  computedBalance: z.number(),
  computedBalanceExact: z.string(),
  verifiedBalance: z.number(),
  deltasCount: z.number(),
  verifiedCount: z.number(),
  pendingCount: z.number(),
  latestReceiptId: fingerprint.nullable(),
  latestRecordId: z.string().nullable(),
  latestCheckpoint: checkpointSummary.nullable(),
  scope: scopeView,
  breakdown: breakdownView.optional(),
  deltas: z.array(deltaView),
  pagination: cursorPagination,
});

export type DerivationView = z.infer<typeof derivation>;
