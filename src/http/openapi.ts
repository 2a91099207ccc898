import type { ErrorCode } from "../core/errors.ts";
import { LIMITS } from "../wire/fields.ts";
import { EXAMPLES, LINKS } from "./examples.ts";
import { failureContent, type JsonSchema, namedSchemas, schemaOf, withReferences } from "./openapi-schemas.ts";
import type { Route } from "./route.ts";
import { codesOf } from "./route-codes.ts";
import { STATUSES } from "./statuses.ts";
import { TAGS, tagOf } from "./tags.ts";

/** The version of the API, which is also in its paths. */
const API_VERSION = "1.0.0";

/** What a route is called everywhere else: in README, examples and tests. */
export function nameOf({ method, path }: Pick<Route, "method" | "path">): string {
  return `${method} ${path}`;
}

/** `GET /api/v1/balance/delta/:recordId` → `getBalanceDeltaByRecordId`. */
export function operationIdOf({ method, path }: Pick<Route, "method" | "path">): string {
  const words = path
    .replace(/^\/api\/v1/, "")
    .split(/[/.-]/)
    .filter((word) => word !== "")
    .map((word) => (word.startsWith(":") ? `By${capital(word.slice(1))}` : capital(word)));
  return method.toLowerCase() + words.join("");
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/**
 * The OpenAPI 3.1 document of a route table, made from the schemas that validate its requests (https://spec.openapis.org/oas/v3.1.1).
 * The same table gives the same document.
 */
export function openApiOf(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const line of routes) {
    const path = line.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [line.method.toLowerCase()]: operationOf(line) };
  }
  const used = new Set(routes.map(tagOf));
  return {
    openapi: "3.1.1",
    info: {
      title: "Tallyroot",
      version: API_VERSION,
      description:
        "The neutral record between a provider and its counterparty: signed balance deltas, one ledger per customer, Merkle roots on an EVM chain, receipts that verify without this server.\n\nA success is `{success: true, data}`, a failure `{success: false, error: {code, message, details, requestId}}`, or RFC 9457 for whoever accepts `application/problem+json`. Amounts are exact: a number is read and written by its digits.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    externalDocs: { description: "README: what this is, and how to run and verify it", url: "/docs/README.md" },
    servers: [{ url: "/" }],
    tags: TAGS.filter(({ name }) => used.has(name)),
    paths,
    components: {
      schemas: namedSchemas(),
      headers: HEADERS,
      parameters: { IdempotencyKey: IDEMPOTENCY_KEY, RequestId: REQUEST_ID, MaxStale: MAX_STALE },
      securitySchemes: {
        apiKey: {
          type: "apiKey",
          in: "header",
          name: "X-Api-Key",
          description: "`pk_{test|live}_{publicId}.{secret}`. The first start writes one to the file `api-key`.",
        },
        bearer: { type: "http", scheme: "bearer", description: "The same key as a bearer token." },
      },
    },
  };
}

const text = { type: "string" };
const HEADERS = {
  RequestId: { description: "The id of this request: as it was sent, or made.", schema: text },
  Replayed: { description: "This is the answer to an earlier request with the same key.", schema: { const: "true" } },
  RetryAfter: { description: "Seconds to wait.", schema: { type: "integer", minimum: 0 } },
  RateLimit: {
    description: "What remains of the limit (r), and seconds until it is whole (t); only where a limit is configured.",
    schema: text,
  },
  RateLimitPolicy: { description: "The limit: requests (q) in a window of seconds (w).", schema: text },
  Age: {
    description: "The answer comes from a replica, and tells what was so at most so many seconds ago.",
    schema: { type: "integer", minimum: 0 },
  },
};

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "Makes a retry safe: the same key with the same body is answered as the first time, and has its effect once.",
  schema: { type: "string", minLength: 1, maxLength: LIMITS.idempotencyKeyLength },
};
const REQUEST_ID = {
  name: "X-Request-Id",
  in: "header",
  description: "Your id of this request: answered, and in the server's log.",
  schema: { type: "string", pattern: "^[A-Za-z0-9_.:-]{1,128}$" },
};

