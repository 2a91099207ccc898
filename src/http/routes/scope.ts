import { formatAmount } from "../../core/amount.ts";
import type { Granularity } from "../../ledger/calendar.ts";
import { breakDown } from "../../ledger/derive.ts";
import type { LedgerStore } from "../../ledger/ports/ledgers.ts";
import type { Scope } from "../../ledger/scope.ts";
import type { DerivationView } from "../../wire/derivation.ts";
import { isoText } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";

/** What several answers say of a scope. */

export function viewScope({ window, period }: Scope): DerivationView["scope"] {
  return { from: isoText(window.from), to: isoText(window.to), ...(period !== undefined && { period }) };
}

export async function viewBreakdown(
  store: LedgerStore,
  scope: Scope,
  granularity: Granularity,
): Promise<NonNullable<DerivationView["breakdown"]>> {
  return (await breakDown(store, scope, granularity)).map((bucket) => ({
    from: isoText(bucket.from),
    to: isoText(bucket.to),
    netChange: exactNumber(bucket.netChange),
    netChangeExact: formatAmount(bucket.netChange),
    deltasCount: bucket.deltasCount,
  }));
}
