import type { Route } from "#src/http/route.ts";
import { compareCheckpoints, getCheckpoint, getCheckpoints } from "#src/http/routes/checkpoints.ts";
import { getInvoiceProof, getInvoiceReceipt } from "#src/http/routes/invoices.ts";
import { postCheckpoint } from "#src/http/routes/make-checkpoint.ts";
import { getReceipts } from "#src/http/routes/receipts.ts";
import type { Members } from "./call.ts";
import type { Reject, RouteCase } from "./route-cases.ts";

/** The cases of checkpoints and of what is made of them. */

const CHECKPOINT =
  "checkpointId status mode proofRoot merkleRoot customerId ledgerIdentifier period from to firstSequence deltasCount startingBalance endingBalance netChange createdAt verifyUrl verificationApiUrl";
const LINE = "sequence recordId receiptId time delta deltaExact balance balanceExact reason referenceId status";
const NOBODYS = "chk_0123456789abcdef01234567";
const UNKNOWN = `0x${"5a".repeat(32)}`;

const in_ = (prefix: string, names: string) => names.split(" ").map((name) => prefix + name);
const get = (path: string) => () => ({ path: `/api/v1${path}` });
const post = (body: Members, headers?: Record<string, string>) => () => ({
  path: postCheckpoint.path,
  body,
  ...(headers && { headers }),
});
const ours = (change: Members) => post({ customerId: "cust_001", ...change });

/** What every query refuses that names a window. */
const windowRejects = (path: string): Reject[] => {
  const query = (text: string) => get(`${path}?${text}`);
  return [
    ["a month of 13", "VALIDATION_ERROR", query("period=2026-13"), /period/],
    ["a month in words", "VALIDATION_ERROR", query("period=november"), /period/],
    ["a month before 1970", "VALIDATION_ERROR", query("period=1969-12"), /1970/],
    ["the 30th of February", "VALIDATION_ERROR", query("startDate=2026-02-30&endDate=2026-03-01"), /startDate/],
    [
      "a time without a zone",
      "VALIDATION_ERROR",
      query("startDate=2026-02-01T00:00:00&endDate=2026-03-01"),
      /startDate/,
    ],
    ["a start before 1970", "VALIDATION_ERROR", query("startDate=1969-12-31&endDate=1970-01-02"), /before 1970/],
    ["an end before its start", "VALIDATION_ERROR", query("startDate=2026-03-02&endDate=2026-03-01"), /before endDate/],
    [
      "a window of no time",
      "VALIDATION_ERROR",
      query("startDate=2026-03-01T00:00:00Z&endDate=2026-03-01T00:00:00Z"),
      /before endDate/,
    ],
    ["another preset", "VALIDATION_ERROR", query("timePreset=last_week"), /timePreset/],
    ["a period with dates", "INVALID_SCOPE_COMBINATION", query("period=2026-01&startDate=2026-01-01"), /exclude/],
    ["a period with a preset", "INVALID_SCOPE_COMBINATION", query("period=2026-01&timePreset=custom"), /exclude/],
    [
      "the current month with dates",
      "INVALID_SCOPE_COMBINATION",
      query("timePreset=current_month&endDate=2026-01-01"),
      /exclude/,
    ],
    ["custom without dates", "INVALID_SCOPE_COMBINATION", query("timePreset=custom"), /startDate and endDate/],
    ["a start without an end", "INVALID_SCOPE_COMBINATION", query("startDate=2026-01-01"), /startDate and endDate/],
    ["an end without a start", "INVALID_SCOPE_COMBINATION", query("endDate=2026-01-01"), /startDate and endDate/],
    ["eleven years", "SCOPE_TOO_WIDE", query("startDate=2015-01-01&endDate=2026-01-01"), /120 months/],
  ];
};

const derived = (text: string) => get(`/balance/derive/cust_001?${text}`);