const MAX_STALE = {
  name: "Cache-Control",
  in: "header",
  description:
    "`max-stale=5`: the answer may be 5 seconds old, and so come from a replica where one is configured; then it bears `Age`. Without it nothing is older than the request.",
  schema: text,
};

const SCOPES: Readonly<Record<Route["access"], string>> = {
  public: "Needs no key.",
  read: "Needs a key with scope `read`, `write` or `admin`.",
  write: "Needs a key with scope `write` or `admin`.",
  admin: "Needs a key with scope `admin`.",
  operator: "Needs an admin key of the operator's tenant.",
};

function operationOf(line: Route): object {
  const parameters = parametersOf(line);
  return {
    operationId: operationIdOf(line),
    summary: line.summary,
    description: SCOPES[line.access],
    tags: [tagOf(line)],
    security: line.access === "public" ? [] : [{ apiKey: [] }, { bearer: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...(line.body && { requestBody: requestBodyOf(line, line.body) }),
    responses: { [line.status]: successOf(line), ...failuresOf(line) },
  };
}

function parametersOf({ method, params, query, mayBeStale }: Route): object[] {
  const of = (schema: Route["params"], place: "path" | "query") => {
    if (!schema) return [];
    const { properties = {}, required = [] } = schemaOf(schema, "input") as {
      properties?: Record<string, JsonSchema>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, { description, ...shape }]) => ({
      name,
      in: place,
      ...(description !== undefined && { description }),
      required: place === "path" || required.includes(name),
      schema: shape,
    }));
  };
  const headers = [...(method === "POST" ? ["IdempotencyKey"] : []), ...(mayBeStale ? ["MaxStale"] : []), "RequestId"];
  return [
    ...of(params, "path"),
    ...of(query, "query"),
    ...headers.map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ];
}

function requestBodyOf(line: Route, body: NonNullable<Route["body"]>): object {
  const schema = schemaOf(body, "input");
  const given = EXAMPLES[nameOf(line)] ?? [];
  const examples = Object.fromEntries(given.map(({ name, body }) => [name, { value: body }]));
  const content =
    line.takes === "lines"
      ? { "application/x-ndjson": { schema: { ...schema, description: "One line of the body." } } }
      : { "application/json": { schema, ...(given.length > 0 && { examples }) } };
  return { required: !body.safeParse(undefined).success, content };
}

const headerRef = (name: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${name}` });
const EVERYWHERE = {
  "X-Request-Id": headerRef("RequestId"),
  RateLimit: headerRef("RateLimit"),
  "RateLimit-Policy": headerRef("RateLimitPolicy"),
};

function successOf(line: Route): object {
  const data = withReferences(schemaOf(line.data, "output"));
  const envelope = {
    type: "object",
    properties: { success: { const: true }, data },
    required: ["success", "data"],
    additionalProperties: false,
  };
  const media = Object.entries(line.media ?? { "application/json": "envelope" });
  const links = LINKS.filter(({ from }) => from === nameOf(line)).flatMap(({ to, parameter, pointer }) => {
    const [method, path] = to.split(" ") as [Route["method"], string];
    const operationId = operationIdOf({ method, path });
    return [[operationId, { operationId, parameters: { [parameter]: `$response.body#${pointer}` } }] as const];
  });
  return {
    description: line.summary,
    headers: {
      ...EVERYWHERE,
      ...(line.method === "POST" && { "Idempotent-Replayed": headerRef("Replayed") }),
      ...(line.mayBeStale && { Age: headerRef("Age") }),
    },
    content: Object.fromEntries(media.map(([type, form]) => [type, { schema: form === "envelope" ? envelope : data }])),
    ...(links.length > 0 && { links: Object.fromEntries(links) }),
  };
}

function failuresOf(line: Route): Record<string, object> {
  const byStatus = Map.groupBy(codesOf(line), (code) => STATUSES[code]);
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, codes]: [number, ErrorCode[]]) => [
        status,
        {
          description: codes.map((code) => `\`${code}\``).join(", "),
          headers: {
            ...EVERYWHERE,
            ...((status === 429 || status === 503) && { "Retry-After": headerRef("RetryAfter") }),
          },
          content: failureContent(codes),
        },
      ]),
  );
}
