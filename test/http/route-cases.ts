import type { ErrorCode } from "#src/core/errors.ts";
import type { Route } from "#src/http/route.ts";
import { ROUTES } from "#src/http/route-table.ts";
import { BULK_ROUTE_CASES } from "./bulk-route-cases.ts";
import type { Members, Request } from "./call.ts";
import { CHECKPOINT_ROUTE_CASES, DERIVE_SCOPE_REJECTS } from "./checkpoint-route-cases.ts";
import { COMPARE_ROUTE_CASES } from "./compare-route-cases.ts";
import { EVIDENCE_ROUTE_CASES } from "./evidence-route-cases.ts";
import { KEY_ROUTE_CASES } from "./key-route-cases.ts";
import { OPERATING_ROUTE_CASES } from "./operating-route-cases.ts";
import type { Seed } from "./seed.ts";
import { WEBHOOK_ROUTE_CASES } from "./webhook-route-cases.ts";

/** The routes as a table: what each answers, and what it refuses. One line is one case. */

/** What is there when the cases run: the seed, one delta of `cust_001` that is VERIFIED, and a checkpoint of this month over it. */
export type World = Seed & { delta: Members; checkpoint: Members };

export type Reject = readonly [
  claim: string,
  code: ErrorCode,
  request: (world: World) => Omit<Request, "key"> & { key?: string },
  says?: RegExp,
];

export type RouteCase = {
  route: Route;
  happy: (world: World) => Request;
  /** Every member that a success must have, by its path; `[]` steps into the first element of a list that must not be empty. */
  members: readonly string[];
  /** Whether the answer is the receipt file itself, or lines of which the first is looked at, without the envelope. */
  file?: true | "first line" | "text";
  rejects: readonly Reject[];
  /** Codes of the route that need a broken surrounding, and the test that breaks it. */
  elsewhere?: Partial<Record<ErrorCode, string>>;
};

const DELTA_PATH = "/api/v1/balance/delta";

/** @throws Error for a route that the table of the product does not have. */
function routeAt(name: string): Route {
  const found = ROUTES.find(({ method, path }) => `${method} ${path}` === name);
  if (!found) throw new Error(`there is no route ${name}`);
  return found;
}

const UNKNOWN = `0x${"5a".repeat(32)}`;
const INT256_MAX = "57896044618658097711785492504343953926634992332820282019728.792003956564819967";
const BODY = { customerId: "cust_reject", delta: 1, reason: "r" };

const in_ = (prefix: string, names: string) => names.split(" ").map((name) => prefix + name);
const get = (path: string) => () => ({ path: `/api/v1${path}` });
const post = (change: Members, headers?: Record<string, string>) => () => ({
  path: DELTA_PATH,
  body: { ...BODY, ...change },
  ...(headers && { headers }),
});
const raw = (body: string | Uint8Array) => () => ({ path: DELTA_PATH, body });

const DELTA =
  "recordId receiptId status customerId ledgerIdentifier delta deltaExact balance balanceExact sequence sequenceNumber commitment reason referenceId metadata recordedAt createdAt";
const CUSTOMER =
  "customerId ledgerIdentifier customerReference totalDeltas computedBalance firstDeltaAt lastDeltaAt status";
const ANCHOR = "index root size transactionHash blockNumber blockHash blockTime confirmations gasUsed";
const RECEIPT = [
  ...in_("", "format kind receiptId delta ledgerProof head anchorProof anchor"),
  ...in_("delta.", "ledger sequence amount balance recordedAt commitment"),
  ...in_("head.", "ledger count balance root"),
  ...in_("anchor.", "chainId contract log index root size transactionHash blockNumber blockHash blockTime"),
];

const NOT_A_FINGERPRINT: readonly string[] = ["0x12", "5a".repeat(32), `0x${"5A".repeat(32)}`, `0x${"5a".repeat(33)}`];