/** What deriving refuses besides: its ways of naming a scope exclude each other. */
export const DERIVE_SCOPE_REJECTS: readonly Reject[] = [
  ...windowRejects("/balance/derive/cust_001"),
  [
    "a checkpoint with a period",
    "INVALID_SCOPE_COMBINATION",
    derived(`startingCheckpoint=${UNKNOWN}&period=2026-01`),
    /exclude/,
  ],
  [
    "a checkpoint with dates",
    "INVALID_SCOPE_COMBINATION",
    derived(`startingCheckpoint=${UNKNOWN}&startDate=2026-01-01&endDate=2026-01-02`),
    /exclude/,
  ],
  [
    "a checkpoint with a preset",
    "INVALID_SCOPE_COMBINATION",
    derived(`startingCheckpoint=${UNKNOWN}&timePreset=current_month`),
    /exclude/,
  ],
  [
    "a type without its checkpoint",
    "INVALID_SCOPE_COMBINATION",
    derived("startingCheckpointType=recordId"),
    /startingCheckpoint/,
  ],
  [
    "as of a time within a period",
    "INVALID_SCOPE_COMBINATION",
    derived("at=2026-01-01T00:00:00Z&period=2026-01"),
    /exclude/,
  ],
  ["as of a date", "VALIDATION_ERROR", derived("at=2026-01-01"), /at/],
  ["as of sequence zero", "VALIDATION_ERROR", derived("at=0"), /at/],
  ["as of a sequence beyond the record", "VALIDATION_ERROR", derived("at=999999"), /the ledger has/],
  ["another finality", "VALIDATION_ERROR", derived("finality=final"), /finality/],
  ["another granularity", "VALIDATION_ERROR", derived("granularity=hour"), /granularity/],
  ["another type of checkpoint", "VALIDATION_ERROR", derived("startingCheckpoint=1&startingCheckpointType=id"), /Type/],
  ["a checkpoint that nobody made", "NOT_FOUND", derived(`startingCheckpoint=${UNKNOWN}`), /no proofRoot/],
  [
    "a root that nobody has",
    "NOT_FOUND",
    derived(`startingCheckpoint=${UNKNOWN}&startingCheckpointType=itemsRoot`),
    /itemsRoot/,
  ],
  [
    "an anchor that is not there",
    "NOT_FOUND",
    derived("startingCheckpoint=999999&startingCheckpointType=anchorId"),
    /anchorId/,
  ],
  [
    "a delta of another customer",
    "NOT_FOUND",
    ({ erased }) => ({
      path: `/api/v1/balance/derive/cust_001?startingCheckpoint=${erased.recordId}&startingCheckpointType=recordId`,
    }),
    /no recordId/,
  ],
  [
    "more than a thousand buckets",
    "SCOPE_TOO_WIDE",
    derived("granularity=day&startDate=2020-01-01&endDate=2026-01-01"),
    /1000 entries/,
  ],
];

