import { namespaceOf } from "../../core/address.ts";
import type { Tenant } from "../../ledger/ports/ledgers.ts";
import type { TenantStore } from "../../ledger/ports/tenants.ts";
import { requestKeyOf } from "../../ledger/request-id.ts";
import { freshKey, seal, unseal } from "../../ledger/seal.ts";
import { tenantSecretPlace } from "../sealed-places.ts";
import { insertKey, type KeyParts, openKeyStore } from "./api-keys.ts";
import type { Postgres, Transaction } from "./database.ts";
import { hasState, STATE } from "./trouble.ts";

type TenantRow = { id: number; name: string; sealed_secret: Buffer; created_at: number };

const TENANTS = "SELECT id, name, sealed_secret, created_at FROM tenants";
const INSERT =
  "INSERT INTO tenants (name, sealed_secret, created_at) VALUES ($1, $2, $3) RETURNING id, name, sealed_secret, created_at";

/** Tenants with their API keys. A tenant's secret is stored only sealed with the master key. */
export function openTenantStore(db: Postgres, parts: KeyParts): TenantStore & { close(): Promise<void> } {
  const { master, effects } = parts;
  // A tenant never changes, and every request asks for one.
  const known = new Map<number, Tenant>();

  function open({ id, name, sealed_secret, created_at }: TenantRow): Tenant {
    const secret = unseal(master, tenantSecretPlace(name), sealed_secret);
    return { id, name, namespace: namespaceOf(secret), requestKey: requestKeyOf(secret), createdAt: created_at };
  }

  async function put(tx: Transaction, name: string, createdAt: number): Promise<TenantRow> {
    const sealed = seal(master, tenantSecretPlace(name), freshKey());
    return (await tx.query<TenantRow>(INSERT, [name, sealed, createdAt]))[0]!;
  }

  async function one(where: string, value: string | number): Promise<Tenant | undefined> {
    const [row] = await db.read<TenantRow>(`${TENANTS} WHERE ${where} = $1`, [value]);
    return row && open(row);
  }

  return {
    ...openKeyStore(db, parts),
    tenantByName: (name) => one("name", name),
    async tenantById(id) {
      const tenant = known.get(id) ?? (await one("id", id));
      if (tenant) known.set(id, tenant);
      return tenant;
    },
    async addTenant(name, createdAt) {
      try {
        return open(await db.transaction((tx) => put(tx, name, createdAt)));
      } catch (error) {
        // Nodes that start together for the first time both make the first tenant: it is one.
        if (!hasState(error, STATE.uniqueViolation, "tenants_name_key")) throw error;
        return (await one("name", name))!;
      }
    },
    addTenantWithKey: ({ name, createdAt }, key, request) =>
      effects
        .once<"added" | "taken">(request, "added", async (tx) => {
          if ((await tx.query("SELECT 1 FROM tenants WHERE name = $1", [name])).length > 0) return "taken";
          const { id } = await put(tx, name, createdAt);
          insertKey(tx, master, { ...key, tenantId: id });
          return "added";
        })
        .catch((error: unknown) => {
          // Another node made one of this name at the same moment.
          if (hasState(error, STATE.uniqueViolation, "tenants_name_key")) return "taken";
          throw error;
        }),
    async tenants({ offset, limit }) {
      const [rows, counted] = await Promise.all([
        db.read<TenantRow>(`${TENANTS} ORDER BY id LIMIT $1 OFFSET $2`, [limit, offset]),
        db.read<{ n: number }>("SELECT count(*) AS n FROM tenants"),
      ]);
      return { tenants: rows.map(open), total: counted[0]!.n };
    },
  };
}