/** What every route refuses that takes a fingerprint in its path. */
const fingerprintRejects = (path: string): Reject[] => [
  ...NOT_A_FINGERPRINT.map(
    (text): Reject => [`${text} is no fingerprint`, "VALIDATION_ERROR", get(`${path}/${text}`), /lower-case 0x hex/],
  ),
  ["a fingerprint of nothing", "NOT_FOUND", get(`${path}/${UNKNOWN}`), /nothing that was recorded/],
  [
    "a commitment is not a fingerprint",
    "NOT_FOUND",
    ({ delta }) => ({ path: `/api/v1${path}/${delta.commitment}` }),
    /nothing that was recorded/,
  ],
];

const pageRejects = (path: string, numbers: Record<string, [low: string, high: string]>): Reject[] =>
  Object.entries(numbers).flatMap(([name, [low, high]]): Reject[] => [
    [`${name} below its range`, "VALIDATION_ERROR", get(`${path}?${name}=${low}`), new RegExp(name)],
    [`${name} above its range`, "VALIDATION_ERROR", get(`${path}?${name}=${high}`), new RegExp(name)],
    [`${name} that is no number`, "VALIDATION_ERROR", get(`${path}?${name}=ten`), new RegExp(name)],
    [`${name} twice`, "VALIDATION_ERROR", get(`${path}?${name}=1&${name}=1`), /more than once/],
    [`a parameter beside ${name} that is not known`, "VALIDATION_ERROR", get(`${path}?${name}=1&nope=1`), /nope/],
  ]);

