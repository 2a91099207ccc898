import { z } from "zod";
import { parseAmount, parseDeltaAmount } from "../core/amount.ts";
import { utf8 } from "../core/bytes.ts";
import { type Json, MAX_JSON_DEPTH } from "../core/content.ts";
import { TallyrootError } from "../core/errors.ts";
import { NumberText, plainJson, plainJsonBytes } from "./json.ts";

/** The members that several messages share. Limits are those that `GET /balance/limits` answers. */
export const LIMITS = {
  customerIdLength: 128,
  reasonLength: 500,
  referenceIdLength: 255,
  metadataBytes: 16 * 1024,
  metadataDepth: MAX_JSON_DEPTH,
  idempotencyKeyLength: 255,
  pageSize: 1000,
  customersPageSize: 100,
  amountDecimals: 18,
  /** Either way from zero. */
  largestDelta: 1_000_000_000,
  bodyBytes: 1024 * 1024,
  batchItems: 10_000,
  batchBodyBytes: 8 * 1024 * 1024,
  streamLineBytes: 128 * 1024,
  selectionItems: 10_000,
  /** Of both parties together. */
  comparedEntries: 100_000,
  comparedBodyBytes: 16 * 1024 * 1024,
  comparedHeads: 1_000,
  labelLength: 100,
  tenantNameLength: 64,
  keyOverlapSeconds: 30 * 86_400,
  webhookEndpoints: 20,
  webhookUrlLength: 2048,
  webhookDescriptionLength: 255,
  /** A page of deliveries further back is asked for by status. */
  deliveriesOffset: 100_000,
} as const;

export const customerId = z
  .string()
  .regex(new RegExp(`^[A-Za-z0-9_.:-]{1,${LIMITS.customerIdLength}}$`), "must be 1 to 128 of A-Z a-z 0-9 _ . : -")
  .meta({ description: "Your id of the customer; its ledger's address is derived from it.", example: "cust_001" });

const wellFormed = (text: string) => text.isWellFormed();

export const reason = z.string().min(1).max(LIMITS.reasonLength).refine(wellFormed, "not well-formed Unicode");
export const referenceId = z
  .string()
  .min(1)
  .max(LIMITS.referenceIdLength)
  .refine(wellFormed, "not well-formed Unicode");

/** Puts the catalogue's code into a zod issue, so that it reaches the answer. */
function codedIssue<T>(context: z.RefinementCtx, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    context.addIssue({ code: "custom", message: error.message, params: { code: error.code } });
    return z.NEVER;
  }
}

/** An amount for documents, which cannot say how a schema of ours reads it. */
const amountSchema = {
  type: ["number", "string"],
  pattern: "^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$",
  description: "A number or a decimal text, read by its digits: at most 18 decimals.",
};

/**
 * A schema of amounts. What is checked is checked in one step: one of the texts, numbers and number texts of a body is met by every delta.
 *
 * @param schema how documents show it.
 * @throws as an issue with the code that `parse` throws.
 */
function amountField(schema: object, parse: (text: string) => bigint) {
  return z
    .unknown()
    .meta({ jsonSchema: schema })
    .transform((value, context) => {
      const text = amountText(value);
      if (text !== undefined) return codedIssue(context, () => parse(text));
      context.addIssue({ code: "custom", message: "must be a number or a decimal text" });
      return z.NEVER;
    });
}

function amountText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  return value instanceof NumberText ? value.text : undefined;
}

/** An amount: a JSON number or decimal text in, units of 10^-18 inside. */
export const amount = amountField(amountSchema, parseAmount);

/** The amount of one delta: not zero, at most 1,000,000,000 either way. */
export const deltaAmount = amountField(
  { ...amountSchema, minimum: -LIMITS.largestDelta, maximum: LIMITS.largestDelta, not: { const: 0 } },
  parseDeltaAmount,
);

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

/**
 * Metadata as it is kept.
 *
 * @throws TallyrootError VALIDATION_ERROR
 */
function keptMetadata(value: object): { [member: string]: Json } {
  // Most metadata is small and plain: that it is takes one walk, and then it is kept as it came.
  if (plainJsonBytes(value) <= LIMITS.metadataBytes) return value as { [member: string]: Json };
  const plain = plainJson(value, "metadata") as { [member: string]: Json };
  if (utf8(JSON.stringify(plain)).length > LIMITS.metadataBytes) {
    throw new TallyrootError("VALIDATION_ERROR", `metadata: larger than ${LIMITS.metadataBytes} bytes`);
  }
  return plain;
}

/** A JSON object of at most 16 KB and 32 levels, kept exactly as it came. */
export const metadata = z
  .unknown()
  .meta({
    jsonSchema: {
      type: "object",
      description: `A JSON object of at most ${LIMITS.metadataBytes} bytes and ${LIMITS.metadataDepth} levels.`,
    },
  })
  .transform((value, context) => {
    if (isObject(value)) return codedIssue(context, () => keptMetadata(value));
    context.addIssue({ code: "custom", message: "must be a JSON object" });
    return z.NEVER;
  });

export const fingerprint = z.string().regex(/^0x[0-9a-f]{64}$/, "must be 32 bytes as lower-case 0x hex");

/** A whole number of a query string. */
export function wholeNumber(min: number, max: number, preset: number) {
  return z
    .string()
    .regex(/^[0-9]{1,16}$/, "must be a whole number")
    .meta({ jsonSchema: { type: "integer", minimum: min, maximum: max, default: preset } })
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .default(preset);
}

export const isoTime = z.iso.datetime({ precision: 3 });

let latest = { milliseconds: 0, text: new Date(0).toISOString() };

/** Unix milliseconds as ISO-8601 UTC with milliseconds and Z. */
export function isoText(milliseconds: number): string {
  // Deltas that are recorded together have one time, which is written twice for each.
  if (latest.milliseconds !== milliseconds) latest = { milliseconds, text: new Date(milliseconds).toISOString() };
  return latest.text;
}
