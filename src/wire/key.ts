import { z } from "zod";
import { offsetPagination } from "./derivation.ts";
import { customerId, isoTime, LIMITS, wholeNumber } from "./fields.ts";

export const keyScope = z.enum(["admin", "write", "read"]);

const label = z
  .string()
  .max(LIMITS.labelLength)
  .refine((text) => text.isWellFormed(), "not well-formed Unicode")
  .meta({ description: "What the key is for, for people.", example: "billing backend" });

/** A time with its offset in, Unix milliseconds inside. */
const expiresAt = z.iso
  .datetime({ offset: true, error: "must be an ISO-8601 time with its offset" })
  .transform((text) => Date.parse(text));

/** `POST /keys`. With `customerId` the key reads this one customer and nothing else; it need not have a delta yet. */
export const keyRequest = z.strictObject({
  scope: keyScope,
  customerId: customerId.optional(),
  label: label.default(""),
  expiresAt: expiresAt.optional(),
});

/** `POST /keys/:publicId/rotate`. Without `label` and `expiresAt` the new key has those of the old one. */
export const rotateRequest = z
  .strictObject({
    overlapSeconds: z.int().min(0).max(LIMITS.keyOverlapSeconds).default(86_400),
    expiresAt: expiresAt.nullable().optional(),
    label: label.optional(),
  })
  .prefault({});

/**
 * An API key without its secret. `customerReference`: the one ledger that it reads, null for all of the tenant. `label`: null once that
 * ledger's content was erased.
 */
export const keyView = z.object({
  publicId: z.string(),
  scope: keyScope,
  customerReference: z.string().nullable(),
  label: z.string().nullable(),
  createdAt: isoTime,
  expiresAt: isoTime.nullable(),
  revokedAt: isoTime.nullable(),
  lastUsedAt: isoTime.nullable(),
});

/** The same with the key itself, once: a repeated request answers null, since the server does not have it any more. */
export const givenKeyView = keyView.extend({ apiKey: z.string().nullable(), idempotent: z.boolean().optional() });

/**
 * Whose key it is that asks. `customerId`: the one customer that it reads, null for a key of the whole tenant, and also where that
 * customer has no delta yet or was erased. `mode`: what new keys of this server begin with.
 */
export const currentKeyView = z.object({
  key: keyView,
  tenant: z.string(),
  customerId: z.string().nullable(),
  mode: z.enum(["test", "live"]),
});

export const keysQuery = z.strictObject({
  limit: wholeNumber(1, LIMITS.pageSize, 100),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0),
});

export const keysView = z.object({ keys: z.array(keyView), pagination: offsetPagination });

export type KeyView = z.infer<typeof keyView>;
