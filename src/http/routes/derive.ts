import { z } from "zod";
import { formatAmount } from "../../core/amount.ts";
import { toHex } from "../../core/bytes.ts";
import { recordIdOf } from "../../core/record-id.ts";
import { ledgerOfCustomer } from "../../ledger/customers.ts";
import { derive } from "../../ledger/derive.ts";
import { resolveScope } from "../../ledger/scope.ts";
import { addressText } from "../../wire/address-text.ts";
import { type DerivationView, derivation, deriveQuery } from "../../wire/derivation.ts";
import { customerId } from "../../wire/fields.ts";
import { exactNumber, textWithList } from "../../wire/json.ts";
import { scopeOf } from "../../wire/scope.ts";
import { route } from "../route.ts";
import { viewLatestCheckpoint } from "./checkpoint-views.ts";
import { deltaTexts } from "./delta-views.ts";
import { pageOf, paginationOf } from "./paging.ts";
import { viewBreakdown, viewScope } from "./scope.ts";

const DELTAS = { name: "deltas", order: "oldest-first" } as const;

export const getDerivation = route({
  method: "GET",
  path: "/api/v1/balance/derive/:customerId",
  access: "read",
  customer: "customerId",
  mayBeStale: true,
  summary: "Derive a balance from the record",
  status: 200,
  params: z.object({ customerId }),
  query: deriveQuery,
  data: derivation,
  codes: [
    "AMOUNT_NOT_EXACT",
    "INVALID_SCOPE_COMBINATION",
    "SCOPE_TOO_WIDE",
    "NOT_FOUND",
    "CUSTOMER_NOT_FOUND",
    "BALANCE_OVERFLOW",
  ],
  async handle({ store, contents, clock }, { tenant, params, query }) {
    const request = scopeOf(query);
    const ledger = await ledgerOfCustomer(store, tenant, params.customerId);
    const scope = await resolveScope(store, ledger, request, clock());
    const page = await pageOf(DELTAS, query, async () => scope.last - scope.first + 1);
    const derived = await derive(store, scope, page);
    const { deltas, latest } = derived;
    const data: Omit<DerivationView, "deltas" | "pagination"> = {
      customerId: params.customerId,
      ledgerIdentifier: addressText(ledger.address),
      startingBalance: exactNumber(scope.startingBalance),
      computedBalance: exactNumber(derived.computedBalance),
      computedBalanceExact: formatAmount(derived.computedBalance),
      verifiedBalance: exactNumber(derived.verifiedBalance),
      deltasCount: derived.deltasCount,
      verifiedCount: derived.verifiedCount,
      pendingCount: derived.pendingCount,
      latestReceiptId: latest ? toHex(latest.fingerprint) : null,
      latestRecordId: latest ? recordIdOf(ledger.address, latest.sequence) : null,
      latestCheckpoint: await viewLatestCheckpoint(store, ledger),
      scope: viewScope(scope),
      ...(request.granularity && { breakdown: await viewBreakdown(store, scope, request.granularity) }),
    };
    const texts = await deltaTexts({ store, contents }, deltas);
    const pagination = paginationOf(DELTAS, page, { shown: deltas.length, total: derived.deltasCount });
    return { text: textWithList(data, ["deltas", texts], { pagination }) };
  },
});
