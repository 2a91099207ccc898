/**
 * What the documentation shows as requests, and how the id that one answer gives is used in the next request. A test carries all of
 * it out against a running server, in the order of the route table.
 */

export type Example = { name: string; body: unknown };

const WEBHOOKS = ["/api/v1/webhooks", "/api/v1/dashboard/webhooks"];

/** Bodies by route. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  "POST /api/v1/balance/delta": [
    { name: "deposit", body: { customerId: "cust_001", delta: 500, reason: "initial_deposit" } },
    {
      name: "usage",
      body: {
        customerId: "cust_001",
        delta: "-0.123456789012345678",
        reason: "api_call",
        referenceId: "event-4711",
        metadata: { endpoint: "/v1/search", units: 3 },
      },
    },
    {
      name: "correction",
      body: { customerId: "cust_001", delta: "0.05", reason: "correction", adjusts: { referenceId: "event-4711" } },
    },
  ],
  "POST /api/v1/balance/delta/batch": [
    {
      name: "two_customers",
      body: {
        deltas: [
          { customerId: "cust_001", delta: -2.5, reason: "usage", idempotencyKey: "2026-11-21/cust_001" },
          { customerId: "cust_002", delta: "-7", reason: "usage", idempotencyKey: "2026-11-21/cust_002" },
        ],
        mode: "independent",
      },
    },
  ],
  "POST /api/v1/balance/compare": [
    { name: "balances", body: { customerId: "cust_001", yourBalance: "497.5", theirBalance: 500 } },
    {
      name: "entries",
      body: { customerId: "cust_001", yours: [{ sequence: 1, delta: 500 }], theirs: [{ sequence: 1, delta: 499 }] },
    },
  ],
  "POST /api/v1/balance/compare/heads": [
    { name: "bisection", body: { customerId: "cust_001", heads: [{ sequence: 1, balance: 500 }] } },
  ],
  "POST /api/v1/balance/checkpoint": [
    { name: "current_month", body: { customerId: "cust_001", timePreset: "current_month" } },
    { name: "everybody", body: { timePreset: "current_month" } },
  ],
  "POST /api/v1/keys": [
    { name: "backend", body: { scope: "write", label: "billing backend" } },
    { name: "counterparty", body: { scope: "read", customerId: "cust_001", label: "for the customer" } },
  ],
  "POST /api/v1/keys/:publicId/rotate": [{ name: "one_day", body: { overlapSeconds: 86400 } }],
  "POST /api/v1/tenants": [{ name: "acme", body: { name: "acme" } }],
  ...Object.fromEntries(
    WEBHOOKS.flatMap((path) => [
      [
        `POST ${path}`,
        [{ name: "all_events", body: { url: "https://hooks.example/tallyroot", description: "billing backend" } }],
      ],
      [`PATCH ${path}/:id`, [{ name: "pause", body: { enabled: false } }]],
    ]),
  ),
};

/** The value at `pointer` of an answer goes into a parameter of another route. */
export type Link = { from: string; pointer: string; to: string; parameter: string };

const given = (from: string, pointer: string, parameter: string, to: readonly string[]): Link[] =>
  to.map((route) => ({ from, pointer, to: route, parameter }));

export const LINKS: readonly Link[] = [
  ...given("POST /api/v1/balance/delta", "/data/recordId", "recordId", ["GET /api/v1/balance/delta/:recordId"]),
  ...given("POST /api/v1/balance/delta", "/data/receiptId", "fingerprint", [
    "GET /api/v1/verify/:fingerprint",
    "GET /api/v1/receipt/:fingerprint",
    "GET /api/v1/balance/receipts/:fingerprint",
  ]),
  ...["from", "to"].flatMap((parameter) =>
    given("POST /api/v1/balance/delta", "/data/receiptId", parameter, ["GET /api/v1/consistency"]),
  ),
  ...given("POST /api/v1/balance/checkpoint", "/data/checkpointId", "checkpointId", [
    "GET /api/v1/balance/checkpoints/:checkpointId",
  ]),
  ...["from", "to"].flatMap((parameter) =>
    given("POST /api/v1/balance/checkpoint", "/data/checkpointId", parameter, [
      "GET /api/v1/balance/checkpoints/compare",
    ]),
  ),
  ...given("POST /api/v1/keys", "/data/publicId", "publicId", [
    "GET /api/v1/keys/:publicId",
    "POST /api/v1/keys/:publicId/rotate",
    "POST /api/v1/keys/:publicId/revoke",
    "DELETE /api/v1/keys/:publicId",
  ]),
  ...WEBHOOKS.flatMap((path) =>
    given(`POST ${path}`, "/data/id", "id", [
      `GET ${path}/:id`,
      `PATCH ${path}/:id`,
      `DELETE ${path}/:id`,
      `POST ${path}/:id/rotate`,
      `POST ${path}/:id/test`,
    ]),
  ),
  ...given("GET /api/v1/balance/webhooks", "/data/deliveries/0/eventId", "eventId", [
    "POST /api/v1/balance/webhooks/:eventId/retry",
  ]),
  ...given("GET /api/v1/anchors", "/data/anchors/0/index", "index", ["GET /api/v1/anchors/:index"]),
];