const DELTA_REJECTS: readonly Reject[] = [
  ["no customerId", "VALIDATION_ERROR", post({ customerId: undefined }), /customerId: is missing/],
  ["an empty customerId", "VALIDATION_ERROR", post({ customerId: "" }), /customerId/],
  ["a customerId with a space", "VALIDATION_ERROR", post({ customerId: "a b" }), /customerId/],
  ["a customerId with a letter outside ASCII", "VALIDATION_ERROR", post({ customerId: "ä" }), /customerId/],
  ["a customerId with a line end", "VALIDATION_ERROR", post({ customerId: "a\n" }), /customerId/],
  ["a customerId of 129", "VALIDATION_ERROR", post({ customerId: "a".repeat(129) }), /customerId/],
  ["a number as customerId", "VALIDATION_ERROR", post({ customerId: 7 }), /customerId: must be of type string/],
  ["a long number as customerId", "VALIDATION_ERROR", raw('{"customerId":12345678901234567890}'), /type string/],
  ["no delta", "VALIDATION_ERROR", post({ delta: undefined }), /delta/],
  ["a delta of null", "VALIDATION_ERROR", post({ delta: null }), /delta/],
  ["a delta of zero", "VALIDATION_ERROR", post({ delta: 0 }), /must not be zero/],
  ["a delta of minus zero", "VALIDATION_ERROR", post({ delta: "-0.000" }), /must not be zero/],
  ["a delta above the largest", "VALIDATION_ERROR", post({ delta: "1000000000.000000000000000001" }), /1000000000/],
  ["a delta below the lowest", "VALIDATION_ERROR", post({ delta: -1000000001 }), /1000000000/],
  ["an endless exponent", "VALIDATION_ERROR", post({ delta: "1e999999999" }), /int256/],
  ["a delta with a plus", "VALIDATION_ERROR", post({ delta: "+1" }), /decimal number/],
  ["a delta in hex", "VALIDATION_ERROR", post({ delta: "0x10" }), /decimal number/],
  ["a delta that is no number", "VALIDATION_ERROR", post({ delta: "NaN" }), /decimal number/],
  ["an empty delta", "VALIDATION_ERROR", post({ delta: "" }), /decimal number/],
  ["a truth value as delta", "VALIDATION_ERROR", post({ delta: true }), /number or a decimal text/],
  ["a text of 19 decimals", "AMOUNT_NOT_EXACT", post({ delta: "0.1234567890123456789" }), /at most 18 decimals/],
  [
    "a number of 19 decimals",
    "AMOUNT_NOT_EXACT",
    raw('{"customerId":"cust_reject","delta":0.1234567890123456789,"reason":"r"}'),
    /at most 18 decimals/,
  ],
  ["an exponent of -19", "AMOUNT_NOT_EXACT", post({ delta: "1e-19" }), /at most 18 decimals/],
  ["no reason", "VALIDATION_ERROR", post({ reason: undefined }), /reason: is missing/],
  ["an empty reason", "VALIDATION_ERROR", post({ reason: "" }), /reason/],
  ["a reason of 501", "VALIDATION_ERROR", post({ reason: "r".repeat(501) }), /reason/],
  ["a reason with half a character", "VALIDATION_ERROR", raw(JSON.stringify({ ...BODY, reason: "\ud800" })), /Unicode/],
  ["a referenceId of 256", "VALIDATION_ERROR", post({ referenceId: "r".repeat(256) }), /referenceId/],
  ["a referenceId of null", "VALIDATION_ERROR", post({ referenceId: null }), /referenceId/],
  ["metadata that is a list", "VALIDATION_ERROR", post({ metadata: [] }), /metadata: must be a JSON object/],
  ["metadata that is a text", "VALIDATION_ERROR", post({ metadata: "a" }), /metadata: must be a JSON object/],
  ["metadata above 16 KB", "VALIDATION_ERROR", post({ metadata: { a: "a".repeat(16_384) } }), /16384 bytes/],
  [
    "metadata of 33 levels",
    "VALIDATION_ERROR",
    raw(`{"customerId":"c","delta":1,"reason":"r","metadata":{"a":${"[".repeat(32)}${"]".repeat(32)}}}`),
    /deeper than 32/,
  ],
  [
    "a number in metadata that a double cannot hold",
    "VALIDATION_ERROR",
    raw('{"customerId":"c","delta":1,"reason":"r","metadata":{"n":12345678901234567890123}}'),
    /metadata\.n/,
  ],
  ["adjusts of nothing", "VALIDATION_ERROR", post({ adjusts: {} }), /adjusts/],
  ["adjusts by both", "VALIDATION_ERROR", post({ adjusts: { recordId: "rec_1", referenceId: "r" } }), /adjusts/],
  ["adjusts by another id", "VALIDATION_ERROR", post({ adjusts: { recordId: "chk_1" } }), /adjusts/],
  ["two unknown members", "VALIDATION_ERROR", post({ amount: 1, note: "" }), /amount: .*; note: /],
  ["a member called __proto__", "VALIDATION_ERROR", raw('{"__proto__":{"customerId":"c"}}'), /__proto__: is not/],
  ["a member called constructor", "VALIDATION_ERROR", post({ constructor: 1 }), /constructor: is not/],
  ["a list as the body", "VALIDATION_ERROR", raw("[]"), /type object/],
  ["null as the body", "VALIDATION_ERROR", raw("null"), /type object/],
  ["no body", "VALIDATION_ERROR", raw(""), /not JSON/],
  ["half a body", "VALIDATION_ERROR", raw('{"customerId":"c",'), /not JSON/],
  ["a body of two values", "VALIDATION_ERROR", raw("{}{}"), /not JSON/],
  ["a body that is not UTF-8", "VALIDATION_ERROR", raw(Uint8Array.of(0x22, 0xff, 0x22)), /not UTF-8/],
  ["a body of 100,000 levels", "VALIDATION_ERROR", raw(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), /type object/],
  [
    "100,000 levels around a number",
    "VALIDATION_ERROR",
    raw(`${"[".repeat(100_000)}1e5${"]".repeat(100_000)}`),
    /deep/,
  ],
  ["a body of 2 MB", "BODY_TOO_LARGE", raw(" ".repeat(2 * 1024 * 1024)), /larger/],
  ["a form", "UNSUPPORTED_MEDIA_TYPE", post({}, { "Content-Type": "application/x-www-form-urlencoded" })],
  ["JSON of another kind", "UNSUPPORTED_MEDIA_TYPE", post({}, { "Content-Type": "application/json-patch+json" })],
  ["an unknown encoding", "UNSUPPORTED_MEDIA_TYPE", post({}, { "Content-Encoding": "zip" })],
  ["an encoding that it does not have", "VALIDATION_ERROR", post({}, { "Content-Encoding": "gzip" }), /read/],
  ["an empty Idempotency-Key", "VALIDATION_ERROR", post({}, { "Idempotency-Key": "" }), /1 to 255/],
  ["an Idempotency-Key of 256", "VALIDATION_ERROR", post({}, { "Idempotency-Key": "k".repeat(256) }), /1 to 255/],
  [
    "an Idempotency-Key that another body had",
    "IDEMPOTENCY_CONFLICT",
    post({ delta: 2, reason: "another" }, { "Idempotency-Key": "first" }),
    /another customerId, delta, reason/,
  ],
  ["a balance beyond int256", "BALANCE_OVERFLOW", post({ customerId: "brimful" }), /int256/],
];

