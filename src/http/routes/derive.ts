import { z } from "zod";
import { checksumAddress } from "../../core/address.ts";
import { formatAmount } from "../../core/amount.ts";
import { toHex } from "../../core/bytes.ts";
import { ledgerOfCustomer } from "../../ledger/customers.ts";
import { derive } from "../../ledger/derive.ts";
import { standings } from "../../ledger/status.ts";
import { viewDelta } from "../../wire/delta.ts";
import { type DerivationView, derivation, deriveQuery } from "../../wire/derivation.ts";
import { customerId, isoText } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";
import { recordIdOf } from "../../wire/record-id.ts";
import { route } from "../route.ts";

export const getDerivation = route({
  method: "GET",
  path: "/api/v1/balance/derive/:customerId",
  access: "read",
  summary: "Derive a balance from the record",
  status: 200,
  params: z.object({ customerId }),
  query: deriveQuery,
  data: derivation,
  codes: ["AMOUNT_NOT_EXACT", "CUSTOMER_NOT_FOUND", "BALANCE_OVERFLOW"],
  async handle({ store, contents }, { tenant, params, query }) {
    const { startingBalance, limit, offset } = query;
    const ledger = await ledgerOfCustomer(store, tenant, params.customerId);
    const derived = await derive(store, ledger, { startingBalance, page: { limit, offset } });
    const { deltas, latest } = derived;
    const states = deltas.length > 0 ? await standings(store, ledger, deltas[0]!.sequence, deltas.at(-1)!.sequence) : [];
    const data: DerivationView = {
      customerId: params.customerId,
      ledgerIdentifier: checksumAddress(ledger.address),
      startingBalance: exactNumber(startingBalance),
      computedBalance: exactNumber(derived.computedBalance),
      computedBalanceExact: formatAmount(derived.computedBalance),
      verifiedBalance: exactNumber(derived.verifiedBalance),
      deltasCount: derived.deltasCount,
      verifiedCount: derived.verifiedCount,
      pendingCount: derived.pendingCount,
      latestReceiptId: toHex(latest.fingerprint),
      latestRecordId: recordIdOf(ledger.address, latest.sequence),
      latestCheckpoint: null,
      scope: { from: isoText(ledger.openedAt), to: isoText(latest.recordedAt) },
      deltas: await Promise.all(deltas.map(async (delta, i) => viewDelta(delta, states[i]!.status, await contents.contentOf(delta)))),
      pagination: { total: derived.deltasCount, offset, limit },
    };
    return { data };
  },
});
