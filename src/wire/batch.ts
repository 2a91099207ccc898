import { z } from "zod";
import { formatAmount, parseAmount } from "../core/amount.ts";
import { toHex } from "../core/bytes.ts";
import { TallyrootError } from "../core/errors.ts";
import { recordIdOf } from "../core/record-id.ts";
import { recordRequest } from "./delta.ts";
import { fingerprint, LIMITS } from "./fields.ts";
import { exactNumber, NumberText } from "./json.ts";

/** One delta among many: of a batch, or a line of a stream. */
export const bulkItem = recordRequest.extend({
  idempotencyKey: z
    .string()
    .min(1)
    .max(LIMITS.idempotencyKeyLength)
    .refine((text) => text.isWellFormed(), "not well-formed Unicode")
    .optional(),
});

const { $schema: _, ...bulkItemSchema } = z.toJSONSchema(bulkItem, { io: "input", unrepresentable: "any" });

/** `POST /balance/delta/batch`. Each delta is checked by itself, as a `bulkItem`: one that is wrong is not the others' matter. */
export const batchRequest = z.strictObject({
  deltas: z.array(z.unknown().meta(bulkItemSchema)).min(1).max(LIMITS.batchItems),
  mode: z.enum(["independent", "atomic"], "must be independent or atomic").default("independent"),
});

/** What came of one item. Of an item that could not be read, customerId and delta are null. */
export const bulkResult = z.object({
  index: z.number(),
  status: z.enum(["QUEUED", "FAILED"]),
  recordId: z.string().optional(),
  receiptId: fingerprint.optional(),
  customerId: z.string().nullable(),
  delta: z.number().nullable(),
  deltaExact: z.string().optional(),
  idempotent: z.boolean().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const batchAnswer = z.object({
  totalQueued: z.number(),
  totalFailed: z.number(),
  results: z.array(bulkResult),
  idempotent: z.boolean().optional(),
});

/** One line of the answer to `POST /balance/delta/stream`: a result, and as the last line the summary. */
export const streamLine = z.union([
  z.object({ summary: z.object({ totalQueued: z.number(), totalFailed: z.number() }) }),
  bulkResult,
]);

export type BulkResult = z.infer<typeof bulkResult>;

/** Characters of a refusal's message that are shown: it may name a member that the caller made up. */
const MESSAGE_LENGTH = 500;
const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const NUMBER_LENGTH = 128;

/** What is shown of a delta among many. */
type Listed = { amount: bigint; fingerprint: Uint8Array; ledger: { address: Uint8Array }; sequence: number };

/**
 * The JSON text of the result of an item that was recorded, now or before: that of a `bulkResult`.
 *
 * It is put together here, as in `deltaText`, since a server that loads deltas makes little else.
 */
export function recordedText(
  index: number,
  customerId: string,
  { delta: { amount, fingerprint, ledger, sequence }, replayed }: { delta: Listed; replayed: boolean },
): string {
  const delta = formatAmount(amount);
  return (
    `{"index":${index},"status":"QUEUED","recordId":"${recordIdOf(ledger.address, sequence)}","receiptId":"${toHex(fingerprint)}",` +
    `"customerId":${JSON.stringify(customerId)},"delta":${delta},"deltaExact":"${delta}"${replayed ? ',"idempotent":true' : ""}}`
  );
}

/** An item that was refused, with what it said, as far as that can be shown. */
export function viewRefused(index: number, item: unknown, { code, message }: TallyrootError): BulkResult {
  const said: { customerId?: unknown; delta?: unknown } = typeof item === "object" && item !== null ? item : {};
  const shown = typeof said.customerId === "string" && said.customerId.length <= LIMITS.customerIdLength;
  return {
    index,
    status: "FAILED",
    customerId: shown ? (said.customerId as string) : null,
    ...shownAmount(said.delta),
    error: { code, message: message.length > MESSAGE_LENGTH ? `${message.slice(0, MESSAGE_LENGTH)}…` : message },
  };
}

/** An amount as it was said: its digits where it is a number that could be recorded, its own spelling where it is another number. */
function shownAmount(said: unknown): { delta: number | null; deltaExact?: string } {
  const text =
    said instanceof NumberText ? said.text : typeof said === "string" || typeof said === "number" ? String(said) : "";
  if (text.length > NUMBER_LENGTH || !JSON_NUMBER.test(text)) return { delta: null };
  try {
    const units = parseAmount(text);
    return { delta: exactNumber(units), deltaExact: formatAmount(units) };
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return { delta: JSON.rawJSON(text) as number };
  }
}
