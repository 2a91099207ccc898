import { postComparison, postHeadsComparison } from "#src/http/routes/compare.ts";
import type { Members } from "./call.ts";
import type { Reject, RouteCase } from "./route-cases.ts";

/** The cases of comparing. */

const INT256_MAX = "57896044618658097711785492504343953926634992332820282019728.792003956564819967";
const HASH = `0x${"5a".repeat(32)}`;
const in_ = (prefix: string, names: string) => names.split(" ").map((name) => prefix + name);
type Sent = { path: string; body: Members };
const compare = (body: Members): Sent => ({ path: postComparison.path, body: { customerId: "cust_001", ...body } });
const heads = (body: Members): Sent => ({
  path: postHeadsComparison.path,
  body: { customerId: "cust_001", ...body },
});
const entry = (members: Members): Sent => compare({ theirs: [{ sequence: 1 }, members] });
const head = (members: Members): Sent => heads({ heads: [{ sequence: 1, ...members }] });

const COMPARISON_REJECTS: readonly Reject[] = [
  ["no customerId", "VALIDATION_ERROR", () => compare({ customerId: undefined }), /customerId: is missing/],
  ["nobody", "CUSTOMER_NOT_FOUND", () => compare({ customerId: "nobody" }), /nobody/],
  ["another tenant's customer", "CUSTOMER_NOT_FOUND", () => compare({ customerId: "theirs" }), /theirs/],
  ["an unknown member", "VALIDATION_ERROR", () => compare({ ours: [] }), /ours: is not a known member/],
  ["a balance in words", "VALIDATION_ERROR", () => compare({ yourBalance: "ten" }), /yourBalance: .*decimal number/],
  ["a balance of 19 decimals", "AMOUNT_NOT_EXACT", () => compare({ theirBalance: "1e-19" }), /theirBalance/],
  ["a starting balance beyond int256", "BALANCE_OVERFLOW", () => compare({ startingBalance: INT256_MAX }), /int256/],
  ["entries that are no list", "VALIDATION_ERROR", () => compare({ yours: {} }), /yours: must be a list/],
  ["an entry that is no object", "VALIDATION_ERROR", () => compare({ yours: [1] }), /yours\.0: must be of type object/],
  ["an entry without a name", "VALIDATION_ERROR", () => entry({ delta: 1 }), /theirs\.1: must name.*exactly one/],
  ["an entry of two names", "VALIDATION_ERROR", () => entry({ sequence: 1, referenceId: "a" }), /exactly one/],
  ["an unknown member of an entry", "VALIDATION_ERROR", () => entry({ sequence: 1, amount: 1 }), /theirs\.1\.amount/],
  ["a sequence of zero", "VALIDATION_ERROR", () => entry({ sequence: 0 }), /theirs\.1\.sequence/],
  ["a sequence of a half", "VALIDATION_ERROR", () => entry({ sequence: 1.5 }), /theirs\.1\.sequence/],
  [
    "a receiptId in upper case",
    "VALIDATION_ERROR",
    () => entry({ receiptId: HASH.toUpperCase() }),
    /theirs\.1\.receiptId/,
  ],
  ["a referenceId of 256", "VALIDATION_ERROR", () => entry({ referenceId: "r".repeat(256) }), /theirs\.1\.referenceId/],
  ["a recordId of 129", "VALIDATION_ERROR", () => entry({ recordId: "r".repeat(129) }), /theirs\.1\.recordId/],
  [
    "a delta of 19 decimals",
    "AMOUNT_NOT_EXACT",
    () => entry({ sequence: 1, delta: "0.1234567890123456789" }),
    /theirs\.1\.delta/,
  ],
  [
    "a balance that is no number",
    "VALIDATION_ERROR",
    () => entry({ sequence: 1, balance: null }),
    /theirs\.1\.balance/,
  ],
  ["a page too long", "VALIDATION_ERROR", () => compare({ confirmedLimit: 1_001 }), /confirmedLimit/],
  ["an offset below zero", "VALIDATION_ERROR", () => compare({ disputedOffset: -1 }), /disputedOffset/],
  [
    "too many entries",
    "VALIDATION_ERROR",
    () => compare({ yours: Array(60_000).fill(1), theirs: Array(40_001).fill(1) }),
    /at most 100000/,
  ],
  [
    "a large body that is no JSON",
    "VALIDATION_ERROR",
    () => ({ path: postComparison.path, body: `{"yours":[${"1,".repeat(50_000)}]}` }),
    /not JSON/,
  ],
  [
    "a body above 16 MB",
    "BODY_TOO_LARGE",
    () => ({ path: postComparison.path, body: " ".repeat(16 * 1024 * 1024 + 1) }),
    /larger/,
  ],
  [
    "a period beside dates",
    "INVALID_SCOPE_COMBINATION",
    () => compare({ period: "2026-01", startDate: "2026-01-01", endDate: "2026-01-02" }),
    /exclude/,
  ],
  [
    "a window of decades",
    "SCOPE_TOO_WIDE",
    () => compare({ startDate: "1970-01-01", endDate: "2026-01-01" }),
    /months/,
  ],
  ["a checkpoint that is not there", "NOT_FOUND", () => compare({ startingCheckpoint: HASH }), /no proofRoot/],
  [
    "a reference that erased content may have had",
    "CONTENT_ERASED",
    ({ erased }) => compare({ customerId: erased.customerId, yours: [{ referenceId: "gone" }] }),
    /receiptId, recordId or sequence/,
  ],
];

