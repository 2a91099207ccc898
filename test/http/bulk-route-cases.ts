import type { Route } from "#src/http/route.ts";
import { postBatch } from "#src/http/routes/record-batch.ts";
import { postStream } from "#src/http/routes/record-stream.ts";
import type { Members } from "./call.ts";
import type { Reject, RouteCase } from "./route-cases.ts";

/** The routes that take many deltas at once. */

const BODY = { customerId: "cust_bulk", delta: 1, reason: "r" };
const RESULT = "index status recordId receiptId customerId delta deltaExact";
const INT256 = { customerId: "brimful", delta: 1, reason: "r" };

const in_ = (prefix: string, names: string) => names.split(" ").map((name) => prefix + name);
const send = (route: Route, body: unknown, headers?: Record<string, string>) => () => ({
  path: route.path,
  body,
  ...(headers && { headers }),
});
const batch = (body: unknown, headers?: Record<string, string>) => send(postBatch, body, headers);
const atomic = (...bad: Members[]) => batch({ mode: "atomic", deltas: [BODY, ...bad] });
const keyed = (idempotencyKey: string) => ({ "Idempotency-Key": idempotencyKey });

const BATCH_REJECTS: readonly Reject[] = [
  ["no deltas", "VALIDATION_ERROR", batch({}), /deltas: is missing/],
  ["an empty batch", "VALIDATION_ERROR", batch({ deltas: [] }), /deltas/],
  ["deltas that are no list", "VALIDATION_ERROR", batch({ deltas: BODY }), /deltas: must be of type array/],
  ["10,001 deltas", "VALIDATION_ERROR", batch({ deltas: Array.from({ length: 10_001 }, () => 1) }), /deltas/],
  ["another mode", "VALIDATION_ERROR", batch({ deltas: [BODY], mode: "some" }), /mode: must be independent or atomic/],
  ["an unknown member", "VALIDATION_ERROR", batch({ deltas: [BODY], customerId: "a" }), /customerId: is not a known/],
  ["half a body", "VALIDATION_ERROR", batch(`{"deltas":[${JSON.stringify(BODY)},`), /not JSON/],
  ["a delta that is not JSON", "VALIDATION_ERROR", batch('{"deltas":[{"customerId":}]}'), /not JSON/],
  ["9 MB", "BODY_TOO_LARGE", batch(" ".repeat(9 * 1024 * 1024)), /larger/],
  ["a form", "UNSUPPORTED_MEDIA_TYPE", batch("deltas=1", { "Content-Type": "application/x-www-form-urlencoded" })],
  ["lines", "UNSUPPORTED_MEDIA_TYPE", batch("{}\n", { "Content-Type": "application/x-ndjson" }), /application\/json/],
  ["an empty Idempotency-Key", "VALIDATION_ERROR", batch({ deltas: [BODY] }, keyed("")), /1 to 255/],
  ["the key of a single delta", "IDEMPOTENCY_CONFLICT", batch({ deltas: [BODY] }, keyed("first")), /single delta/],
  ["atomic: a delta of zero", "VALIDATION_ERROR", atomic({ ...BODY, delta: 0 }), /deltas\.1: delta: .*zero/],
  ["atomic: an unknown member", "VALIDATION_ERROR", atomic({ ...BODY, amount: 1 }), /deltas\.1: amount: is not/],
  ["atomic: a number", "VALIDATION_ERROR", batch({ mode: "atomic", deltas: [7] }), /deltas\.0: .*object/],
  ["atomic: 19 decimals", "AMOUNT_NOT_EXACT", atomic({ ...BODY, delta: "1e-19" }), /deltas\.1: .*18 decimals/],
  ["atomic: a balance beyond int256", "BALANCE_OVERFLOW", atomic(INT256), /deltas\.1: .*int256/],
  [
    "atomic: one key for two deltas",
    "IDEMPOTENCY_CONFLICT",
    atomic({ ...BODY, idempotencyKey: "twins" }, { ...BODY, delta: 2, idempotencyKey: "twins" }),
    /deltas\.2: .*deltas\.1/,
  ],
  [
    "atomic: the key that another delta had",
    "IDEMPOTENCY_CONFLICT",
    atomic({ ...BODY, delta: 2, idempotencyKey: "first" }),
    /deltas\.1: .*another customerId, delta, reason/,
  ],
  [
    "atomic: a correction of nothing",
    "VALIDATION_ERROR",
    atomic({ ...BODY, adjusts: { recordId: `rec_${"5a".repeat(20)}_1` } }),
    /deltas\.1: adjusts\.recordId: .*rec_5a/,
  ],
];

const STREAM_REJECTS: readonly Reject[] = [
  ["JSON", "UNSUPPORTED_MEDIA_TYPE", send(postStream, BODY), /application\/x-ndjson/],
  ["no type", "UNSUPPORTED_MEDIA_TYPE", send(postStream, JSON.stringify(BODY), { "Content-Type": "text/plain" })],
  [
    "an encoding",
    "UNSUPPORTED_MEDIA_TYPE",
    send(postStream, JSON.stringify(BODY), { "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip" }),
    /without a content encoding/,
  ],
  [
    "the key of a single delta",
    "IDEMPOTENCY_CONFLICT",
    send(postStream, JSON.stringify(BODY), { "Content-Type": "application/x-ndjson", "Idempotency-Key": "first" }),
    /another route/,
  ],
];

export const BULK_ROUTE_CASES: readonly RouteCase[] = [
  {
    route: postBatch,
    happy: () => ({ path: postBatch.path, body: { deltas: [BODY, BODY] } }),
    members: ["totalQueued", "totalFailed", ...in_("results[].", RESULT)],
    rejects: BATCH_REJECTS,
    elsewhere: { QUOTA_EXCEEDED: "test/http/customers-more.test.ts" },
  },
  {
    route: postStream,
    happy: () => ({
      path: postStream.path,
      body: `${JSON.stringify(BODY)}\n`,
      headers: { "Content-Type": "application/x-ndjson" },
    }),
    members: in_("", RESULT),
    file: "first line",
    rejects: STREAM_REJECTS,
  },
];
