import { ledgerAddress } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";
import { recordIdOf } from "#src/core/record-id.ts";
import { makeApiKey } from "#src/ledger/api-keys.ts";
import type { Tenant } from "#src/ledger/ports/ledgers.ts";
import type { Scope } from "#src/ledger/ports/tenants.ts";
import { openStoreOf } from "#test/run/record-of.ts";

/** A delta of the past. Its amount is in hundredths, so that a plain loop adds up without an error. */
export type Past = {
  customerId: string;
  sequence: number;
  hundredths: number;
  time: number;
  reason: string;
  recordId: string;
  receiptId: string;
};

/** Keys of the tenant, of one customer each (`a`, `b`), and of another tenant. */
export type History = {
  keys: Record<"write" | "read" | "a" | "b" | "stranger", string>;
  past: Past[];
  /** A delta of the other tenant's customer `a`. */
  theirs: Past;
};

/** When the record begins and how far apart its deltas are: 40 of `a` reach from January to May 2025. */
const START = Date.parse("2025-01-01T00:00:00.000Z");
const APART_MS = 3.5 * 86_400_000;

/**
 * Fills the data directory of a server that has not run with a record of the past, which no client could make.
 *
 * @param start when it begins, in Unix milliseconds.
 */
export async function seedHistory(dir: string, start = START): Promise<History> {
  let now = start;
  const store = await openStoreOf(dir, () => now);
  const ours = await store.addTenant("default", now);
  const other = await store.addTenant("other", now);
  const key = (tenant: Tenant, scope: Scope, customerId?: string) => {
    const limited = customerId === undefined ? null : ledgerAddress(tenant.namespace, customerId);
    return makeApiKey(store, {
      tenantId: tenant.id,
      scope,
      ledgerAddress: limited,
      label: "seeded",
      mode: "test",
      now,
    });
  };
  const past: Past[] = [];
  const add = async (tenant: Tenant, customerId: string, hundredths: number): Promise<Past> => {
    const reason = `reason-${past.length}`;
    const amount = BigInt(hundredths) * 10n ** 16n;
    const [outcome] = await store.record(
      [{ tenant, customerId, amount, reason, referenceId: `ref-${past.length}` }],
      true,
    );
    if (outcome?.kind !== "recorded") throw new Error(`${customerId} was not recorded`);
    const { ledger, sequence, fingerprint } = outcome.delta;
    const names = { recordId: recordIdOf(ledger.address, sequence), receiptId: toHex(fingerprint) };
    return { customerId, sequence, hundredths, time: now, reason, ...names };
  };
  for (let i = 0; i < 40; i++) {
    past.push(await add(ours, "a", (i % 7 === 0 ? -1 : 1) * (101 + i * 13)));
    // Some share a millisecond, of one ledger and of several.
    if (i % 4 === 0) past.push(await add(ours, "b", 250 + i));
    if (i % 5 !== 0) now += APART_MS;
  }
  const theirs = await add(other, "a", 999);
  const keys = {
    write: await key(ours, "write"),
    read: await key(ours, "read"),
    a: await key(ours, "read", "a"),
    b: await key(ours, "read", "b"),
    stranger: await key(other, "write"),
  };
  await store.close();
  return { keys, past, theirs };
}

/** What a loop over the deltas of a customer says of those that `isIn`. */
export function loopOver(past: readonly Past[], customerId: string, isIn: (delta: Past) => boolean = () => true) {
  const deltas = past.filter((delta) => delta.customerId === customerId && isIn(delta));
  const hundredths = deltas.reduce((sum, delta) => sum + delta.hundredths, 0);
  return { deltas, count: deltas.length, change: hundredths / 100, hundredths };
}
