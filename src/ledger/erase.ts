import type { Contents } from "./contents.ts";
import { ledgerOfCustomer } from "./customers.ts";
import type { Erasure, ErasureStore } from "./ports/erasure.ts";
import type { Ledger, LedgerStore, Tenant } from "./ports/ledgers.ts";

type Parts = {
  store: LedgerStore & ErasureStore;
  contents: Contents;
  /** Makes whoever else has open keys in memory forget them. */
  forgetElsewhere: (ledgerId: number) => void;
  clock: () => number;
};

/**
 * Erases the content of a customer's ledger, by destroying the keys that it is sealed with.
 *
 * Customer id, reasons, references, metadata and salts cannot be read any more, by anybody; balances, receipts without content, roots and
 * proofs stay valid. Asked again, it erases what was recorded in between, and otherwise answers as before with nothing erased.
 *
 * @throws TallyrootError CUSTOMER_NOT_FOUND; SERVICE_UNAVAILABLE (see `ErasureStore`)
 */
export async function eraseContent(
  { store, contents, forgetElsewhere, clock }: Parts,
  tenant: Tenant,
  customerId: string,
): Promise<Erasure & { ledger: Ledger }> {
  const ledger = await ledgerOfCustomer(store, tenant, customerId);
  try {
    return { ...(await store.eraseKeys(tenant, ledger, customerId, clock())), ledger };
  } finally {
    // Also where the files could not be cleaned now: the keys are gone by then.
    contents.forget(ledger.id);
    forgetElsewhere(ledger.id);
  }
}
