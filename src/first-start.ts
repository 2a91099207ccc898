import { type KeyMode, makeApiKey, OPERATOR_TENANT } from "./ledger/api-keys.ts";
import type { TenantStore } from "./ledger/ports/tenants.ts";
import type { DataDirectory } from "./storage/data-directory.ts";
import { SIGN_IN_KEY } from "./wire/sign-in.ts";

/** Milliseconds for which the first start's link signs in. */
const SIGN_IN_MS = 3_600_000;
/** The fact that the first API key is in its file. */
const FIRST_KEY = "first.key";

type Place = {
  store: TenantStore & {
    facts: {
      get(name: string): string | undefined | Promise<string | undefined>;
      set(name: string, value: string): unknown;
    };
  };
  /** Does what only one of several servers may do at a time. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  dir: DataDirectory;
  keyMode: KeyMode;
};

/**
 * The first tenant and its keys, which are made where they are not there yet. A start that was cut off before the key was on disk does it
 * again: nobody has seen that key.
 *
 * @returns the API key, which is in its file too, and the one that signs in to the dashboard; neither at a later start.
 */
export async function firstStart({
  store,
  alone,
  dir,
  keyMode: mode,
}: Place): Promise<{ newKey?: string; signInKey?: string }> {
  const now = Date.now();
  const tenant = (await store.tenantByName(OPERATOR_TENANT)) ?? (await store.addTenant(OPERATOR_TENANT, now));
  return alone(async () => {
    if ((await store.facts.get(FIRST_KEY)) !== undefined) return {};
    const parts = { tenantId: tenant.id, mode, now };
    const newKey = await makeApiKey(store, { ...parts, scope: "admin", label: "made at the first start" });
    dir.write("api-key", `${newKey}\n`);
    const signInKey = await makeApiKey(store, { ...SIGN_IN_KEY, ...parts, expiresAt: now + SIGN_IN_MS });
    await store.facts.set(FIRST_KEY, "written");
    return { newKey, signInKey };
  });
}
