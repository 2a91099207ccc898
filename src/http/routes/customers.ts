import { z } from "zod";
import { checksumAddress } from "../../core/address.ts";
import { formatAmount } from "../../core/amount.ts";
import { toHex } from "../../core/bytes.ts";
import {
  type CustomerSummary,
  ledgerOfCustomer,
  listCustomers,
  orderCustomers,
  summaryOf,
} from "../../ledger/customers.ts";
import { balanceAfter, resolveScope } from "../../ledger/scope.ts";
import { standings } from "../../ledger/status.ts";
import { cursorBehind, expectOneWay, placeOfCursor } from "../../wire/cursor.ts";
import {
  type CustomerDetail,
  type CustomerView,
  customerDetail,
  customerQuery,
  customersQuery,
  customersView,
} from "../../wire/customer.ts";
import { viewDelta } from "../../wire/delta.ts";
import { customerId, isoText } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";
import { scopeOf } from "../../wire/scope.ts";
import { onlyLedgerOf } from "../customer-keys.ts";
import { route } from "../route.ts";
import { viewLatestCheckpoint } from "./checkpoint-views.ts";
import { pageOf, paginationOf } from "./paging.ts";

function viewCustomer(summary: CustomerSummary): CustomerView {
  const address = checksumAddress(summary.ledger.address);
  return {
    customerId: summary.customerId ?? null,
    ledgerIdentifier: address,
    customerReference: address,
    totalDeltas: summary.totalDeltas,
    computedBalance: exactNumber(summary.balance),
    computedBalanceExact: formatAmount(summary.balance),
    firstDeltaAt: isoText(summary.firstDeltaAt),
    lastDeltaAt: isoText(summary.lastDeltaAt),
    status: summary.customerId === undefined ? "erased" : "active",
  };
}

/** A list in the order of first deltas only grows at its end; any other order moves. */
const CUSTOMERS = { name: "customers", order: "oldest-first" } as const;

export const getCustomers = route({
  method: "GET",
  path: "/api/v1/balance/customers",
  access: "read",
  customer: "handler",
  mayBeStale: true,
  summary: "List and search customer ledgers",
  status: 200,
  query: customersQuery,
  data: customersView,
  codes: ["INVALID_SCOPE_COMBINATION"],
  async handle(service, { tenant, caller, query }) {
    const { search, limit, sort, order, cursor } = query;
    const only = onlyLedgerOf(caller);
    const offset = (query.page - 1) * limit;
    const answer = (shown: CustomerSummary[], place: { offset: number; total: number; nextCursor: string | null }) => ({
      data: {
        customers: shown.map(viewCustomer),
        pagination: {
          total: place.total,
          page: Math.floor(place.offset / limit) + 1,
          limit,
          totalPages: Math.ceil(place.total / limit),
          nextCursor: place.nextCursor,
        },
      },
    });
    if (only || (sort === "firstDelta" && order === "asc")) {
      // In the order of first deltas a place in the list stays, however many come.
      const page = await pageOf(CUSTOMERS, { limit, offset, cursor }, async () =>
        only ? 1 : service.store.ledgerCount(tenant.id),
      );
      const { customers, total } = await listCustomers(service, tenant, { only, search, page });
      const { nextCursor } = paginationOf(CUSTOMERS, page, { shown: customers.length, total });
      return answer(customers, { offset: page.offset, total, nextCursor });
    }
    expectOneWay(cursor, offset > 0);
    const name = `customers-by-${sort}-${order}`;
    const after = cursor === undefined ? undefined : placeOfCursor(name, cursor);
    const ordered = await orderCustomers(service, tenant, {
      order: { by: sort, descending: order === "desc" },
      search,
      page: { limit, offset },
      after,
    });
    const nextCursor = ordered.next ? cursorBehind(name, ordered.next) : null;
    return answer(ordered.customers, { ...ordered, nextCursor });
  },
});

export const getCustomer = route({
  method: "GET",
  path: "/api/v1/balance/customers/:customerId",
  access: "read",
  customer: "customerId",
  mayBeStale: true,
  summary: "One customer's ledger and its recent activity",
  status: 200,
  params: z.object({ customerId }),
  query: customerQuery,
  data: customerDetail,
  codes: ["CUSTOMER_NOT_FOUND"],
  async handle(service, { tenant, params, query }) {
    const { store, contents, clock } = service;
    const { deltaPage, deltaLimit } = query;
    const ledger = await ledgerOfCustomer(store, tenant, params.customerId);
    const summary = await summaryOf(service, ledger);
    const scope = await resolveScope(store, ledger, scopeOf({ period: query.period, finality: "recorded" }), clock());
    const total = scope.last - scope.first + 1;
    // Newest first: page 1 ends with the last delta of the period.
    const end = Math.max(0, total - (deltaPage - 1) * deltaLimit);
    const offset = Math.max(0, end - deltaLimit);
    const shown = end > offset ? await store.deltas(ledger, scope.first + offset, end - offset) : [];
    const { confirmed } = await store.anchoredCounts(ledger.id);
    const states = shown.length > 0 ? await standings(store, ledger, shown[0]!.sequence, shown.at(-1)!.sequence) : [];
    const items = await Promise.all(
      shown.map(async (delta, i): Promise<CustomerDetail["recentActivity"]["items"][number]> => {
        const { status, anchor } = states[i]!;
        const view = viewDelta(delta, status, await contents.contentOf(delta));
        return {
          delta: view.delta,
          deltaExact: view.deltaExact,
          reason: view.reason,
          referenceId: view.referenceId,
          status,
          time: view.recordedAt,
          recordId: view.recordId,
          receiptId: view.receiptId,
          sequence: delta.sequence,
          verificationReference:
            status === "VERIFIED" && anchor?.transactionHash ? toHex(anchor.transactionHash) : null,
        };
      }),
    );
    const data: CustomerDetail = {
      ...viewCustomer(summary),
      customerId: params.customerId,
      verifiedBalance: exactNumber(await balanceAfter(store, ledger, confirmed)),
      latestCheckpoint: await viewLatestCheckpoint(store, ledger),
      recentActivity: {
        items: items.reverse(),
        pagination: { total, page: deltaPage, limit: deltaLimit, totalPages: Math.ceil(total / deltaLimit) },
      },
    };
    return { data };
  },
});
