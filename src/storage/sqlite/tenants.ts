import type { KeyObject } from "node:crypto";
import { namespaceOf } from "../../core/address.ts";
import { utf8 } from "../../core/bytes.ts";
import type { ApiKeyRecord, Tenant, TenantStore } from "../../ledger/ports.ts";
import { requestKeyOf } from "../../ledger/request-id.ts";
import { freshKey, seal, unseal } from "../../ledger/seal.ts";
import type { Sqlite } from "./database.ts";

type TenantRow = { id: number; name: string; sealed_secret: Buffer };
type KeyRow = { public_id: string; tenant: number; secret_hash: Buffer; scope: ApiKeyRecord["scope"]; label: string; created_at: number; revoked_at: number | null };

function secretPlace(name: string): Uint8Array {
  return utf8(`tenant:${name}`);
}

/** Tenants and their API keys. A tenant's secret is stored only sealed with the master key, an API key's only hashed. */
export function openTenantStore(db: Sqlite, master: KeyObject): TenantStore {
  const byName = db.prepare<[string], TenantRow>("SELECT id, name, sealed_secret FROM tenants WHERE name = ?");
  const byId = db.prepare<[number], TenantRow>("SELECT id, name, sealed_secret FROM tenants WHERE id = ?");
  const insertTenant = db.prepare("INSERT INTO tenants (name, sealed_secret, created_at) VALUES (?, ?, ?)");
  const insertKey = db.prepare("INSERT INTO api_keys (public_id, tenant, secret_hash, scope, label, created_at) VALUES (?, ?, ?, ?, ?, ?)");
  const keyById = db.prepare<[string], KeyRow>("SELECT public_id, tenant, secret_hash, scope, label, created_at, revoked_at FROM api_keys WHERE public_id = ?");

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
      insertKey.run(key.publicId, key.tenantId, key.secretHash, key.scope, key.label, key.createdAt);
    },
    async apiKey(publicId) {
      const row = keyById.get(publicId);
      return (
        row && {
          publicId: row.public_id,
          tenantId: row.tenant,
          secretHash: row.secret_hash,
          scope: row.scope,
          label: row.label,
          createdAt: row.created_at,
          revokedAt: row.revoked_at,
        }
      );
    },
  };
}
