import { z } from "zod";
import { checksumAddress } from "../../core/address.ts";
import { formatAmount } from "../../core/amount.ts";
import { MAX_COMPARED_DELTAS } from "../../ledger/compare.ts";
import { ledgerOfCustomer } from "../../ledger/customers.ts";
import { eraseContent } from "../../ledger/erase.ts";
import { findGaps, MOST_SEQUENCES } from "../../ledger/gaps.ts";
import { MAX_SCOPE_MONTHS } from "../../ledger/scope.ts";
import { usageOf } from "../../ledger/usage.ts";
import { customerId, isoText, LIMITS } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";
import { erasureView, gapsQuery, gapsView, limitsView, summaryView, usageView } from "../../wire/usage.ts";
import { route } from "../route.ts";

/** A window of so many months is measured in months of this length. */
const DAYS_PER_MONTH = 31;

export const getSummary = route({
  method: "GET",
  path: "/api/v1/balance/customers/summary",
  access: "read",
  summary: "All customers in one sum",
  status: 200,
  data: summaryView,
  codes: [],
  async handle({ summaries }, { tenant }) {
    const { customers, activeCustomers, totalDeltas, verifiedDeltas, netBalance } = await summaries(tenant);
    // A delta that was refused for good is not on record: there is none to count as failed.
    const pendingDeltas = totalDeltas - verifiedDeltas;
    return {
      data: {
        customers,
        activeCustomers,
        totalDeltas,
        verifiedDeltas,
        pendingDeltas,
        failedDeltas: 0,
        netBalance: exactNumber(netBalance),
        netBalanceExact: formatAmount(netBalance),
      },
    };
  },
});

export const getUsage = route({
  method: "GET",
  path: "/api/v1/balance/usage",
  access: "read",
  summary: "What was recorded this month, and what the quota allows",
  status: 200,
  data: usageView,
  codes: [],
  async handle({ store, quota, clock }, { tenant }) {
    const { period, used, allowed } = await usageOf(store, tenant, { quota, now: clock() });
    const remaining = allowed === null ? null : Math.max(0, allowed - used);
    return { data: { allowed, remaining, used, period, plan: allowed === null ? "unlimited" : "monthly" } };
  },
});

export const getLimits = route({
  method: "GET",
  path: "/api/v1/balance/limits",
  access: "read",
  customer: "anyone",
  summary: "Every limit, as numbers",
  status: 200,
  data: limitsView,
  codes: [],
  async handle({ quota }) {
    return {
      data: {
        ...LIMITS,
        maxScopeMonths: MAX_SCOPE_MONTHS,
        maxLastNDays: MAX_SCOPE_MONTHS * DAYS_PER_MONTH,
        maxGapSequences: MOST_SEQUENCES,
        maxComparedDeltas: MAX_COMPARED_DELTAS,
        maxRetentionDays: null,
        deltasPerMonth: quota,
      },
    };
  },
});

export const getGaps = route({
  method: "GET",
  path: "/api/v1/balance/gaps/:customerId",
  access: "read",
  customer: "customerId",
  summary: "Whether a ledger's sequences are all there, counted from its rows",
  status: 200,
  params: z.object({ customerId }),
  query: gapsQuery,
  data: gapsView,
  codes: ["CUSTOMER_NOT_FOUND"],
  async handle({ store }, { tenant, params, query }) {
    const ledger = await ledgerOfCustomer(store, tenant, params.customerId);
    const { expected, present, gaps } = await findGaps(store, ledger, {
      from: query.fromSequence,
      to: query.toSequence,
      limit: query.limit,
    });
    return {
      data: {
        customerId: params.customerId,
        ledgerIdentifier: checksumAddress(ledger.address),
        expected,
        present,
        hasGaps: present !== expected,
        gaps,
      },
    };
  },
});

export const deleteContent = route({
  method: "DELETE",
  path: "/api/v1/balance/customers/:customerId/content",
  access: "admin",
  summary: "Erase a customer's content for good; balances and proofs stay valid",
  status: 200,
  params: z.object({ customerId }),
  data: erasureView,
  codes: ["CUSTOMER_NOT_FOUND", "SERVICE_UNAVAILABLE"],
  async handle(service, { tenant, params }) {
    const { ledger, erasedDeltas, erasedAt } = await eraseContent(service, tenant, params.customerId);
    return {
      data: {
        customerId: params.customerId,
        ledgerIdentifier: checksumAddress(ledger.address),
        erasedDeltas,
        erasedAt: isoText(erasedAt),
      },
    };
  },
});
