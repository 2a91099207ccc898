import type { KeyObject } from "node:crypto";
import { namespaceOf } from "../../core/address.ts";
import { invariant } from "../../core/errors.ts";
import type { RequestEffect } from "../../ledger/ports/effects.ts";
import type { Tenant } from "../../ledger/ports/ledgers.ts";
import type { ApiKeyRecord, TenantStore } from "../../ledger/ports/tenants.ts";
import { requestKeyOf } from "../../ledger/request-id.ts";
import { freshKey, seal, unseal } from "../../ledger/seal.ts";
import { tenantSecretPlace } from "../sealed-places.ts";
import { openKeyStore } from "./api-keys.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteEffects } from "./effects.ts";
import { writing } from "./refused-write.ts";

type TenantRow = { id: number; name: string; sealed_secret: Buffer; created_at: number };

/** The key under which a tenant's idempotency keys are hashed. */
export function storedRequestKey(db: Sqlite, master: KeyObject, tenantId: number): KeyObject {
  const row = db
    .prepare<[number], TenantRow>("SELECT id, name, sealed_secret, created_at FROM tenants WHERE id = ?")
    .get(tenantId);
  invariant(row !== undefined, "a stored row names a tenant that exists");
  return requestKeyOf(unseal(master, tenantSecretPlace(row.name), row.sealed_secret));
}

/** Tenants with their API keys. A tenant's secret is stored only sealed with the master key. */
export function openTenantStore(
  db: Sqlite,
  {
    master,
    effects,
    report,
  }: { master: KeyObject; effects: SqliteEffects; report: (message: string, error: Error) => void },
): TenantStore & { forgetKeysOf(ledgerAddress: Uint8Array): void; close(): void } {
  const TENANTS = "SELECT id, name, sealed_secret, created_at FROM tenants";
  const byName = db.prepare<[string], TenantRow>(`${TENANTS} WHERE name = ?`);
  const byId = db.prepare<[number], TenantRow>(`${TENANTS} WHERE id = ?`);
  const page = db.prepare<[number, number], TenantRow>(`${TENANTS} ORDER BY id LIMIT ? OFFSET ?`);
  const count = db.prepare<[], { n: number }>("SELECT count(*) AS n FROM tenants");
  const insert = db.prepare("INSERT INTO tenants (name, sealed_secret, created_at) VALUES (?, ?, ?)");
  const { put, close, forgetKeysOf, ...keys } = openKeyStore(db, { master, effects, report });

  // A tenant never changes, and every request asks for one.
  const known = new Map<number, Tenant>();

  function open({ id, name, sealed_secret, created_at }: TenantRow): Tenant {
    const secret = unseal(master, tenantSecretPlace(name), sealed_secret);
    return { id, name, namespace: namespaceOf(secret), requestKey: requestKeyOf(secret), createdAt: created_at };
  }

  function putTenant(name: string, createdAt: number): number {
    return Number(insert.run(name, seal(master, tenantSecretPlace(name), freshKey()), createdAt).lastInsertRowid);
  }

  const addWithKey = db.transaction(
    (
      tenant: { name: string; createdAt: number },
      key: Omit<ApiKeyRecord, "tenantId">,
      request: RequestEffect | undefined,
    ) => {
      if (request && effects.find(request.requestId)) return "repeated";
      if (byName.get(tenant.name)) return "taken";
      put({ ...key, tenantId: putTenant(tenant.name, tenant.createdAt) });
      effects.note(request);
      return "added";
    },
  );

  return {
    ...keys,
    close,
    forgetKeysOf,
    async tenantByName(name) {
      const row = byName.get(name);
      return row && open(row);
    },
    async tenantById(id) {
      const row = known.has(id) ? undefined : byId.get(id);
      if (row) known.set(id, open(row));
      return known.get(id);
    },
    async addTenant(name, createdAt) {
      putTenant(name, createdAt);
      return open(byName.get(name)!);
    },
    addTenantWithKey: async (tenant, key, request) => writing(() => addWithKey.immediate(tenant, key, request)),
    async tenants({ offset, limit }) {
      return { tenants: page.all(limit, offset).map(open), total: count.get()!.n };
    },
  };
}
