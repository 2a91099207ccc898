import { z } from "zod";
import { cursor } from "./cursor.ts";
import { cursorPagination, offsetPagination } from "./derivation.ts";
import { customerId, fingerprint, isoTime, LIMITS, wholeNumber } from "./fields.ts";
import { periodMembers } from "./scope.ts";

/** `POST /balance/checkpoint`. Without a window: the current month. */
export const checkpointRequest = z.strictObject({
  customerId: customerId.optional(),
  ...periodMembers,
  mode: z.enum(["window", "selection"]).default("window"),
  fingerprints: z.array(fingerprint).min(1).max(LIMITS.selectionItems).optional(),
});

export const statementStatus = z.enum(["QUEUED", "PROCESSING", "VERIFIED"]);

/** A statement about one ledger. `merkleRoot` is the root over its deltas, `proofRoot` its fingerprint. */
export const checkpointView = z.object({
  checkpointId: z.string(),
  status: statementStatus,
  mode: z.enum(["window", "selection"]),
  proofRoot: fingerprint,
  merkleRoot: fingerprint,
  customerId: z.string().nullable(),
  ledgerIdentifier: z.string(),
  period: z.string().optional(),
  from: isoTime,
  to: isoTime,
  firstSequence: z.number(),
  deltasCount: z.number(),
  startingBalance: z.number(),
  startingBalanceExact: z.string(),
  endingBalance: z.number(),
  endingBalanceExact: z.string(),
  netChange: z.number(),
  netChangeExact: z.string(),
  createdAt: isoTime,
  verifyUrl: z.string(),
  verificationApiUrl: z.string(),
  idempotent: z.boolean().optional(),
});

export type CheckpointView = z.infer<typeof checkpointView>;

/** The statements of every customer that was active in a window. */
export const checkpointBatchView = z.object({
  checkpointId: z.string(),
  status: statementStatus,
  from: isoTime,
  to: isoTime,
  period: z.string().optional(),
  customersCount: z.number(),
  createdAt: isoTime,
  checkpoints: z.array(checkpointView),
  pagination: offsetPagination,
  idempotent: z.boolean().optional(),
});

export type CheckpointBatchView = z.infer<typeof checkpointBatchView>;

const page = { limit: wholeNumber(1, 1000, 25), offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0) };

/** The query of `GET /balance/checkpoints`. */
export const checkpointsQuery = z.strictObject({
  customerId: customerId.optional(),
  ...periodMembers,
  ...page,
  cursor,
});

/** The query of `GET /balance/checkpoints/:checkpointId`: which checkpoints of a batch to show. */
export const checkpointQuery = z.strictObject(page);

export const checkpointsView = z.object({ checkpoints: z.array(checkpointView), pagination: cursorPagination });

const statementId = z.string().regex(/^chk_[0-9a-z_]{1,64}$/, "must be a checkpointId");
export const checkpointParams = z.object({ checkpointId: statementId });

/** The query of `GET /balance/checkpoints/compare`. */
export const compareCheckpointsQuery = z.strictObject({ from: statementId, to: statementId });

/** A ledger's tree at one point: how many deltas, and their root (null before the first). */
const treeAt = z.object({ count: z.number(), root: fingerprint.nullable() });

export const checkpointComparison = z.object({
  from: checkpointView,
  to: checkpointView,
  change: z.object({ netChange: z.number(), netChangeExact: z.string(), deltasCount: z.number() }),
  consistency: z.object({ earlier: treeAt, later: treeAt, proof: z.array(fingerprint) }),
  consistencyUrl: z
    .string()
    .meta({ description: "The same as a file that verifies without this server, once both are VERIFIED." }),
});
