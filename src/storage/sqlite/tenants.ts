import type { KeyObject } from "node:crypto";
import { namespaceOf } from "../../core/address.ts";
import { utf8 } from "../../core/bytes.ts";
import type { ApiKeyRecord, Tenant, TenantStore } from "../../ledger/ports.ts";
import { requestKeyOf } from "../../ledger/request-id.ts";
import { freshKey, seal, unseal } from "../../ledger/seal.ts";
import type { Sqlite } from "./database.ts";

type TenantRow = { id: number; name: string; sealed_secret: Buffer };
type KeyRow = {
  public_id: string;
  tenant: number;
  secret_hash: Buffer;
  scope: ApiKeyRecord["scope"];
  ledger_address: Buffer | null;
  sealed_label: Buffer;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
};

function secretPlace(name: string): Uint8Array {
  return utf8(`tenant:${name}`);
}

function labelPlace(publicId: string): Uint8Array {
  return utf8(`api-key:${publicId}`);
}

/** Tenants and their API keys. A tenant's secret is stored only sealed with the master key, an API key's only hashed. */
export function openTenantStore(db: Sqlite, master: KeyObject): TenantStore {
  const byName = db.prepare<[string], TenantRow>("SELECT id, name, sealed_secret FROM tenants WHERE name = ?");
  const byId = db.prepare<[number], TenantRow>("SELECT id, name, sealed_secret FROM tenants WHERE id = ?");
  const insertTenant = db.prepare("INSERT INTO tenants (name, sealed_secret, created_at) VALUES (?, ?, ?)");
  const insertKey = db.prepare(
    "INSERT INTO api_keys (public_id, tenant, secret_hash, scope, ledger_address, sealed_label, created_at, expires_at, revoked_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const keyById = db.prepare<[string], KeyRow>("SELECT * FROM api_keys WHERE public_id = ?");
  const keyPage = db.prepare<[number, number, number], KeyRow>("SELECT * FROM api_keys WHERE tenant = ? ORDER BY created_at, public_id LIMIT ? OFFSET ?");
  const keyCount = db.prepare<[number], { n: number }>("SELECT count(*) AS n FROM api_keys WHERE tenant = ?");
  const tenantPage = db.prepare<[number, number], TenantRow>("SELECT id, name, sealed_secret FROM tenants ORDER BY id LIMIT ? OFFSET ?");
  const tenantCount = db.prepare<[], { n: number }>("SELECT count(*) AS n FROM tenants");
  const setters = {
    expiresAt: db.prepare("UPDATE api_keys SET expires_at = ? WHERE public_id = ?"),
    revokedAt: db.prepare("UPDATE api_keys SET revoked_at = ? WHERE public_id = ?"),
    lastUsedAt: db.prepare("UPDATE api_keys SET last_used_at = ? WHERE public_id = ?"),
  };

  function keyOf(row: KeyRow): ApiKeyRecord {
    return {
      publicId: row.public_id,
      tenantId: row.tenant,
      secretHash: row.secret_hash,
      scope: row.scope,
      ledgerAddress: row.ledger_address,
      label: unseal(master, labelPlace(row.public_id), row.sealed_label).toString("utf8"),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      lastUsedAt: row.last_used_at,
    };
  }

  function open(row: TenantRow): Tenant {
    const secret = unseal(master, secretPlace(row.name), row.sealed_secret);
    return { id: row.id, name: row.name, namespace: namespaceOf(secret), requestKey: requestKeyOf(secret) };
  }

  return {
    async tenantByName(name) {
      const row = byName.get(name);
      return row && open(row);
    },
    async tenantById(id) {
      const row = byId.get(id);
      return row && open(row);
    },
    async addTenant(name, createdAt) {
      insertTenant.run(name, seal(master, secretPlace(name), freshKey()), createdAt);
      return open(byName.get(name)!);
    },
    async addApiKey(key) {
      const sealedLabel = seal(master, labelPlace(key.publicId), utf8(key.label));
      insertKey.run(key.publicId, key.tenantId, key.secretHash, key.scope, key.ledgerAddress, sealedLabel, key.createdAt, key.expiresAt, key.revokedAt, key.lastUsedAt);
    },
    async apiKey(publicId) {
      const row = keyById.get(publicId);
      return row && keyOf(row);
    },
    async apiKeys(tenantId, { offset, limit }) {
      return { keys: keyPage.all(tenantId, limit, offset).map(keyOf), total: keyCount.get(tenantId)!.n };
    },
    async changeApiKey(publicId, change) {
      for (const [name, value] of Object.entries(change)) setters[name as keyof typeof setters].run(value, publicId);
    },
    async tenants({ offset, limit }) {
      return { tenants: tenantPage.all(limit, offset).map(open), total: tenantCount.get()!.n };
    },
  };
}
