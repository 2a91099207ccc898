import { z } from "zod";
import { checkpointView } from "./checkpoint.ts";
import { deltaStatus } from "./delta.ts";
import { deltaPage, offsetPagination } from "./derivation.ts";
import { fingerprint, isoTime } from "./fields.ts";
import { periodMembers } from "./scope.ts";

/** The query of an invoice's statement. Without a window: the current month. */
export const invoiceQuery = z.strictObject({ ...periodMembers, ...deltaPage });

/** The statement for an invoice: what goes on the invoice, and the lines behind it. */
export const invoiceView = z.object({
  customerId: z.string(),
  ledgerIdentifier: z.string(),
  period: z.string().optional(),
  from: isoTime,
  to: isoTime,
  status: z.enum(["QUEUED", "PROCESSING", "VERIFIED"]),
  proofRoot: fingerprint,
  merkleRoot: fingerprint,
  verifyUrl: z.string(),
  verificationApiUrl: z.string(),
  startingBalance: z.number(),
  startingBalanceExact: z.string(),
  endingBalance: z.number(),
  endingBalanceExact: z.string(),
  netChange: z.number(),
  netChangeExact: z.string(),
  deltasCount: z.number(),
  checkpoint: checkpointView,
  lines: z.array(
    z.object({
      sequence: z.number(),
      recordId: z.string(),
      receiptId: fingerprint,
      time: isoTime,
      delta: z.number(),
      deltaExact: z.string(),
      balance: z.number(),
      balanceExact: z.string(),
      reason: z.string().nullable(),
      referenceId: z.string().nullable(),
      status: deltaStatus,
    }),
  ),
  pagination: offsetPagination,
});
