import { randomUUID } from "node:crypto";
import {
  deleteKey,
  getCurrentKey,
  getKey,
  getKeys,
  postCurrentKeyRevocation,
  postKey,
  postKeyRevocation,
  postKeyRotation,
} from "#src/http/routes/keys.ts";
import { getTenants, postTenant } from "#src/http/routes/tenants.ts";
import { deleteContent, getGaps, getLimits, getSummary, getUsage } from "#src/http/routes/usage.ts";
import { parseApiKey } from "#src/ledger/api-keys.ts";
import type { Members } from "./call.ts";
import type { Reject, RouteCase, World } from "./route-cases.ts";

/** The cases of keys, tenants, erasure and counting. */

const KEY = "publicId scope customerReference label createdAt expiresAt revokedAt lastUsedAt".split(" ");
const FIRST = { "Idempotency-Key": "first" };
/** Keys that have revoked themselves. */
let left = 0;
const idOf = (key: string) => parseApiKey(key)!.publicId;

const get = (path: string) => () => ({ path: `/api/v1${path}` });
const post =
  (path: string, body: Members, headers: Record<string, string> = {}) =>
  () => ({ path: `/api/v1${path}`, body, headers });
const keyPath =
  (method: string, suffix = "", body?: Members) =>
  ({ keys }: World) => ({ method, path: `/api/v1/keys/${idOf(keys.revoked)}${suffix}`, ...(body && { body }) });

const nobodys = (method: string, suffix = ""): Reject[] => [
  [
    "a key that nobody has",
    "NOT_FOUND",
    () => ({ method, path: `/api/v1/keys/0123456789abcdef${suffix}` }),
    /no API key 0123456789abcdef/,
  ],
  [
    "another tenant's key",
    "NOT_FOUND",
    ({ keys }) => ({ method, path: `/api/v1/keys/${idOf(keys.stranger)}${suffix}` }),
    /no API key/,
  ],
];

const pages = (path: string): Reject[] => [
  ["a page of nothing", "VALIDATION_ERROR", get(`${path}?limit=0`), /limit/],
  ["a page too long", "VALIDATION_ERROR", get(`${path}?limit=1001`), /limit/],
  ["an offset in words", "VALIDATION_ERROR", get(`${path}?offset=ten`), /offset/],
  ["an unknown parameter", "VALIDATION_ERROR", get(`${path}?nope=1`), /nope/],
];

const operatorsOnly = (body?: Members): Reject[] =>
  (["stranger", "write", "read"] as const).map((name) => [
    `the ${name} key, as if there were no such route`,
    "NOT_FOUND",
    ({ keys }) => ({ path: "/api/v1/tenants", key: keys[name], ...(body && { body }) }),
    /nothing at/,
  ]);

