import { z } from "zod";
import { deltaStatus } from "./delta.ts";
import { fingerprint, isoTime, wholeNumber } from "./fields.ts";

/** The query of `GET /verify/:fingerprint`: whom to believe. `db` is this server's record, `chain` asks the contract now. */
export const verifyQuery = z.strictObject({ source: z.enum(["db", "chain", "both"]).default("db") });

const head = z.object({ ledger: z.string(), count: z.string(), balance: z.string(), root: fingerprint });

export const verificationView = z.object({
  verified: z.boolean(),
  kind: z.literal("delta"),
  receiptId: fingerprint,
  recordedAt: isoTime,
  verifiedAt: isoTime.nullable(),
  status: deltaStatus,
  message: z.string(),
  summary: z.object({
    recordCount: z.number(),
    netChange: z.number(),
    startingBalance: z.number(),
    endingBalance: z.number(),
    firstRecordAt: isoTime,
    lastRecordAt: isoTime,
  }),
  records: z.array(z.object({ amount: z.number(), status: deltaStatus, time: isoTime })),
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
      proof: z.object({ ledgerProof: z.array(fingerprint), head, anchorProof: z.array(fingerprint) }),
    })
    .nullable(),
});

export type VerificationView = z.infer<typeof verificationView>;

export const chainView = z.object({
  chainId: z.number(),
  contract: z.string(),
  codeHash: fingerprint,
  log: fingerprint,
  publisher: z.string(),
  latestIndex: z.number(),
  confirmations: z.number(),
  rpcUrl: z.string().nullable(),
});

/** The query of `GET /anchors`. */
export const anchorsQuery = z.strictObject({ limit: wholeNumber(1, 1000, 25), offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0) });

export const anchorView = z.object({
  index: z.number(),
  root: fingerprint,
  size: z.number(),
  status: z.enum(["PREPARED", "SENT", "CONFIRMED"]),
  transactionHash: fingerprint.nullable(),
  blockNumber: z.number().nullable(),
  blockHash: fingerprint.nullable(),
  blockTime: isoTime.nullable(),
  createdAt: isoTime,
});

export const anchorsView = z.object({ anchors: z.array(anchorView), pagination: z.object({ total: z.number(), offset: z.number(), limit: z.number() }) });

export type AnchorView = z.infer<typeof anchorView>;
