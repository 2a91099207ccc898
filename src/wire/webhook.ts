import { z } from "zod";
import { cursor } from "./cursor.ts";
import { cursorPagination, offsetPagination } from "./derivation.ts";
import { fingerprint, isoTime, LIMITS, wholeNumber } from "./fields.ts";

/** Events that an endpoint can be told about. */
export const eventName = z.enum([
  "delta.verified",
  "delta.failed",
  "checkpoint.verified",
  "anchor.confirmed",
  "anchoring.halted",
]);

const url = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .max(LIMITS.webhookUrlLength)
  .meta({ description: "Where deliveries are posted to; https.", example: "https://example.com/hooks/tallyroot" });
const events = z
  .array(eventName)
  .min(1)
  .max(eventName.options.length)
  .meta({ description: "Which events; all of them where it is not sent." });
const description = z
  .string()
  .max(LIMITS.webhookDescriptionLength)
  .refine((text) => text.isWellFormed(), "not well-formed Unicode");

/** `POST /webhooks`. */
export const endpointRequest = z.strictObject({
  url,
  events: events.optional(),
  description: description.nullable().optional(),
});

/** `PATCH /webhooks/:id`: what is sent is changed. `enabled: false` pauses it: its deliveries wait. */
export const endpointChange = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    description: description.nullable().optional(),
    enabled: z.boolean().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "must change something");

export const endpointParams = z.object({ id: z.string() });

/** An endpoint without its secret. Counts are of attempts; times are those of the latest attempt. */
export const endpointView = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(eventName),
  description: z.string().nullable(),
  enabled: z.boolean(),
  createdAt: isoTime,
  lastTriggered: isoTime.nullable(),
  successCount: z.number(),
  failureCount: z.number(),
});

/** The same with its secret, once: a repeated request answers null. `previousSecretUntil`: how long the one before signs as well. */
export const givenEndpointView = endpointView.extend({
  secret: z.string().nullable(),
  previousSecretUntil: isoTime.nullable().optional(),
  idempotent: z.boolean().optional(),
});

export const endpointsView = z.object({ webhooks: z.array(endpointView), pagination: offsetPagination });

export const deletedEndpointView = z.object({ id: z.string(), deleted: z.literal(true) });

/** What came of a `webhook.test` event that was sent at once. The receiver's body is not shown. */
export const testView = z.object({
  eventId: z.string(),
  delivered: z.boolean(),
  statusCode: z.number().nullable(),
  error: z.string().nullable(),
  durationMs: z.number(),
  idempotent: z.boolean().optional(),
});

export const deliveryState = z.enum(["pending", "delivered", "parked"]);

/** One event on its way to one endpoint. */
export const deliveryView = z.object({
  eventId: z.string(),
  event: eventName,
  endpointId: z.string(),
  status: deliveryState,
  attempts: z.number(),
  createdAt: isoTime,
  nextAttemptAt: isoTime.nullable(),
  lastAttemptAt: isoTime.nullable(),
  lastStatusCode: z.number().nullable(),
  lastError: z.string().nullable(),
  deliveredAt: isoTime.nullable(),
});

/** `GET /balance/webhooks`. An offset is walked through, so it has an end: beyond it, ask by status. */
export const deliveriesQuery = z.strictObject({
  status: deliveryState.optional(),
  limit: wholeNumber(1, LIMITS.pageSize, 25),
  offset: wholeNumber(0, LIMITS.deliveriesOffset, 0),
  cursor,
});

export const deliveriesView = z.object({ deliveries: z.array(deliveryView), pagination: cursorPagination });

export const retryParams = z.object({ eventId: z.string() });

export const retryView = z.object({
  eventId: z.string(),
  deliveries: z.array(deliveryView),
  idempotent: z.boolean().optional(),
});

/** Data of `delta.verified`. What was erased is null. */
export const deltaVerifiedData = z.object({
  recordId: z.string(),
  receiptId: fingerprint,
  verificationReference: fingerprint,
  customerId: z.string().nullable(),
  delta: z.number(),
  sequenceNumber: z.string(),
  referenceId: z.string().nullable(),
  blockTimestamp: isoTime,
  proof: z.object({
    proofHash: fingerprint,
    contentHash: fingerprint,
    previousProofHash: fingerprint.nullable(),
    itemHashes: z.array(fingerprint),
  }),
});

/** Data of `delta.failed`: a delta that was refused after it was recorded. This version refuses before, and never sends it. */
export const deltaFailedData = z.object({
  recordId: z.string(),
  customerId: z.string().nullable(),
  delta: z.number(),
  error: z.string(),
  failedAt: isoTime,
});

/** Data of `checkpoint.verified`. */
export const checkpointVerifiedData = z.object({
  checkpointId: z.string(),
  mode: z.enum(["window", "selection"]),
  proofRoot: fingerprint,
  merkleRoot: fingerprint,
  customerId: z.string().nullable(),
  ledgerIdentifier: z.string(),
  from: isoTime,
  to: isoTime,
  deltasCount: z.number(),
  startingBalance: z.number(),
  endingBalance: z.number(),
  netChange: z.number(),
  verificationReference: fingerprint,
  blockTimestamp: isoTime,
  verifyUrl: z.string(),
  verificationApiUrl: z.string(),
});

/** Data of `anchor.confirmed`. */
export const anchorConfirmedData = z.object({
  index: z.number(),
  root: fingerprint,
  size: z.number(),
  verificationReference: fingerprint,
  blockNumber: z.number(),
  blockHash: fingerprint,
  blockTimestamp: isoTime,
  chainId: z.number(),
  contract: z.string(),
  log: fingerprint,
});

/** Data of `anchoring.halted`: the operator has to look; recording goes on. `reason` is a code, `next` what the operator does about it. */
export const anchoringHaltedData = z.object({
  haltedAt: isoTime,
  message: z.string(),
  reason: z.string().nullable(),
  next: z.string().nullable(),
});

/** Data of `webhook.test`. */
export const webhookTestData = z.object({ endpointId: z.string(), message: z.string() });

/** The body of a delivery. `timestamp` is `createdAt`, under the name that Standard Webhooks gives it. */
export const webhookBody = z.object({
  id: z.string(),
  event: z.union([eventName, z.literal("webhook.test")]),
  tenantId: z.string(),
  createdAt: isoTime,
  timestamp: isoTime,
  data: z.union([
    deltaVerifiedData,
    deltaFailedData,
    checkpointVerifiedData,
    anchorConfirmedData,
    anchoringHaltedData,
    webhookTestData,
  ]),
});

export type WebhookBody = z.infer<typeof webhookBody>;
export type EndpointView = z.infer<typeof endpointView>;
export type DeliveryView = z.infer<typeof deliveryView>;