export const COMPARE_ROUTE_CASES: readonly RouteCase[] = [
  {
    route: postComparison,
    happy: () =>
      compare({ yourBalance: 12.5, theirs: [{ sequence: 1, delta: 13, balance: 14 }], granularity: "month" }),
    members: [
      ...in_(
        "",
        "customerId ledgerIdentifier startingBalance computedBalance computedBalanceExact matchesYours matchesTheirs",
      ),
      ...in_(
        "",
        "yourDiscrepancy yourDiscrepancyExact theirDiscrepancy theirDiscrepancyExact deltasCount confirmedCount",
      ),
      ...in_("", "disputedCount undecidedCount confirmed message"),
      ...in_(
        "disputed[].",
        "sequence recordId receiptId recordedAt referenceId kind party amount amountExact recordedDelta",
      ),
      ...in_(
        "disputed[].",
        "recordedDeltaExact entry sent.sequence sent.delta sent.deltaExact sent.balance sent.balanceExact",
      ),
      ...in_("divergence.", "sequence recordId receiptId recordedAt kind party amount amountExact"),
      ...in_("divergence.", "balanceBefore balanceBeforeExact balanceAfter balanceAfterExact"),
      ...in_("scope.", "from to"),
      ...in_("breakdown[].", "from to netChange deltasCount"),
      ...in_("pagination.confirmed.", "total offset limit"),
      ...in_("pagination.disputed.", "total offset limit"),
    ],
    rejects: COMPARISON_REJECTS,
  },
  {
    route: postHeadsComparison,
    happy: () => head({ balance: 12.5 }),
    members: [
      ...in_("", "customerId ledgerIdentifier deltasCount"),
      ...in_("heads[].", "sequence agrees onRecord balanceAgrees rootAgrees balance balanceExact root"),
    ],
    rejects: [
      ["nobody", "CUSTOMER_NOT_FOUND", () => heads({ customerId: "nobody", heads: [{ sequence: 1 }] }), /nobody/],
      [
        "another tenant's customer",
        "CUSTOMER_NOT_FOUND",
        () => heads({ customerId: "theirs", heads: [{ sequence: 1 }] }),
      ],
      ["no heads", "VALIDATION_ERROR", () => heads({}), /heads: is missing/],
      ["no head", "VALIDATION_ERROR", () => heads({ heads: [] }), /heads/],
      ["too many heads", "VALIDATION_ERROR", () => heads({ heads: Array(1_001).fill({ sequence: 1 }) }), /heads/],
      ["a head of nothing", "VALIDATION_ERROR", () => heads({ heads: [{}] }), /heads\.0\.sequence: is missing/],
      ["a sequence of zero", "VALIDATION_ERROR", () => head({ sequence: 0 }), /heads\.0\.sequence/],
      ["a root that is none", "VALIDATION_ERROR", () => head({ root: "0x12" }), /heads\.0\.root/],
      ["a balance of 19 decimals", "AMOUNT_NOT_EXACT", () => head({ balance: "1e-19" }), /heads\.0\.balance/],
      ["an unknown member", "VALIDATION_ERROR", () => head({ count: 1 }), /heads\.0\.count/],
    ],
  },
];
