import { createHash, timingSafeEqual } from "node:crypto";
import type { Request } from "express";
import { TallyrootError } from "../core/errors.ts";
import { parseApiKey } from "../ledger/api-keys.ts";
import type { ApiKeyRecord, Scope, Tenant, TenantStore } from "../ledger/ports.ts";

/** What a scope includes. */
const INCLUDES: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read"],
  write: ["write", "read"],
  admin: ["admin", "write", "read"],
};

/** Who calls. */
export type Caller = { tenant: Tenant; key: ApiKeyRecord };

/** Keys whose records are kept in memory; they are few, and a flood of wrong ones must not push them out: only good ones enter. */
const MOST_CALLERS = 10_000;

/**
 * Finds out who calls, by `X-Api-Key` or `Authorization: Bearer`.
 *
 * The secret is compared as a hash and in constant time; that a key does not exist, is revoked, or has another secret cannot be told
 * apart from outside.
 */
export function openAuthentication(tenants: TenantStore) {
  const callers = new Map<string, Caller>();

  async function callerOf(publicId: string): Promise<Caller | undefined> {
    const known = callers.get(publicId);
    if (known) return known;
    const key = await tenants.apiKey(publicId);
    const tenant = key && (await tenants.tenantById(key.tenantId));
    return tenant && { tenant, key };
  }

  return async function authenticate(request: Request, needed: Scope): Promise<Caller> {
    const sent = request.get("X-Api-Key") ?? /^Bearer +(\S+)$/i.exec(request.get("Authorization") ?? "")?.[1];
    if (sent === undefined) throw new TallyrootError("INVALID_API_KEY", "no API key was sent: put it in the X-Api-Key header");
    const parsed = parseApiKey(sent);
    const caller = parsed && (await callerOf(parsed.publicId));
    const hash = createHash("sha256").update(parsed?.secret ?? "").digest();
    if (!parsed || !caller || !timingSafeEqual(hash, caller.key.secretHash) || caller.key.revokedAt !== null) {
      throw new TallyrootError("INVALID_API_KEY", "the API key is unknown, revoked or mistyped");
    }
    if (callers.size < MOST_CALLERS) callers.set(parsed.publicId, caller);
    if (!INCLUDES[caller.key.scope].includes(needed)) {
      throw new TallyrootError("FORBIDDEN_SCOPE", `this key has scope ${caller.key.scope}, this route needs ${needed}`, { scope: caller.key.scope, needed });
    }
    return caller;
  };
}