export const KEY_ROUTE_CASES: readonly RouteCase[] = [
  {
    route: postKey,
    happy: post("/keys", { scope: "read", customerId: "cust_001", label: "for the counterparty" }),
    members: [...KEY, "apiKey"],
    rejects: [
      ["no scope", "VALIDATION_ERROR", post("/keys", {}), /scope/],
      ["another scope", "VALIDATION_ERROR", post("/keys", { scope: "root" }), /scope/],
      ["a label of 101", "VALIDATION_ERROR", post("/keys", { scope: "read", label: "l".repeat(101) }), /label/],
      [
        "a customerId with a space",
        "VALIDATION_ERROR",
        post("/keys", { scope: "read", customerId: "a b" }),
        /customerId/,
      ],
      ["write for one customer", "VALIDATION_ERROR", post("/keys", { scope: "write", customerId: "a" }), /scope read/],
      ["admin for one customer", "VALIDATION_ERROR", post("/keys", { scope: "admin", customerId: "a" }), /scope read/],
      [
        "an end that was",
        "VALIDATION_ERROR",
        post("/keys", { scope: "read", expiresAt: "2020-01-01T00:00:00Z" }),
        /future/,
      ],
      [
        "an end without a zone",
        "VALIDATION_ERROR",
        post("/keys", { scope: "read", expiresAt: "2099-01-01T00:00:00" }),
        /expiresAt/,
      ],
      ["an unknown member", "VALIDATION_ERROR", post("/keys", { scope: "read", secret: "s" }), /secret/],
      ["the idempotency key of a delta", "IDEMPOTENCY_CONFLICT", post("/keys", { scope: "read" }, FIRST), /route/],
    ],
  },
  {
    route: getKeys,
    happy: get("/keys?limit=2&offset=1"),
    members: [...KEY.map((name) => `keys[].${name}`), "pagination.total", "pagination.offset", "pagination.limit"],
    rejects: pages("/keys"),
  },
  {
    route: getCurrentKey,
    happy: get("/keys/current"),
    members: [...KEY.map((name) => `key.${name}`), "tenant", "customerId", "mode"],
    rejects: [],
  },
  {
    route: postCurrentKeyRevocation,
    happy: ({ leaving }) => ({
      method: "POST",
      path: "/api/v1/keys/current/revoke",
      key: leaving[left++ % leaving.length],
    }),
    members: KEY,
    rejects: [
      [
        "an admin's only key",
        "VALIDATION_ERROR",
        ({ keys }) => ({ method: "POST", path: "/api/v1/keys/current/revoke", key: keys.stranger }),
        /last admin key/,
      ],
      [
        "the idempotency key of a delta",
        "IDEMPOTENCY_CONFLICT",
        ({ keys }) => ({ method: "POST", path: "/api/v1/keys/current/revoke", key: keys.read, headers: FIRST }),
        /route/,
      ],
    ],
  },
  { route: getKey, happy: keyPath("GET"), members: KEY, rejects: nobodys("GET") },
  {
    route: postKeyRotation,
    happy: ({ keys }) => ({ method: "POST", path: `/api/v1/keys/${idOf(keys.write)}/rotate` }),
    members: [...KEY, "apiKey"],
    rejects: [
      ...nobodys("POST", "/rotate"),
      ["a revoked key", "VALIDATION_ERROR", keyPath("POST", "/rotate"), /is revoked/],
      [
        "an overlap below zero",
        "VALIDATION_ERROR",
        keyPath("POST", "/rotate", { overlapSeconds: -1 }),
        /overlapSeconds/,
      ],
      [
        "an overlap of half a second",
        "VALIDATION_ERROR",
        keyPath("POST", "/rotate", { overlapSeconds: 0.5 }),
        /overlap/,
      ],
      [
        "an overlap above a month",
        "VALIDATION_ERROR",
        keyPath("POST", "/rotate", { overlapSeconds: 2_592_001 }),
        /overlap/,
      ],
      ["an unknown member", "VALIDATION_ERROR", keyPath("POST", "/rotate", { scope: "admin" }), /scope/],
      ["a label of 101", "VALIDATION_ERROR", keyPath("POST", "/rotate", { label: "l".repeat(101) }), /label/],
      [
        "the idempotency key of a delta",
        "IDEMPOTENCY_CONFLICT",
        (world) => ({ ...keyPath("POST", "/rotate", {})(world), headers: FIRST }),
        /route/,
      ],
    ],
  },
  {
    route: postKeyRevocation,
    happy: keyPath("POST", "/revoke"),
    members: KEY,
    rejects: [
      ...nobodys("POST", "/revoke"),
      [
        "the idempotency key of a delta",
        "IDEMPOTENCY_CONFLICT",
        (world) => ({ ...keyPath("POST", "/revoke")(world), headers: FIRST }),
        /route/,
      ],
    ],
  },
  { route: deleteKey, happy: keyPath("DELETE"), members: KEY, rejects: nobodys("DELETE") },
  {
    route: postTenant,
    happy: () => post("/tenants", { name: randomUUID() })(),
    members: ["name", "namespace", "apiKey", "createdAt"],
    rejects: [
      ["no name", "VALIDATION_ERROR", post("/tenants", {}), /name/],
      ["an empty name", "VALIDATION_ERROR", post("/tenants", { name: "" }), /name/],
      ["a name in capitals", "VALIDATION_ERROR", post("/tenants", { name: "ACME" }), /a-z 0-9/],
      ["a name of 65", "VALIDATION_ERROR", post("/tenants", { name: "a".repeat(65) }), /1 to 64/],
      ["a name with a line end", "VALIDATION_ERROR", post("/tenants", { name: "acme\n" }), /a-z 0-9/],
      ["a name that is taken", "VALIDATION_ERROR", post("/tenants", { name: "other" }), /other already/],
      ["the idempotency key of a delta", "IDEMPOTENCY_CONFLICT", post("/tenants", { name: "new" }, FIRST), /route/],
      ...operatorsOnly({ name: "theirs" }),
    ],
  },
  {
    route: getTenants,
    happy: get("/tenants"),
    members: ["tenants[].name", "tenants[].namespace", "tenants[].createdAt", "pagination.total"],
    rejects: [...operatorsOnly(), ...pages("/tenants")],
  },
  {
    route: getSummary,
    happy: get("/balance/customers/summary"),
    members: "customers activeCustomers totalDeltas verifiedDeltas pendingDeltas failedDeltas netBalance".split(" "),
    rejects: [],
  },
  {
    route: getUsage,
    happy: get("/balance/usage"),
    members: "allowed remaining used period plan".split(" "),
    rejects: [],
  },
  {
    route: getLimits,
    happy: get("/balance/limits"),
    members: "maxScopeMonths maxLastNDays maxRetentionDays pageSize batchItems bodyBytes".split(" "),
    rejects: [],
  },
  {
    route: getGaps,
    happy: get("/balance/gaps/cust_001?fromSequence=1&toSequence=2&limit=1"),
    members: ["expected", "present", "hasGaps", "gaps[].from", "gaps[].to"],
    rejects: [
      ["nobody", "CUSTOMER_NOT_FOUND", get("/balance/gaps/nobody"), /nobody/],
      ["another tenant's customer", "CUSTOMER_NOT_FOUND", get("/balance/gaps/theirs")],
      ["sequence zero", "VALIDATION_ERROR", get("/balance/gaps/cust_001?fromSequence=0"), /fromSequence/],
      [
        "an end before the start",
        "VALIDATION_ERROR",
        get("/balance/gaps/cust_001?fromSequence=5&toSequence=2"),
        /after/,
      ],
      ["no gaps at all", "VALIDATION_ERROR", get("/balance/gaps/cust_001?limit=0"), /limit/],
    ],
  },
  {
    route: deleteContent,
    happy: () => ({ method: "DELETE", path: "/api/v1/balance/customers/brimful/content" }),
    members: ["customerId", "ledgerIdentifier", "erasedDeltas", "erasedAt"],
    rejects: [
      [
        "nobody",
        "CUSTOMER_NOT_FOUND",
        () => ({ method: "DELETE", path: "/api/v1/balance/customers/nobody/content" }),
        /nobody/,
      ],
      [
        "another tenant's customer",
        "CUSTOMER_NOT_FOUND",
        () => ({ method: "DELETE", path: "/api/v1/balance/customers/theirs/content" }),
      ],
    ],
    elsewhere: { SERVICE_UNAVAILABLE: "test/http/erasure.test.ts" },
  },
];
