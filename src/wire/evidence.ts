import { z } from "zod";
import { cursor } from "./cursor.ts";
import { deltaStatus, deltaView } from "./delta.ts";
import { cursorPagination, offsetPagination } from "./derivation.ts";
import { fingerprint, isoTime, LIMITS, wholeNumber } from "./fields.ts";

/** The query of `GET /verify/:fingerprint`: whom to believe (`db` is this server's record, `chain` asks the contract now), and which records to show. */
export const verifyQuery = z.strictObject({
  source: z.enum(["db", "chain", "both"]).default("db"),
  limit: wholeNumber(1, LIMITS.pageSize, 100),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0),
});

/** The query of a receipt: whether a checkpoint's receipt lists the deltas of its window. */
export const receiptQuery = z.strictObject({ deltas: z.enum(["true", "false"]).default("false") });

/** The query of `GET /consistency`: two states of one ledger, in any order, each named by a receiptId or a proofRoot. */
export const consistencyQuery = z.strictObject({ from: fingerprint, to: fingerprint });

const head = z.object({ ledger: z.string(), count: z.string(), balance: z.string(), root: fingerprint });

const checkpointFields = z.object({
  ledger: z.string(),
  from: z.string(),
  to: z.string(),
  firstSequence: z.string(),
  count: z.string(),
  openingBalance: z.string(),
  closingBalance: z.string(),
  root: fingerprint,
});

const selectionFields = z.object({ ledger: z.string(), count: z.string(), netChange: z.string(), root: fingerprint });

/** A delta as the public sees it: amount and time; reason and reference only where the operator shows them. */
const publicRecord = z.object({
  amount: z.number(),
  amountExact: z.string(),
  status: deltaStatus,
  time: isoTime,
  reason: z.string().nullable().optional(),
  referenceId: z.string().nullable().optional(),
});

export const verificationView = z.object({
  verified: z.boolean(),
  kind: z.enum(["delta", "checkpoint"]),
  receiptId: fingerprint.optional(),
  proofRoot: fingerprint.optional(),
  recordedAt: isoTime,
  verifiedAt: isoTime.nullable(),
  status: deltaStatus,
  message: z.string(),
  summary: z.object({
    recordCount: z.number(),
    netChange: z.number(),
    startingBalance: z.number(),
    endingBalance: z.number(),
    firstRecordAt: isoTime.nullable(),
    lastRecordAt: isoTime.nullable(),
  }),
  records: z.array(publicRecord),
  pagination: offsetPagination,
  contentHash: fingerprint,
  proofHash: fingerprint,
  verification: z
    .object({
      verificationReference: fingerprint,
      verificationApiUrl: z.string(),
      verificationExplorerUrl: z.string().nullable(),
      chainId: z.number(),
      contract: z.string(),
      log: fingerprint,
      index: z.number(),
      root: fingerprint,
      blockNumber: z.number(),
      blockHash: fingerprint,
      proof: z.object({
        ledgerProof: z.array(fingerprint).optional(),
        head: head.optional(),
        checkpoint: checkpointFields.optional(),
        selection: selectionFields.optional(),
        anchorProof: z.array(fingerprint),
      }),
    })
    .nullable(),
});

export type VerificationView = z.infer<typeof verificationView>;

/** What makes an anchor final: a number of blocks, or the chain's own word for its block. */
const finality = z.enum(["confirmations", "finalized", "safe"]).meta({
  description: "What makes an anchor final: the number of its confirmations, or that the chain calls its block so.",
});

export const chainView = z.object({
  chainId: z.number(),
  contract: z.string(),
  codeHash: fingerprint,
  log: fingerprint,
  publisher: z.string(),
  latestIndex: z.number(),
  confirmations: z.number().meta({
    description: "Blocks from its own on that an anchor has for certain once it is final.",
  }),
  finality,
  rpcUrl: z.string().nullable(),
});

/** The query of `GET /anchors`. */
export const anchorsQuery = z.strictObject({
  limit: wholeNumber(1, 1000, 25),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0),
  cursor,
});

export const anchorView = z.object({
  index: z.number(),
  root: fingerprint,
  size: z.number(),
  status: z.enum(["PREPARED", "SENT", "CONFIRMED"]),
  transactionHash: fingerprint.nullable(),
  blockNumber: z.number().nullable(),
  blockHash: fingerprint.nullable(),
  blockTime: isoTime.nullable(),
  confirmations: z
    .number()
    .nullable()
    .meta({ description: "Blocks from the anchor's on, itself included, as the checkpoint job last saw the chain." }),
  gasUsed: z.number().nullable().meta({
    description:
      "Gas that the anchor's transaction used; null until it is confirmed, and for anchors from before the gas was kept.",
  }),
  createdAt: isoTime,
});

export const anchorsView = z.object({
  anchors: z.array(anchorView),
  finality,
  pagination: cursorPagination,
});

export type AnchorView = z.infer<typeof anchorView>;

/** The query of `GET /balance/customers/:customerId/receipts`. */
export const receiptListQuery = z.strictObject({
  limit: wholeNumber(1, LIMITS.pageSize, 25),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0),
  cursor,
});

export const receiptListView = z.object({ receipts: z.array(deltaView), pagination: cursorPagination });
