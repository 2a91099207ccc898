import { toHex } from "../../core/bytes.ts";
import { openTenant } from "../../ledger/open-tenant.ts";
import type { Tenant } from "../../ledger/ports/ledgers.ts";
import { isoText } from "../../wire/fields.ts";
import { keysQuery } from "../../wire/key.ts";
import { openedTenantView, type TenantView, tenantRequest, tenantsView } from "../../wire/tenant.ts";
import { route } from "../route.ts";

function viewTenant({ name, namespace, createdAt }: Tenant): TenantView {
  return { name, namespace: toHex(namespace), createdAt: isoText(createdAt) };
}

export const postTenant = route({
  method: "POST",
  path: "/api/v1/tenants",
  access: "operator",
  summary: "Make a tenant and its first admin key, shown once",
  status: 201,
  body: tenantRequest,
  data: openedTenantView,
  codes: ["NOT_FOUND", "IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant: operator, body, idempotencyKey }) {
    const { tenant, text } = await openTenant(service, { tenant: operator, idempotencyKey }, body.name);
    const data = { ...viewTenant(tenant), apiKey: text };
    return text === null
      ? { data: { ...data, idempotent: true }, headers: { "Idempotent-Replayed": "true" } }
      : { data };
  },
});

export const getTenants = route({
  method: "GET",
  path: "/api/v1/tenants",
  access: "operator",
  summary: "The tenants of this server",
  status: 200,
  query: keysQuery,
  data: tenantsView,
  codes: ["NOT_FOUND"],
  async handle({ store }, { query }) {
    const { tenants, total } = await store.tenants(query);
    return { data: { tenants: tenants.map(viewTenant), pagination: { total, ...query } } };
  },
});
