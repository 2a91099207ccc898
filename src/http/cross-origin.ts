import type { Route } from "./route.ts";

/** What pages of other origins may read (Fetch Standard, "CORS protocol"). Cookies are never involved: a key is a header. */

/** Headers that such a page may read, where it may read the answer. */
const READABLE = "X-Request-Id, ETag, Age, RateLimit, RateLimit-Policy, Retry-After, Idempotent-Replayed";
/** The wildcard does not stand for Authorization. */
const SENDABLE = "*, Authorization";
/** Seconds that a browser may keep a preflight's answer. */
const PREFLIGHT_SECONDS = "600";

type Headers = Readonly<Record<string, string>>;
type Asking = { origin: string | undefined; allowed: readonly string[] };

/**
 * The headers of an answer: anybody's page may read what the route opens to all, the other routes only pages of the origins that the
 * operator allows.
 */
export function readableBy({ cors }: Pick<Route, "cors">, { origin, allowed }: Asking): Headers {
  if (cors) return granted(cors);
  if (allowed.length === 0) return {};
  const given = origin !== undefined && allowed.includes(origin) ? granted(origin) : {};
  // What is kept of the answer for one origin is not for another.
  return { ...given, Vary: "Origin" };
}

/** The headers of a preflight's answer, for the routes of one path and their methods. */
export function preflight(lines: readonly Pick<Route, "cors">[], methods: string, asking: Asking): Headers {
  const cors = lines.every((line) => line.cors) ? ("*" as const) : undefined;
  const { "Access-Control-Expose-Headers": exposed, ...headers } = readableBy({ ...(cors && { cors }) }, asking);
  if (exposed === undefined) return headers;
  return {
    ...headers,
    "Access-Control-Allow-Methods": methods,
    "Access-Control-Allow-Headers": SENDABLE,
    "Access-Control-Max-Age": PREFLIGHT_SECONDS,
  };
}

function granted(origin: string): Headers {
  return { "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": READABLE };
}
