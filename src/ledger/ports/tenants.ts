import type { RequestEffect } from "./effects.ts";
import type { Page, Tenant } from "./ledgers.ts";

/** What an API key may do: `admin` everything, `write` record and read, `read` read. */
export type Scope = "admin" | "write" | "read";

export type ApiKeyRecord = {
  publicId: string;
  tenantId: number;
  /** SHA-256 of the secret: 32 random bytes need no slow hash. */
  secretHash: Uint8Array;
  scope: Scope;
  /** The one ledger that the key reads; null for a key of the whole tenant. */
  ledgerAddress: Uint8Array | null;
  /** What it is for; null once the content of the one ledger that it reads was erased. */
  label: string | null;
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
};

export interface TenantStore {
  tenantByName(name: string): Promise<Tenant | undefined>;
  tenantById(id: number): Promise<Tenant | undefined>;
  /** Makes a tenant with a fresh secret, hence a fresh namespace. */
  addTenant(name: string, createdAt: number): Promise<Tenant>;
  /**
   * Makes a tenant with its first key, and notes the request that asked for it: all or nothing.
   *
   * @param key everything but its tenant.
   * @returns `taken` when there is a tenant of this name, `repeated` when this request had its effect before; nothing is done then.
   */
  addTenantWithKey(
    tenant: { name: string; createdAt: number },
    key: Omit<ApiKeyRecord, "tenantId">,
    request?: RequestEffect,
  ): Promise<"added" | "taken" | "repeated">;
  /** The tenants in the order in which they were made. */
  tenants(page: Page): Promise<{ tenants: Tenant[]; total: number }>;

  /**
   * Adds a key, sets the end of the key that it follows, and notes the request that asked for it: all or nothing.
   *
   * @param also.ends the key that it follows, and its end; of several that follow one key without an overlap, one is added.
   * @returns `repeated` when this request had its effect before, `ended` when the key that it follows is revoked or has expired at the
   *   time of the new one's making: looked up and followed in one transaction. Nothing is done then.
   */
  addApiKey(
    key: ApiKeyRecord,
    also?: { ends?: { publicId: string; expiresAt: number }; request?: RequestEffect | undefined },
  ): Promise<"added" | "repeated" | "ended">;
  /** A key as it is now: a change MUST be seen by every read that starts afterwards. */
  apiKey(publicId: string): Promise<ApiKeyRecord | undefined>;
  /** The tenant's keys in the order in which they were made. */
  apiKeys(tenantId: number, page: Page): Promise<{ keys: ApiKeyRecord[]; total: number }>;
  /**
   * Revokes a key for good; one that is revoked stays as it is.
   *
   * @returns `last`, and nothing is done, when it is the tenant's last admin key that can be used at this time, or the last of those
   *   that have no end: looked up and revoked in one transaction; `repeated` when this request had its effect before.
   */
  revokeApiKey(publicId: string, at: number, request?: RequestEffect): Promise<"revoked" | "last" | "repeated">;
  /** Notes that a key was used. It costs nothing now: it is written later, at most once a minute for each key, and a crash may lose it. */
  noteUse(publicId: string, at: number): void;
}
