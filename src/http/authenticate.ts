import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TallyrootError } from "../core/errors.ts";
import { OPERATOR_TENANT, parseApiKey, uselessKey } from "../ledger/api-keys.ts";
import type { Tenant } from "../ledger/ports/ledgers.ts";
import type { ApiKeyRecord, Scope, TenantStore } from "../ledger/ports/tenants.ts";
import { bearerOf } from "./exchange.ts";
import type { Access } from "./route.ts";

/** What a scope includes. */
const INCLUDES: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read"],
  write: ["write", "read"],
  admin: ["admin", "write", "read"],
};

/** Who calls. */
export type Caller = { tenant: Tenant; key: ApiKeyRecord };

/**
 * Finds out who calls, by `X-Api-Key` or `Authorization: Bearer`, and whether that key has the access that a route needs.
 *
 * The secret is compared as a hash and in constant time; that a key does not exist, is revoked, has expired, or has another secret cannot
 * be told apart from outside. The store is asked each time: it keeps keys in memory, and knows when one changes.
 *
 * @param clock Unix milliseconds.
 */
export function openAuthentication(tenants: TenantStore, clock: () => number) {
  return async function authenticate(
    request: IncomingMessage,
    needed: Exclude<Access, "public">,
    path: string,
  ): Promise<Caller> {
    const sent = keyOf(request) ?? bearerOf(request);
    if (sent === undefined)
      throw new TallyrootError("INVALID_API_KEY", "no API key was sent: put it in the X-Api-Key header");
    const parsed = parseApiKey(sent);
    const key = parsed && (await tenants.apiKey(parsed.publicId));
    // As hex and back: in one go that is half of what the same hash costs as bytes.
    const secretHash = Buffer.from(hash("sha256", parsed?.secret ?? "", "hex"), "hex");
    const now = clock();
    if (!key || !timingSafeEqual(secretHash, key.secretHash) || !isUsable(key, now)) throw uselessKey();
    const tenant = await tenants.tenantById(key.tenantId);
    if (!tenant) throw new Error(`the tenant of API key ${key.publicId} is not stored`);
    tenants.noteUse(key.publicId, now);
    const caller = { tenant, key };
    expectAccess(caller, needed, path);
    return caller;
  };
}

function keyOf({ headers }: IncomingMessage): string | undefined {
  // Twice the header is one text with a comma, which is no key.
  const sent = headers["x-api-key"];
  return sent === undefined ? undefined : String(sent);
}

function isUsable({ revokedAt, expiresAt }: ApiKeyRecord, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt > now);
}

/** @throws TallyrootError FORBIDDEN_SCOPE; NOT_FOUND for the operator's routes, which are nothing that others need to know of. */
function expectAccess({ tenant, key }: Caller, needed: Exclude<Access, "public">, path: string): void {
  if (needed === "operator") {
    if (key.scope === "admin" && tenant.name === OPERATOR_TENANT) return;
    throw new TallyrootError("NOT_FOUND", `there is nothing at ${path}`);
  }
  if (INCLUDES[key.scope].includes(needed)) return;
  throw new TallyrootError("FORBIDDEN_SCOPE", `this key has scope ${key.scope}, this route needs ${needed}`, {
    scope: key.scope,
    needed,
  });
}