export const ROUTE_CASES: readonly RouteCase[] = [
  {
    route: routeAt("POST /api/v1/balance/delta"),
    happy: () => ({ path: DELTA_PATH, body: { customerId: "cust_happy", delta: 500, reason: "initial_deposit" } }),
    members: in_("", DELTA),
    rejects: DELTA_REJECTS,
    elsewhere: { QUOTA_EXCEEDED: "test/http/customers-more.test.ts" },
  },
  {
    route: routeAt("GET /api/v1/balance/delta/:recordId"),
    happy: ({ delta }) => ({ path: `/api/v1/balance/delta/${delta.recordId}` }),
    members: [
      ...in_("", `${DELTA} verifiedAt verificationReference blockNumber blockTimestamp`),
      ...in_("proof.", "proofHash contentHash previousProofHash itemHashes"),
    ],
    rejects: [
      ["another word", "NOT_FOUND", get("/balance/delta/rec_1"), /no record rec_1/],
      ["a ledger that nobody has", "NOT_FOUND", get(`/balance/delta/rec_${"0".repeat(40)}_1`)],
      ["a sequence not reached", "NOT_FOUND", ({ delta }) => ({ path: `/api/v1/balance/delta/${delta.recordId}9` })],
      ["a sequence beyond 2^53", "NOT_FOUND", get(`/balance/delta/rec_${"0".repeat(40)}_9999999999999999`)],
      ["another tenant's", "NOT_FOUND", ({ theirs }) => ({ path: `/api/v1/balance/delta/${theirs.recordId}` })],
      ["a path that is not UTF-8", "VALIDATION_ERROR", get("/balance/delta/%ff"), /the path/],
    ],
  },
  {
    route: routeAt("GET /api/v1/balance/derive/:customerId"),
    happy: () => ({ path: "/api/v1/balance/derive/cust_001?startingBalance=0.5&limit=10&offset=0" }),
    members: [
      ...in_("", "customerId ledgerIdentifier startingBalance computedBalance computedBalanceExact verifiedBalance"),
      ...in_("", "deltasCount verifiedCount pendingCount latestReceiptId latestRecordId latestCheckpoint"),
      ...in_("scope.", "from to"),
      ...in_("deltas[].", DELTA),
      ...in_("pagination.", "total offset limit"),
    ],
    rejects: [
      ["nobody", "CUSTOMER_NOT_FOUND", get("/balance/derive/nobody"), /nobody/],
      ["another tenant's customer", "CUSTOMER_NOT_FOUND", get("/balance/derive/theirs")],
      ["a customerId with a space", "VALIDATION_ERROR", get("/balance/derive/a%20b"), /customerId/],
      ["a path that is not UTF-8", "VALIDATION_ERROR", get("/balance/derive/%E0%A4%A"), /the path/],
      ["an empty balance", "VALIDATION_ERROR", get("/balance/derive/cust_001?startingBalance="), /startingBalance/],
      ["a balance in words", "VALIDATION_ERROR", get("/balance/derive/cust_001?startingBalance=ten"), /decimal number/],
      ["19 decimals", "AMOUNT_NOT_EXACT", get("/balance/derive/cust_001?startingBalance=1e-19"), /18 decimals/],
      ["beyond int256", "BALANCE_OVERFLOW", get(`/balance/derive/cust_001?startingBalance=${INT256_MAX}`), /int256/],
      ...DERIVE_SCOPE_REJECTS,
      ...pageRejects("/balance/derive/cust_001", { limit: ["0", "1001"], offset: ["-1", "9007199254740993"] }),
    ],
  },
  {
    route: routeAt("GET /api/v1/balance/customers"),
    happy: () => ({ path: "/api/v1/balance/customers?search=CUST_0&page=1&limit=100" }),
    members: [...in_("customers[].", CUSTOMER), ...in_("pagination.", "total page limit totalPages nextCursor")],
    rejects: [
      ["a cursor with a page", "INVALID_SCOPE_COMBINATION", get("/balance/customers?cursor=AAAA&page=2"), /cursor/],
      ["a search of 129", "VALIDATION_ERROR", get(`/balance/customers?search=${"a".repeat(129)}`), /search/],
      ["an order by customer id", "VALIDATION_ERROR", get("/balance/customers?sort=customerId"), /sort/],
      ["an order in words", "VALIDATION_ERROR", get("/balance/customers?sort=balance&order=down"), /order/],
      ...pageRejects("/balance/customers", { page: ["0", "1000001"], limit: ["0", "101"] }),
    ],
  },
  {
    route: routeAt("GET /api/v1/balance/customers/:customerId"),
    happy: () => ({ path: "/api/v1/balance/customers/cust_001" }),
    members: [
      ...in_("", `${CUSTOMER} verifiedBalance latestCheckpoint`),
      ...in_("recentActivity.items[].", "delta reason referenceId status time recordId receiptId sequence"),
      "recentActivity.items[].verificationReference",
      ...in_("recentActivity.pagination.", "total page limit totalPages"),
    ],
    rejects: [
      ["nobody", "CUSTOMER_NOT_FOUND", get("/balance/customers/nobody"), /nobody/],
      ["another tenant's customer", "CUSTOMER_NOT_FOUND", get("/balance/customers/theirs")],
      ["a customerId of 129", "VALIDATION_ERROR", get(`/balance/customers/${"a".repeat(129)}`), /customerId/],
      ["a path that is not UTF-8", "VALIDATION_ERROR", get("/balance/customers/%ff"), /the path/],
      ...pageRejects("/balance/customers/cust_001", {
        deltaPage: ["0", "9007199254740993"],
        deltaLimit: ["0", "1001"],
      }),
    ],
  },
  {
    route: routeAt("GET /api/v1/verify/:fingerprint"),
    happy: ({ delta }) => ({ path: `/api/v1/verify/${delta.receiptId}?source=both` }),
    members: [
      ...in_("", "verified kind receiptId recordedAt verifiedAt status message contentHash proofHash"),
      ...in_("summary.", "recordCount netChange startingBalance endingBalance firstRecordAt lastRecordAt"),
      ...in_("records[].", "amount status time"),
      ...in_("verification.", "verificationReference verificationApiUrl verificationExplorerUrl chainId contract log"),
      ...in_("verification.", "index root blockNumber blockHash"),
      ...in_("verification.proof.", "ledgerProof head anchorProof"),
    ],
    rejects: [
      ...fingerprintRejects("/verify"),
      ["another source", "VALIDATION_ERROR", get(`/verify/${UNKNOWN}?source=me`), /source/],
      ["an unknown parameter", "VALIDATION_ERROR", get(`/verify/${UNKNOWN}?nope=1`), /nope/],
      ["a path that is not UTF-8", "VALIDATION_ERROR", get("/verify/%ff"), /the path/],
    ],
    elsewhere: { SERVICE_UNAVAILABLE: "test/e2e/outage.test.ts" },
  },
  {
    route: routeAt("GET /api/v1/receipt/:fingerprint"),
    happy: ({ delta }) => ({ path: `/api/v1/receipt/${delta.receiptId}` }),
    members: RECEIPT,
    file: true,
    rejects: fingerprintRejects("/receipt"),
    elsewhere: { SCOPE_TOO_WIDE: "test/http/verify-checkpoint.test.ts" },
  },
  {
    route: routeAt("GET /api/v1/balance/receipts/:fingerprint"),
    happy: ({ delta }) => ({ path: `/api/v1/balance/receipts/${delta.receiptId}` }),
    members: [...RECEIPT, "namespace", ...in_("content.", "customerId delta reason salt")],
    rejects: [
      ...fingerprintRejects("/balance/receipts"),
      [
        "another tenant's receipt",
        "NOT_FOUND",
        ({ theirs }) => ({ path: `/api/v1/balance/receipts/${theirs.receiptId}` }),
        /nothing that was recorded/,
      ],
      [
        "a receipt whose content was erased",
        "CONTENT_ERASED",
        ({ erased }) => ({ path: `/api/v1/balance/receipts/${erased.receiptId}` }),
        /erased/,
      ],
    ],
    elsewhere: { SCOPE_TOO_WIDE: "test/http/verify-checkpoint.test.ts" },
  },
  {
    route: routeAt("GET /api/v1/chain"),
    happy: get("/chain"),
    members: in_("", "chainId contract codeHash log publisher latestIndex confirmations rpcUrl"),
    rejects: [],
  },
  {
    route: routeAt("GET /api/v1/anchors"),
    happy: get("/anchors?limit=1000&offset=0"),
    members: [...in_("anchors[].", ANCHOR), ...in_("pagination.", "total offset limit nextCursor")],
    rejects: [
      ["a cursor with an offset", "INVALID_SCOPE_COMBINATION", get("/anchors?cursor=AAAA&offset=1"), /cursor/],
      ...pageRejects("/anchors", { limit: ["0", "1001"], offset: ["-1", "9007199254740993"] }),
    ],
  },
  {
    route: routeAt("GET /api/v1/anchors/:index"),
    happy: get("/anchors/1"),
    members: in_("", ANCHOR),
    rejects: [
      ["an index not reached", "NOT_FOUND", get("/anchors/999999"), /no anchor 999999/],
      ["index zero", "VALIDATION_ERROR", get("/anchors/0"), /from 1 on/],
      ["an index below zero", "VALIDATION_ERROR", get("/anchors/-1"), /from 1 on/],
      ["an index in words", "VALIDATION_ERROR", get("/anchors/latest"), /from 1 on/],
    ],
  },
  { route: routeAt("GET /healthz"), happy: () => ({ path: "/healthz" }), members: ["status"], rejects: [] },
  {
    route: routeAt("GET /readyz"),
    happy: () => ({ path: "/readyz" }),
    members: ["status", "checks.database.ok", "checks.database.detail", "checks.anchoring.ok"],
    rejects: [],
    elsewhere: { SERVICE_UNAVAILABLE: "test/e2e/outage.test.ts" },
  },
  ...BULK_ROUTE_CASES,
  ...CHECKPOINT_ROUTE_CASES,
  ...KEY_ROUTE_CASES,
  ...WEBHOOK_ROUTE_CASES,
  ...COMPARE_ROUTE_CASES,
  ...OPERATING_ROUTE_CASES,
  ...EVIDENCE_ROUTE_CASES,
];
