import { z } from "zod";
import { breakdownView, offsetPagination, scopeView } from "./derivation.ts";
import { amount, customerId, fingerprint, isoTime, LIMITS, referenceId } from "./fields.ts";
import { scopeMembers } from "./scope.ts";

/** Comparing what two parties have with the record. Every balance here is counted from `startingBalance`. */

const sequence = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** One line of a party's view: which delta, and what the party has for it. */
export const comparedEntry = z
  .strictObject({
    receiptId: fingerprint.optional(),
    recordId: z.string().min(1).max(128).optional(),
    referenceId: referenceId.optional(),
    sequence: sequence.optional(),
    delta: amount.optional().meta({ description: "The amount that the party has for this delta." }),
    balance: amount
      .optional()
      .meta({ description: "The party's balance after this delta, counted from startingBalance." }),
  })
  .refine(
    ({ receiptId, recordId, referenceId, sequence }) =>
      [receiptId, recordId, referenceId, sequence].filter((name) => name !== undefined).length === 1,
    "must name the delta by exactly one of receiptId, recordId, referenceId, sequence",
  );

/** A long list: its elements are looked at one by one, in steps, with `comparedEntry`. */
const entryList = z
  .custom<readonly unknown[]>((value) => Array.isArray(value), "must be a list of entries")
  .meta({
    type: "array",
    description: `What a party has, in its own order: at most ${LIMITS.comparedEntries} entries of both parties together.`,
    items: z.toJSONSchema(comparedEntry, { io: "input", unrepresentable: "any" }),
  });

const page = (preset: number) => ({
  limit: z.int().min(0).max(LIMITS.pageSize).default(preset),
  offset: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
});
const [confirmedPage, disputedPage] = [page(100), page(LIMITS.pageSize)];

/** The body of `POST /balance/compare`. */
export const compareRequest = z.strictObject({
  customerId,
  yourBalance: amount.optional(),
  theirBalance: amount.optional(),
  yours: entryList.optional(),
  theirs: entryList.optional(),
  ...scopeMembers,
  confirmedLimit: confirmedPage.limit,
  confirmedOffset: confirmedPage.offset,
  disputedLimit: disputedPage.limit,
  disputedOffset: disputedPage.offset,
});

export const disputeKind = z.enum([
  "MISSING",
  "EXTRA",
  "DIFFERENT_AMOUNT",
  "DIFFERENT_BALANCE",
  "DUPLICATE",
  "REORDERED",
  "NOT_ON_RECORD",
]);
const party = z.enum(["yours", "theirs"]);

/** A delta on which all views that were sent agree. */
export const confirmedDelta = z.object({
  sequence: z.number(),
  recordId: z.string(),
  receiptId: fingerprint,
  referenceId: z.string().nullable(),
  recordedAt: isoTime,
  delta: z.number(),
  deltaExact: z.string(),
  balance: z.number(),
  balanceExact: z.string(),
});

/** The names of the recorded delta that something is about; null where there is none. */
const place = {
  sequence: z.number(),
  recordId: z.string().nullable(),
  receiptId: fingerprint.nullable(),
  recordedAt: isoTime.nullable(),
};

/** A disagreement. `amount` is what it adds to the party's balance less the record's. */
export const disputeView = z.object({
  ...place,
  referenceId: z.string().nullable(),
  kind: disputeKind,
  party,
  amount: z.number(),
  amountExact: z.string(),
  /** What the record has. */
  recordedDelta: z.number().nullable(),
  recordedDeltaExact: z.string().nullable(),
  /** The index of the party's entry, and the entry as it was sent. */
  entry: z.number().nullable(),
  sent: z
    .object({
      receiptId: z.string().optional(),
      recordId: z.string().optional(),
      referenceId: z.string().optional(),
      sequence: z.number().optional(),
      delta: z.number().optional(),
      deltaExact: z.string().optional(),
      balance: z.number().optional(),
      balanceExact: z.string().optional(),
    })
    .nullable(),
});

/** The exact point: the first dispute in sequence order, with the record's balance on either side. */
export const divergenceView = z.object({
  ...place,
  kind: disputeKind,
  party,
  amount: z.number(),
  amountExact: z.string(),
  balanceBefore: z.number(),
  balanceBeforeExact: z.string(),
  balanceAfter: z.number(),
  balanceAfterExact: z.string(),
});

/** The data of `POST /balance/compare`. Counts and discrepancies cover everything, whatever page is shown. */
export const comparisonView = z.object({
  customerId: z.string(),
  ledgerIdentifier: z.string(),
  startingBalance: z.number(),
  computedBalance: z.number(),
  computedBalanceExact: z.string(),
  matchesYours: z.boolean().nullable(),
  matchesTheirs: z.boolean().nullable(),
  yourDiscrepancy: z.number().nullable(),
  yourDiscrepancyExact: z.string().nullable(),
  theirDiscrepancy: z.number().nullable(),
  theirDiscrepancyExact: z.string().nullable(),
  deltasCount: z.number(),
  confirmedCount: z.number(),
  disputedCount: z.number(),
  undecidedCount: z.number(),
  confirmed: z.array(confirmedDelta),
  disputed: z.array(disputeView),
  divergence: divergenceView.nullable(),
  message: z.string(),
  scope: scopeView,
  breakdown: breakdownView.optional(),
  pagination: z.object({ confirmed: offsetPagination, disputed: offsetPagination }),
});

export type ComparisonView = z.infer<typeof comparisonView>;
export type DisputeView = z.infer<typeof disputeView>;

/** The body of `POST /balance/compare/heads`: balances are the ledger's own running balances, from its first delta on. */
export const compareHeadsRequest = z.strictObject({
  customerId,
  heads: z
    .array(z.strictObject({ sequence, balance: amount.optional(), root: fingerprint.optional() }))
    .min(1)
    .max(LIMITS.comparedHeads),
});

export const comparedHeadsView = z.object({
  customerId: z.string(),
  ledgerIdentifier: z.string(),
  deltasCount: z.number(),
  heads: z.array(
    z.object({
      sequence: z.number(),
      /** On record, and nothing that was sent is different. */
      agrees: z.boolean(),
      onRecord: z.boolean(),
      /** Null where none was sent. */
      balanceAgrees: z.boolean().nullable(),
      rootAgrees: z.boolean().nullable(),
      /** What the record has; null where it has no such delta yet. */
      balance: z.number().nullable(),
      balanceExact: z.string().nullable(),
      root: fingerprint.nullable(),
    }),
  ),
});

export type ComparedHeadsView = z.infer<typeof comparedHeadsView>;