const POST_REJECTS: readonly Reject[] = [
  ["nobody", "CUSTOMER_NOT_FOUND", post({ customerId: "nobody" }), /nobody/],
  ["another tenant's customer", "CUSTOMER_NOT_FOUND", post({ customerId: "theirs" })],
  ["a customerId with a space", "VALIDATION_ERROR", post({ customerId: "a b" }), /customerId/],
  ["a month of 13", "VALIDATION_ERROR", ours({ period: "2026-13" }), /period/],
  ["a month to come", "VALIDATION_ERROR", ours({ period: "2999-01" }), /not begun/],
  ["a month to come for everybody", "VALIDATION_ERROR", post({ period: "2999-01" }), /not begun/],
  ["a month in which nobody was active", "NOT_FOUND", post({ period: "2001-01" }), /no customer/],
  ["a period with dates", "INVALID_SCOPE_COMBINATION", ours({ period: "2026-01", endDate: "2026-02-01" }), /exclude/],
  ["custom without dates", "INVALID_SCOPE_COMBINATION", ours({ timePreset: "custom" }), /startDate and endDate/],
  ["eleven years", "SCOPE_TOO_WIDE", ours({ startDate: "2015-01-01", endDate: "2026-01-01" }), /120 months/],
  ["a start before 1970", "VALIDATION_ERROR", ours({ startDate: "1960-01-01", endDate: "1961-01-01" }), /before 1970/],
  ["another mode", "VALIDATION_ERROR", ours({ mode: "all" }), /mode/],
  ["an unknown member", "VALIDATION_ERROR", ours({ granularity: "day" }), /granularity/],
  ["a list as the body", "VALIDATION_ERROR", () => ({ path: postCheckpoint.path, body: [] }), /object/],
  ["fingerprints without the mode", "INVALID_SCOPE_COMBINATION", ours({ fingerprints: [UNKNOWN] }), /mode=selection/],
  ["a selection of what", "INVALID_SCOPE_COMBINATION", ours({ mode: "selection" }), /needs fingerprints/],
  ["a selection of nothing", "VALIDATION_ERROR", ours({ mode: "selection", fingerprints: [] }), /fingerprints/],
  [
    "10,001 fingerprints",
    "VALIDATION_ERROR",
    ours({ mode: "selection", fingerprints: Array(10_001).fill(UNKNOWN) }),
    /fingerprints/,
  ],
  ["a word as a fingerprint", "VALIDATION_ERROR", ours({ mode: "selection", fingerprints: ["0x12"] }), /fingerprints/],
  [
    "a selection within a window",
    "INVALID_SCOPE_COMBINATION",
    ours({ mode: "selection", fingerprints: [UNKNOWN], period: "2026-01" }),
    /no window/,
  ],
  ["a delta that nobody recorded", "NOT_FOUND", ours({ mode: "selection", fingerprints: [UNKNOWN] }), /no delta/],
  [
    "another tenant's delta",
    "NOT_FOUND",
    ({ theirs }) => post({ mode: "selection", fingerprints: [theirs.receiptId] })(),
    /no delta/,
  ],
  [
    "deltas of two customers",
    "VALIDATION_ERROR",
    ({ delta, erased }) => post({ mode: "selection", fingerprints: [delta.receiptId, erased.receiptId] })(),
    /one ledger/,
  ],
  [
    "another customer's delta",
    "VALIDATION_ERROR",
    ({ erased }) => ours({ mode: "selection", fingerprints: [erased.receiptId] })(),
    /another customer/,
  ],
  ["the idempotency key of a delta", "IDEMPOTENCY_CONFLICT", post({}, { "Idempotency-Key": "first" }), /route/],
];

const invoice = (route: Route): RouteCase => {
  const path = route.path.replace("/api/v1", "").replace(":customerId", "cust_001");
  return {
    route,
    happy: get(path),
    members: [
      ...in_("", "customerId ledgerIdentifier period from to status proofRoot merkleRoot verifyUrl verificationApiUrl"),
      ...in_("", "startingBalance endingBalance netChange deltasCount"),
      ...in_("checkpoint.", CHECKPOINT),
      ...in_("lines[].", LINE),
      ...in_("pagination.", "total offset limit"),
    ],
    rejects: [
      ["nobody", "CUSTOMER_NOT_FOUND", get(path.replace("cust_001", "nobody")), /nobody/],
      ["another tenant's customer", "CUSTOMER_NOT_FOUND", get(path.replace("cust_001", "theirs"))],
      ["a month to come", "VALIDATION_ERROR", get(`${path}?period=2999-01`), /not begun/],
      [
        "who may not make the checkpoint that is not there",
        "NOT_FOUND",
        ({ keys }) => ({ path: `/api/v1${path}?period=2001-01`, key: keys.read }),
        /POST/,
      ],
      ["a page of nothing", "VALIDATION_ERROR", get(`${path}?limit=0`), /limit/],
      ["an unknown parameter", "VALIDATION_ERROR", get(`${path}?granularity=day`), /granularity/],
      ...windowRejects(path),
    ],
  };
};

