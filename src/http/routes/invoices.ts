import { z } from "zod";
import { TallyrootError } from "../../core/errors.ts";
import type { Window } from "../../ledger/calendar.ts";
import { checkpointLedger } from "../../ledger/checkpoint.ts";
import { ledgerOfCustomer } from "../../ledger/customers.ts";
import type { StoredCheckpoint } from "../../ledger/ports/checkpoints.ts";
import type { Ledger } from "../../ledger/ports/ledgers.ts";
import { windowOf } from "../../ledger/scope.ts";
import { customerId } from "../../wire/fields.ts";
import { invoiceQuery, invoiceView } from "../../wire/invoice.ts";
import { namedWindow } from "../../wire/scope.ts";
import { type Call, route, type Service } from "../route.ts";
import { viewCheckpoint } from "./checkpoint-views.ts";
import { viewDeltas } from "./delta-views.ts";
import { deltasOf } from "./verify.ts";

type InvoiceCall = Call<{ customerId: string }, z.output<typeof invoiceQuery>, undefined>;

const shared = {
  method: "GET",
  access: "read",
  customer: "customerId",
  status: 200,
  params: z.object({ customerId }),
  query: invoiceQuery,
  data: invoiceView,
  codes: ["INVALID_SCOPE_COMBINATION", "SCOPE_TOO_WIDE", "NOT_FOUND", "CUSTOMER_NOT_FOUND"],
  handle: invoice,
} as const;

export const getInvoiceReceipt = route({
  ...shared,
  path: "/api/v1/balance/receipt/:customerId",
  summary: "The statement for an invoice: its checkpoint and the lines behind it",
});

export const getInvoiceProof = route({
  ...shared,
  path: "/api/v1/balance/invoice-proof/:customerId",
  summary: "The same statement, under its other name",
});

async function invoice(service: Service, { tenant, caller, params, query }: InvoiceCall) {
  const { store, contents, clock } = service;
  const window = windowOf(namedWindow(query) ?? { kind: "current_month" }, clock());
  const ledger = await ledgerOfCustomer(store, tenant, params.customerId);
  const checkpoint = await statementOver(service, ledger, window, caller.key.scope !== "read");
  const page = { limit: query.limit, offset: query.offset };
  const deltas = await deltasOf(service, checkpoint, page);
  const view = await viewCheckpoint(service, checkpoint);
  const lines = (await viewDeltas({ store, contents }, deltas)).map((line) => ({
    sequence: line.sequence,
    recordId: line.recordId,
    receiptId: line.receiptId,
    time: line.recordedAt,
    delta: line.delta,
    deltaExact: line.deltaExact,
    balance: line.balance,
    balanceExact: line.balanceExact,
    reason: line.reason,
    referenceId: line.referenceId,
    status: line.status,
  }));
  return {
    data: {
      customerId: params.customerId,
      ledgerIdentifier: view.ledgerIdentifier,
      ...(view.period !== undefined && { period: view.period }),
      from: view.from,
      to: view.to,
      status: view.status,
      proofRoot: view.proofRoot,
      merkleRoot: view.merkleRoot,
      verifyUrl: view.verifyUrl,
      verificationApiUrl: view.verificationApiUrl,
      startingBalance: view.startingBalance,
      startingBalanceExact: view.startingBalanceExact,
      endingBalance: view.endingBalance,
      endingBalanceExact: view.endingBalanceExact,
      netChange: view.netChange,
      netChangeExact: view.netChangeExact,
      deltasCount: view.deltasCount,
      checkpoint: view,
      lines,
      pagination: { total: checkpoint.count, ...page },
    },
  };
}

/**
 * The statement over a window. Where the key may write it is made, as POST makes it: what is new in an open window is in it. A key that only
 * reads changes nothing: it gets the latest that there is.
 */
async function statementOver(
  { store }: Service,
  ledger: Ledger,
  window: Window,
  mayWrite: boolean,
): Promise<StoredCheckpoint> {
  const { from, to } = window;
  if (mayWrite) await checkpointLedger(store, ledger, window, { now: await store.now() });
  const checkpoint = await store.latestOverWindow(ledger.id, from, to);
  if (checkpoint) return checkpoint;
  throw new TallyrootError(
    "NOT_FOUND",
    "there is no checkpoint over this window yet: POST /api/v1/balance/checkpoint makes one",
    { from, to },
  );
}
