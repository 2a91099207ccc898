import { createHmac, randomBytes } from "node:crypto";
import ipaddr from "ipaddr.js";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { TallyrootError } from "../core/errors.ts";
import type { Caller } from "./authenticate.ts";
import type { Route } from "./route.ts";

/** Requests per minute: of one API key, and of one address on the routes that need no key. Null: no limit. */
export type RateLimits = { perKey: number | null; perAddress: number | null };

const WINDOW_SECONDS = 60;

/** Counters of addresses at most. Two addresses that meet in one share a limit, so that no number of addresses fills the memory. */
const ADDRESS_SLOTS = 65_536;

/** What a prober of the operator asks every few seconds, and must not be kept from. */
const NEVER_LIMITED = ["/healthz", "/readyz", "/metrics"];

export function isLimited({ path }: Pick<Route, "path">): boolean {
  return !NEVER_LIMITED.includes(path);
}

type Limit = { name: "key" | "address"; quota: number; limiter: RateLimiterMemory };

function limitOf(name: Limit["name"], quota: number | null): Limit | undefined {
  return quota === null
    ? undefined
    : { name, quota, limiter: new RateLimiterMemory({ points: quota, duration: WINDOW_SECONDS, keyPrefix: name }) };
}

/**
 * Counts requests and refuses those above the limit; undefined when nothing is limited.
 *
 * The headers are those of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` says the quota (`q`) of a window (`w`, in
 * seconds), `RateLimit` what remains (`r`) and when it is whole again (`t`, in seconds). A window begins with its first request.
 */
export function openRateLimit(limits: RateLimits) {
  const perKey = limitOf("key", limits.perKey);
  const perAddress = limitOf("address", limits.perAddress);
  if (!perKey && !perAddress) return undefined;
  const slotKey = randomBytes(32);

  /**
   * @param address where the request came from.
   * @param headers of the answer; those of the limit are added.
   * @throws TallyrootError RATE_LIMITED with the seconds until the window ends.
   */
  return async function admit(
    line: Route,
    caller: Caller | undefined,
    address: string | undefined,
    headers: Record<string, string>,
  ): Promise<void> {
    const limit = caller ? perKey : perAddress;
    if (!limit || !isLimited(line)) return;
    const who = caller ? caller.key.publicId : slotOf(slotKey, networkOf(address));
    const { name, quota, limiter } = limit;
    // A penalty counts and answers; `consume` would reject with something that is no error.
    const { consumedPoints, msBeforeNext } = await limiter.penalty(who);
    const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
    headers["RateLimit-Policy"] = `"${name}";q=${quota};w=${WINDOW_SECONDS}`;
    headers.RateLimit = `"${name}";r=${Math.max(0, quota - consumedPoints)};t=${seconds}`;
    if (consumedPoints <= quota) return;
    throw new TallyrootError(
      "RATE_LIMITED",
      `more than ${quota} requests a minute ${caller ? "with this key" : "from this address"}: go on in ${seconds} s`,
      { limit: quota, windowSeconds: WINDOW_SECONDS, retryAfterSeconds: seconds },
    );
  };
}

/** The network that one customer of an internet provider usually has: one IPv4 address, or 64 bits of an IPv6 address (RFC 6177). */
export function networkOf(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(":") : parsed.toString();
}

/** The key is made at start: nobody can find an address whose counter is that of somebody else. */
function slotOf(key: Uint8Array, network: string): number {
  return createHmac("sha256", key).update(network).digest().readUInt32BE() % ADDRESS_SLOTS;
}
