import { ledgerAddress } from "#src/core/address.ts";
import { MAX_BALANCE, ONE } from "#src/core/amount.ts";
import { fromHex, toHex } from "#src/core/bytes.ts";
import { recordIdOf } from "#src/core/record-id.ts";
import { makeApiKey, parseApiKey } from "#src/ledger/api-keys.ts";
import type { Tenant } from "#src/ledger/ports/ledgers.ts";
import type { Scope } from "#src/ledger/ports/tenants.ts";
import type { EventName } from "#src/ledger/ports/webhooks.ts";
import { changeBehind, openStoreOf } from "#test/run/record-of.ts";

type Store = Awaited<ReturnType<typeof openStoreOf>>;

/** What a data directory holds before its server starts: things that the API itself cannot make. */
export type Seed = {
  /** `elsewhere` reads one customer, of whom nothing is recorded; `stranger` is another tenant's. */
  keys: Record<"admin" | "write" | "read" | "elsewhere" | "revoked" | "stranger", string>;
  /** Keys of which each is there to revoke itself. */
  leaving: string[];
  namespace: Uint8Array;
  /** A delta whose content was erased. */
  erased: Seeded;
  /** A ledger one unit below the largest balance. */
  brimful: Seeded;
  /** A delta of another tenant. */
  theirs: Seeded;
  webhooks: SeededWebhooks;
};

/** Endpoints on this machine, which the server does not deliver to unless it is told to, and an event on its way to the first. */
export type SeededWebhooks = {
  stays: string;
  theirs: string;
  toDelete: string[];
  eventId: string;
  theirEventId: string;
};

export type Seeded = { customerId: string; recordId: string; receiptId: string };

export async function seedDirectory(dir: string): Promise<Seed> {
  const store = await openStoreOf(dir);
  if ((await store.tenantByName("default")) !== undefined) throw new Error(`${dir} is in use`);
  const ours = await store.addTenant("default", Date.now());
  const other = await store.addTenant("other", Date.now());
  const key = (tenant: Tenant, scope: Scope, limitedTo: Uint8Array | null = null) =>
    makeApiKey(store, {
      tenantId: tenant.id,
      scope,
      ledgerAddress: limitedTo,
      label: "seeded",
      mode: "test",
      now: Date.now(),
    });
  const keys = {
    admin: await key(ours, "admin"),
    write: await key(ours, "write"),
    read: await key(ours, "read"),
    elsewhere: await key(ours, "read", ledgerAddress(ours.namespace, "elsewhere")),
    revoked: await key(ours, "admin"),
    stranger: await key(other, "admin"),
  };
  const leaving = await Promise.all(Array.from({ length: 12 }, () => key(ours, "read")));
  const seed = {
    keys,
    leaving,
    namespace: ours.namespace,
    erased: await seedDelta(store, ours, "erased", 5n * ONE),
    brimful: await seedDelta(store, ours, "brimful", MAX_BALANCE - 1n),
    theirs: await seedDelta(store, other, "theirs", 7n * ONE),
    webhooks: await seedWebhooks(store, ours, other),
  };
  await store.close();
  await changeOne(
    dir,
    "UPDATE api_keys SET revoked_at = created_at WHERE public_id = ?",
    parseApiKey(keys.revoked)!.publicId,
  );
  await changeOne(
    dir,
    "UPDATE ledger_keys SET wrapped = NULL, sealed_customer_id = NULL WHERE ledger = (SELECT ledger FROM deltas WHERE fingerprint = ?)",
    fromHex(seed.erased.receiptId),
  );
  return seed;
}

async function seedWebhooks(store: Store, ours: Tenant, other: Tenant): Promise<SeededWebhooks> {
  const endpoint = async (id: string, { id: tenantId }: Tenant, events: readonly EventName[]) => {
    const url = "http://127.0.0.1:9/hook";
    await store.addEndpoint(
      {
        id,
        tenantId,
        url,
        description: null,
        events,
        secret: `whsec_${Buffer.alloc(32, 1).toString("base64")}`,
        createdAt: Date.now(),
      },
      20,
    );
    return id;
  };
  const stays = await endpoint("whk_stays", ours, ["anchoring.halted"]);
  const theirs = await endpoint("whk_theirs", other, ["anchoring.halted"]);
  const toDelete = await Promise.all(
    Array.from({ length: 12 }, (_, i) => endpoint(`whk_delete${i}`, ours, ["delta.failed"])),
  );
  await store.makeHaltedEvents(Date.now());
  const eventOf = async ({ id }: Tenant) =>
    (await store.deliveries(id, undefined, { offset: 0, limit: 1 })).deliveries[0]!.event.eventId;
  return { stays, theirs, toDelete, eventId: await eventOf(ours), theirEventId: await eventOf(other) };
}

async function seedDelta(store: Store, tenant: Tenant, customerId: string, amount: bigint): Promise<Seeded> {
  const [outcome] = await store.record([{ tenant, customerId, amount, reason: "seeded" }], true);
  if (outcome?.kind !== "recorded") throw new Error(`${customerId} was not recorded`);
  const { ledger, sequence, fingerprint } = outcome.delta;
  return { customerId, recordId: recordIdOf(ledger.address, sequence), receiptId: toHex(fingerprint) };
}

/** Changes exactly one row of a database behind the server's back. */
async function changeOne(dir: string, text: string, ...values: unknown[]): Promise<void> {
  const changes = await changeBehind(dir, text, ...values);
  if (changes !== 1) throw new Error(`${changes} rows changed: ${text}`);
}
