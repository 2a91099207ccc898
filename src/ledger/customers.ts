import { checksumAddress, ledgerAddress } from "../core/address.ts";
import { invariant, TallyrootError } from "../core/errors.ts";
import type { Contents } from "./contents.ts";
import type { Ledger, LedgerStore, Page, StoredDelta, Tenant } from "./ports/ledgers.ts";

/** One customer's ledger with what is derived from it. Balance in units of 10^-18, times in Unix milliseconds. */
export type CustomerSummary = {
  ledger: Ledger;
  /** Undefined once the content was erased and nothing was recorded since. */
  customerId: string | undefined;
  totalDeltas: number;
  balance: bigint;
  firstDeltaAt: number;
  lastDeltaAt: number;
};

type Parts = { store: LedgerStore; contents: Contents };

/**
 * The ledger of a customer.
 *
 * @throws TallyrootError CUSTOMER_NOT_FOUND when nothing was ever recorded for it (also when another tenant has such a customer).
 */
export async function ledgerOfCustomer(store: LedgerStore, tenant: Tenant, customerId: string): Promise<Ledger> {
  const ledger = await store.ledger(tenant.id, ledgerAddress(tenant.namespace, customerId));
  if (!ledger) throw noCustomer(customerId);
  return ledger;
}

/** What is said of a customer who is not there, and of one whom the caller may not see. */
export function noCustomer(customerId: string): TallyrootError {
  return new TallyrootError("CUSTOMER_NOT_FOUND", `there is no delta for customer ${customerId}`, { customerId });
}

/** The last delta of a ledger. */
export async function latestOf(store: LedgerStore, ledger: Ledger): Promise<StoredDelta> {
  const last = await store.lastDelta(ledger);
  invariant(last !== undefined, "a ledger has at least one delta");
  return last;
}

export async function summaryOf({ store, contents }: Parts, ledger: Ledger): Promise<CustomerSummary> {
  const last = await latestOf(store, ledger);
  return {
    ledger,
    customerId: await contents.customerIdOf(ledger),
    totalDeltas: last.sequence,
    balance: last.balance,
    firstDeltaAt: ledger.openedAt,
    lastDeltaAt: last.recordedAt,
  };
}

/** Ledgers looked at per read while searching. */
const SEARCH_STEP = 500;

/**
 * The tenant's customers in the order of their first delta.
 *
 * @param search part of a customer id, or of a ledger address; upper and lower case are the same. Customer ids are stored sealed, so
 *   a search opens them one after the other.
 * @param only the address of the one ledger that the caller may see.
 */
export async function listCustomers(
  parts: Parts,
  tenant: Tenant,
  { only, search, page }: { only?: Uint8Array | undefined; search?: string | undefined; page: Page },
): Promise<{ customers: CustomerSummary[]; total: number }> {
  const { store } = parts;
  if (only) {
    const ledger = await store.ledger(tenant.id, only);
    const found = ledger && (!search || (await matches(parts.contents, ledger, search.toLowerCase()))) ? [ledger] : [];
    return {
      customers: await summaries(parts, found.slice(page.offset, page.offset + page.limit)),
      total: found.length,
    };
  }
  if (!search) {
    const ledgers = await store.ledgers(tenant.id, page);
    return { customers: await summaries(parts, ledgers), total: await store.ledgerCount(tenant.id) };
  }
  const wanted = search.toLowerCase();
  const found: Ledger[] = [];
  let total = 0;
  for (let offset = 0; ; offset += SEARCH_STEP) {
    const ledgers = await store.ledgers(tenant.id, { offset, limit: SEARCH_STEP });
    for (const ledger of ledgers) {
      if (!(await matches(parts.contents, ledger, wanted))) continue;
      if (total >= page.offset && found.length < page.limit) found.push(ledger);
      total += 1;
    }
    if (ledgers.length < SEARCH_STEP) break;
  }
  return { customers: await summaries(parts, found), total };
}

async function matches(contents: Contents, ledger: Ledger, wanted: string): Promise<boolean> {
  if (checksumAddress(ledger.address).toLowerCase().includes(wanted)) return true;
  return (await contents.customerIdOf(ledger))?.toLowerCase().includes(wanted) ?? false;
}

function summaries(parts: Parts, ledgers: Ledger[]): Promise<CustomerSummary[]> {
  return Promise.all(ledgers.map((ledger) => summaryOf(parts, ledger)));
}
