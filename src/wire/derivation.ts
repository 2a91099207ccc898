import { z } from "zod";
import { deltaView } from "./delta.ts";
import { amount, fingerprint, isoTime, LIMITS, wholeNumber } from "./fields.ts";

/** `limit` and `offset` of a list of deltas. */
export const deltaPage = {
  limit: wholeNumber(1, LIMITS.pageSize, 100),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0),
};

/** The query of `GET /balance/derive/:customerId`. */
export const deriveQuery = z.strictObject({ startingBalance: amount.default(0n), ...deltaPage });

export const offsetPagination = z.object({ total: z.number(), offset: z.number(), limit: z.number() });

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
  latestReceiptId: fingerprint,
  latestRecordId: z.string(),
  latestCheckpoint: z.null(),
  scope: z.object({ from: isoTime, to: isoTime }),
  deltas: z.array(deltaView),
  pagination: offsetPagination,
});

export type DerivationView = z.infer<typeof derivation>;