export const CHECKPOINT_ROUTE_CASES: readonly RouteCase[] = [
  { route: postCheckpoint, happy: ours({}), members: in_("", CHECKPOINT), rejects: POST_REJECTS },
  {
    route: getCheckpoints,
    happy: get("/balance/checkpoints?limit=10&offset=0&timePreset=current_month"),
    members: [...in_("checkpoints[].", CHECKPOINT), ...in_("pagination.", "total offset limit")],
    rejects: [
      ["nobody", "CUSTOMER_NOT_FOUND", get("/balance/checkpoints?customerId=nobody"), /nobody/],
      ["another tenant's customer", "CUSTOMER_NOT_FOUND", get("/balance/checkpoints?customerId=theirs")],
      ["a page of nothing", "VALIDATION_ERROR", get("/balance/checkpoints?limit=0"), /limit/],
      ["a page too long", "VALIDATION_ERROR", get("/balance/checkpoints?limit=1001"), /limit/],
      ["an unknown parameter", "VALIDATION_ERROR", get("/balance/checkpoints?nope=1"), /nope/],
      ...windowRejects("/balance/checkpoints"),
    ],
  },
  {
    route: compareCheckpoints,
    happy: ({ checkpoint: { checkpointId } }) => ({
      path: `/api/v1/balance/checkpoints/compare?from=${checkpointId}&to=${checkpointId}`,
    }),
    members: [
      ...in_("from.", CHECKPOINT),
      ...in_("to.", CHECKPOINT),
      ...in_("change.", "netChange deltasCount"),
      ...in_("consistency.", "earlier.count earlier.root later.count later.root proof"),
      "consistencyUrl",
    ],
    rejects: [
      ["no checkpoints", "VALIDATION_ERROR", get("/balance/checkpoints/compare"), /from.*to/],
      ["a word", "VALIDATION_ERROR", get(`/balance/checkpoints/compare?from=${NOBODYS}&to=now`), /to: must be/],
      ["nobody's", "NOT_FOUND", get(`/balance/checkpoints/compare?from=${NOBODYS}&to=${NOBODYS}`), /no checkpoint/],
      [
        "another tenant's",
        "NOT_FOUND",
        ({ checkpoint: { checkpointId }, keys }) => ({
          path: `/api/v1/balance/checkpoints/compare?from=${checkpointId}&to=${checkpointId}`,
          key: keys.stranger,
        }),
        /no checkpoint/,
      ],
    ],
  },
  {
    route: getCheckpoint,
    happy: ({ checkpoint }) => ({ path: `/api/v1/balance/checkpoints/${checkpoint.checkpointId}` }),
    members: in_("", CHECKPOINT),
    rejects: [
      ["nobody's", "NOT_FOUND", get(`/balance/checkpoints/${NOBODYS}`), /no checkpoint/],
      ["a word", "VALIDATION_ERROR", get("/balance/checkpoints/latest"), /checkpointId/],
      ["a page of nothing", "VALIDATION_ERROR", get(`/balance/checkpoints/${NOBODYS}?limit=0`), /limit/],
    ],
  },
  invoice(getInvoiceReceipt),
  invoice(getInvoiceProof),
  {
    route: getReceipts,
    happy: get("/balance/customers/cust_001/receipts?limit=1"),
    members: [...in_("receipts[].", "recordId receiptId status delta balance sequence"), "pagination.total"],
    rejects: [
      ["nobody", "CUSTOMER_NOT_FOUND", get("/balance/customers/nobody/receipts"), /nobody/],
      ["another tenant's customer", "CUSTOMER_NOT_FOUND", get("/balance/customers/theirs/receipts")],
      [
        "a cursor with an offset",
        "INVALID_SCOPE_COMBINATION",
        get("/balance/customers/cust_001/receipts?cursor=AAAA&offset=1"),
        /cursor/,
      ],
      ["a page of nothing", "VALIDATION_ERROR", get("/balance/customers/cust_001/receipts?limit=0"), /limit/],
      ["an unknown parameter", "VALIDATION_ERROR", get("/balance/customers/cust_001/receipts?nope=1"), /nope/],
    ],
  },
];
