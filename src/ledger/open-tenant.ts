import { TallyrootError } from "../core/errors.ts";
import { freshApiKey, type KeyMode } from "./api-keys.ts";
import { type Asked, earlierEffect, effectNote } from "./idempotent.ts";
import type { Asker } from "./manage-keys.ts";
import type { EffectStore } from "./ports/effects.ts";
import type { LedgerStore, Tenant } from "./ports/ledgers.ts";
import type { TenantStore } from "./ports/tenants.ts";

type Parts = {
  store: TenantStore & EffectStore & Pick<LedgerStore, "deltaByRequestId">;
  clock: () => number;
  keyMode: KeyMode;
};

/** A tenant with its first admin key, which is shown once: null where the request is a repetition. */
export type OpenedTenant = { tenant: Tenant; text: string | null };

/**
 * Makes a tenant, an owner of customers and keys that shares nothing with the others, and its first admin key.
 *
 * @throws TallyrootError VALIDATION_ERROR when the name is taken; IDEMPOTENCY_CONFLICT
 */
export async function openTenant(
  { store, clock, keyMode }: Parts,
  operator: Asker,
  name: string,
): Promise<OpenedTenant> {
  const asked: Asked = { ...operator, route: "POST tenants", members: { name } };
  const earlier = await earlierEffect(store, asked);
  if (earlier !== undefined) return { tenant: await named(store, earlier), text: null };
  const now = clock();
  const { text, record } = freshApiKey({ scope: "admin", label: "made with the tenant", mode: keyMode, now });
  const outcome = await store.addTenantWithKey({ name, createdAt: now }, record, effectNote(asked, name, now));
  if (outcome === "taken")
    throw new TallyrootError("VALIDATION_ERROR", `name: there is a tenant ${name} already`, { name });
  if (outcome === "added") return { tenant: await named(store, name), text };
  // The same request came twice at once, and the other one was first; or it was another one under the same key.
  return { tenant: await named(store, (await earlierEffect(store, asked))!), text: null };
}

async function named(store: TenantStore, name: string): Promise<Tenant> {
  const tenant = await store.tenantByName(name);
  if (!tenant) throw new Error(`tenant ${name} was made and is not there`);
  return tenant;
}
