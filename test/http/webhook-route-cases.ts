import { WEBHOOK_ROUTES } from "#src/http/routes/webhooks.ts";
import type { Members } from "./call.ts";
import type { Reject, RouteCase, World } from "./route-cases.ts";

/** The cases of webhooks. Endpoints have the same routes at two places. */

const PLACES = ["/api/v1/webhooks", "/api/v1/dashboard/webhooks"] as const;
const ENDPOINT = "id url events description enabled createdAt lastTriggered successCount failureCount".split(" ");
const DELIVERY =
  "eventId event endpointId status attempts createdAt nextAttemptAt lastAttemptAt lastStatusCode lastError deliveredAt".split(
    " ",
  );
const FIRST = { "Idempotency-Key": "first" };
const URL = "https://hooks.invalid/tallyroot";

const under = (prefix: string, names: readonly string[]) => names.map((name) => prefix + name);

function routeOf(method: string, path: string) {
  const found = WEBHOOK_ROUTES.find((line) => line.method === method && line.path === path);
  if (!found) throw new Error(`there is no route ${method} ${path}`);
  return found;
}

/** What a body with a url refuses, whatever it is posted to. */
const urlRejects = (send: (body: Members) => Reject[2]): Reject[] => [
  ["a URL that is none", "VALIDATION_ERROR", send({ url: "hooks" }), /url: must be an http or https URL/],
  ["a URL of another scheme", "VALIDATION_ERROR", send({ url: "ftp://example.com/" }), /http or https/],
  ["a URL of 2049", "VALIDATION_ERROR", send({ url: `${URL}/${"a".repeat(2048 - URL.length)}` }), /url/],
  ["plain http", "VALIDATION_ERROR", send({ url: "http://hooks.invalid/" }), /must be https/],
  ["an address of this machine", "VALIDATION_ERROR", send({ url: "https://127.0.0.1/" }), /private network/],
  ["the same written otherwise", "VALIDATION_ERROR", send({ url: "https://[::ffff:7f00:1]:9/" }), /private network/],
  ["the address of clouds' metadata", "VALIDATION_ERROR", send({ url: "https://169.254.169.254/" }), /private network/],
  ["a password in the URL", "VALIDATION_ERROR", send({ url: "https://a:b@hooks.invalid/" }), /password/],
  ["no events", "VALIDATION_ERROR", send({ url: URL, events: [] }), /events/],
  ["an event that does not exist", "VALIDATION_ERROR", send({ url: URL, events: ["delta.recorded"] }), /events\.0/],
  ["a description of 256", "VALIDATION_ERROR", send({ url: URL, description: "d".repeat(256) }), /description/],
  ["half a character", "VALIDATION_ERROR", send({ url: URL, description: "\ud800" }), /Unicode/],
  ["an unknown member", "VALIDATION_ERROR", send({ url: URL, secret: "whsec_AAAA" }), /secret: is not/],
];

/** An endpoint that is still there: of each two places some are deleted. */
let deletions = 0;

