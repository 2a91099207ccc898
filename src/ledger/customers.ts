import { checksumAddress, ledgerAddress } from "../core/address.ts";
import { invariant, TallyrootError } from "../core/errors.ts";
import type { Contents } from "./contents.ts";
import { openPause } from "./in-steps.ts";
import { countThrough, type LedgerOrder, orderLedgers, type RankedPlace } from "./order-ledgers.ts";
import type { Ledger, LedgerStore, Page, StoredDelta, Tenant } from "./ports/ledgers.ts";
import type { SurveyStore } from "./ports/survey.ts";

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
  const found: Ledger[] = [];
  let total = 0;
  for await (const ledger of searching(parts, tenant, search)) {
    if (total >= page.offset && found.length < page.limit) found.push(ledger);
    total += 1;
  }
  return { customers: await summaries(parts, found), total };
}

/** A page of an order. `next` is the place of its last ledger, undefined where none comes after it. */
export type OrderedCustomers = {
  customers: CustomerSummary[];
  total: number;
  offset: number;
  next: RankedPlace | undefined;
};

/**
 * The tenant's customers in another order than that of their first delta.
 *
 * @param after the place that the page comes after; it takes the place of the offset.
 * @see listCustomers for `search`, orderLedgers for the cost.
 */
export async function orderCustomers(
  parts: Parts & { store: SurveyStore },
  tenant: Tenant,
  {
    order,
    search,
    page,
    after,
  }: { order: LedgerOrder; search?: string | undefined; page: Page; after?: RankedPlace | undefined },
): Promise<OrderedCustomers> {
  let ranked = await orderLedgers(parts.store, tenant.id, order);
  if (search) {
    const found = new Set<number>();
    for await (const { id } of searching(parts, tenant, search)) found.add(id);
    ranked = ranked.filter(({ ledgerId }) => found.has(ledgerId));
  }
  const offset = after ? countThrough(order, ranked, after) : page.offset;
  const shown = ranked.slice(offset, offset + page.limit);
  const ledgers = await Promise.all(shown.map(({ ledgerId }) => parts.store.ledgerById(ledgerId)));
  const more = offset + shown.length < ranked.length;
  return {
    customers: await summaries(parts, ledgers),
    total: ranked.length,
    offset,
    next: more ? shown.at(-1) : undefined,
  };
}

/** The ledgers that a search finds, in the order in which they were opened. */
async function* searching({ store, contents }: Parts, tenant: Tenant, search: string): AsyncGenerator<Ledger> {
  const wanted = search.toLowerCase();
  const pause = openPause();
  for (let offset = 0; ; offset += SEARCH_STEP) {
    const ledgers = await store.ledgers(tenant.id, { offset, limit: SEARCH_STEP });
    for (const ledger of ledgers) {
      await pause();
      if (await matches(contents, ledger, wanted)) yield ledger;
    }
    if (ledgers.length < SEARCH_STEP) return;
  }
}

async function matches(contents: Contents, ledger: Ledger, wanted: string): Promise<boolean> {
  if (checksumAddress(ledger.address).toLowerCase().includes(wanted)) return true;
  return (await contents.customerIdOf(ledger))?.toLowerCase().includes(wanted) ?? false;
}

function summaries(parts: Parts, ledgers: Ledger[]): Promise<CustomerSummary[]> {
  return Promise.all(ledgers.map((ledger) => summaryOf(parts, ledger)));
}