function endpointCases(at: string): RouteCase[] {
  const one = (method: string, suffix = "", body?: Members, headers?: Record<string, string>) => {
    const rest = { method, ...(body && { body }), ...(headers && { headers }) };
    return ({ webhooks }: World) => ({ path: `${at}/${webhooks.stays}${suffix}`, ...rest });
  };
  const nobodys = (method: string, suffix = "", body?: Members): Reject[] => [
    [
      "a webhook that nobody has",
      "NOT_FOUND",
      () => ({ method, path: `${at}/whk_none${suffix}`, ...(body && { body }) }),
      /no webhook whk_none/,
    ],
    [
      "another tenant's webhook",
      "NOT_FOUND",
      ({ webhooks }) => ({ method, path: `${at}/${webhooks.theirs}${suffix}`, ...(body && { body }) }),
      /no webhook/,
    ],
  ];
  const post = (body: Members, headers?: Record<string, string>) => () => ({
    path: at,
    body,
    ...(headers && { headers }),
  });
  const conflict = (suffix: string): Reject => [
    "an Idempotency-Key that another request had",
    "IDEMPOTENCY_CONFLICT",
    one("POST", suffix, undefined, FIRST),
    /another route/,
  ];
  return [
    {
      route: routeOf("POST", at),
      happy: post({ url: URL, events: ["delta.verified"], description: "made in a test" }),
      members: [...ENDPOINT, "secret"],
      rejects: [
        ["no URL", "VALIDATION_ERROR", post({}), /url/],
        ...urlRejects((body) => post(body)),
        [
          "an Idempotency-Key that another request had",
          "IDEMPOTENCY_CONFLICT",
          post({ url: URL }, FIRST),
          /another route/,
        ],
      ],
    },
    {
      route: routeOf("GET", at),
      happy: () => ({ path: at }),
      members: [...under("webhooks[].", ENDPOINT), ...under("pagination.", ["total", "offset", "limit"])],
      rejects: [],
    },
    { route: routeOf("GET", `${at}/:id`), happy: one("GET"), members: ENDPOINT, rejects: nobodys("GET") },
    {
      route: routeOf("PATCH", `${at}/:id`),
      happy: one("PATCH", "", { enabled: true }),
      members: ENDPOINT,
      rejects: [
        ...nobodys("PATCH", "", { enabled: true }),
        ...urlRejects((body) => one("PATCH", "", body)),
        ["a change of nothing", "VALIDATION_ERROR", one("PATCH", "", {}), /change something/],
        ["enabled that is a text", "VALIDATION_ERROR", one("PATCH", "", { enabled: "yes" }), /enabled/],
      ],
    },
    {
      route: routeOf("DELETE", `${at}/:id`),
      happy: ({ webhooks }) => ({
        method: "DELETE",
        path: `${at}/${webhooks.toDelete[deletions++ % webhooks.toDelete.length]}`,
      }),
      members: ["id", "deleted"],
      rejects: nobodys("DELETE"),
    },
    {
      route: routeOf("POST", `${at}/:id/rotate`),
      happy: one("POST", "/rotate"),
      members: [...ENDPOINT, "secret", "previousSecretUntil"],
      rejects: [...nobodys("POST", "/rotate"), conflict("/rotate")],
    },
    {
      route: routeOf("POST", `${at}/:id/test`),
      happy: one("POST", "/test"),
      members: ["eventId", "delivered", "statusCode", "error", "durationMs"],
      rejects: [...nobodys("POST", "/test"), conflict("/test")],
    },
  ];
}

const LIST = "/api/v1/balance/webhooks";
const list = (query: string) => () => ({ path: `${LIST}?${query}` });
const retry = (pick: (world: World) => string, headers?: Record<string, string>) => (world: World) => ({
  method: "POST",
  path: `${LIST}/${pick(world)}/retry`,
  ...(headers && { headers }),
});

export const WEBHOOK_ROUTE_CASES: readonly RouteCase[] = [
  ...PLACES.flatMap(endpointCases),
  {
    route: routeOf("GET", LIST),
    happy: list("status=pending&limit=10&offset=0"),
    members: [...under("deliveries[].", DELIVERY), ...under("pagination.", ["total", "offset", "limit"])],
    rejects: [
      ["another status", "VALIDATION_ERROR", list("status=failed"), /status/],
      ["a cursor with an offset", "INVALID_SCOPE_COMBINATION", list("cursor=AAAA&offset=1"), /cursor/],
      ["a page of nothing", "VALIDATION_ERROR", list("limit=0"), /limit/],
      ["a page too long", "VALIDATION_ERROR", list("limit=1001"), /limit/],
      ["an offset too far", "VALIDATION_ERROR", list("offset=100001"), /offset/],
      ["an unknown parameter", "VALIDATION_ERROR", list("nope=1"), /nope/],
    ],
  },
  {
    route: routeOf("POST", `${LIST}/:eventId/retry`),
    happy: retry(({ webhooks }) => webhooks.eventId),
    members: ["eventId", ...under("deliveries[].", DELIVERY)],
    rejects: [
      ["an event that nobody has", "NOT_FOUND", retry(() => "evt_none"), /no webhook event evt_none/],
      ["another tenant's event", "NOT_FOUND", retry(({ webhooks }) => webhooks.theirEventId), /no webhook event/],
      [
        "an Idempotency-Key that another request had",
        "IDEMPOTENCY_CONFLICT",
        retry(({ webhooks }) => webhooks.eventId, FIRST),
        /another route/,
      ],
    ],
  },
];
