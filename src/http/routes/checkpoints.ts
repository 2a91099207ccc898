import { z } from "zod";
import { formatAmount } from "../../core/amount.ts";
import { toHex } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import { proveConsistency } from "../../ledger/consistency.ts";
import { ledgerOfCustomer, noCustomer } from "../../ledger/customers.ts";
import type { StoredCheckpoint } from "../../ledger/ports/checkpoints.ts";
import type { Page, Tenant } from "../../ledger/ports/ledgers.ts";
import { windowOf } from "../../ledger/scope.ts";
import {
  checkpointBatchView,
  checkpointComparison,
  checkpointParams,
  checkpointQuery,
  checkpointsQuery,
  checkpointsView,
  checkpointView,
  compareCheckpointsQuery,
} from "../../wire/checkpoint.ts";
import { exactNumber } from "../../wire/json.ts";
import { namedWindow } from "../../wire/scope.ts";
import { onlyLedgerOf } from "../customer-keys.ts";
import { route, type Service } from "../route.ts";
import { viewCheckpoint, viewCheckpoints, viewStatement } from "./checkpoint-views.ts";
import { getConsistency } from "./consistency.ts";
import { NOTHING, pageOf, paginationOf } from "./paging.ts";

const CHECKPOINTS = { name: "checkpoints", order: "newest-first" } as const;

export const getCheckpoints = route({
  method: "GET",
  path: "/api/v1/balance/checkpoints",
  access: "read",
  customer: "handler",
  mayBeStale: true,
  summary: "List checkpoints, newest first",
  status: 200,
  query: checkpointsQuery,
  data: checkpointsView,
  codes: ["INVALID_SCOPE_COMBINATION", "SCOPE_TOO_WIDE", "CUSTOMER_NOT_FOUND"],
  async handle(service, { tenant, caller, query }) {
    const named = namedWindow(query);
    const window = named && windowOf(named, service.clock());
    const only = onlyLedgerOf(caller);
    const own = only && (await service.store.ledger(tenant.id, only));
    const ledger =
      query.customerId === undefined ? own : await ledgerOfCustomer(service.store, tenant, query.customerId);
    if (only && query.customerId !== undefined && ledger?.id !== own?.id) throw noCustomer(query.customerId);
    const filter = { ledgerId: ledger?.id, from: window?.from, to: window?.to };
    const list = async (page: Page) =>
      only && !ledger ? { checkpoints: [], total: 0 } : service.store.checkpoints(tenant.id, filter, page);
    const page = await pageOf(CHECKPOINTS, query, async () => (await list(NOTHING)).total);
    const { checkpoints, total } = await list(page);
    return {
      data: {
        checkpoints: await viewCheckpoints(service, checkpoints),
        pagination: paginationOf(CHECKPOINTS, page, { shown: checkpoints.length, total }),
      },
    };
  },
});

export const compareCheckpoints = route({
  method: "GET",
  path: "/api/v1/balance/checkpoints/compare",
  access: "read",
  customer: "checkpoints",
  summary: "What changed between two checkpoints, and the proof that the later extends the earlier",
  status: 200,
  query: compareCheckpointsQuery,
  data: checkpointComparison,
  codes: ["NOT_FOUND"],
  async handle(service, { tenant, query }) {
    const from = await windowCheckpoint(service, tenant, query.from);
    const to = await windowCheckpoint(service, tenant, query.to);
    if (from.ledger.id !== to.ledger.id)
      throw new TallyrootError("VALIDATION_ERROR", "the two checkpoints are of different customers");
    const [first, second] = [from.firstSequence + from.count - 1, to.firstSequence + to.count - 1];
    if (first > second)
      throw new TallyrootError("VALIDATION_ERROR", "from must be the earlier checkpoint", {
        issues: [{ path: "from", message: "is the later checkpoint" }],
      });
    const { earlier, later, proof } = await proveConsistency(service.store, from.ledger, first, second);
    const netChange = to.closingBalance - from.closingBalance;
    const root = (tree: { root: Uint8Array | undefined }) => (tree.root ? toHex(tree.root) : null);
    return {
      data: {
        from: await viewCheckpoint(service, from),
        to: await viewCheckpoint(service, to),
        change: {
          netChange: exactNumber(netChange),
          netChangeExact: formatAmount(netChange),
          deltasCount: second - first,
        },
        consistency: {
          earlier: { count: first, root: root(earlier) },
          later: { count: second, root: root(later) },
          proof: proof.map(toHex),
        },
        consistencyUrl: `${service.publicUrl()}${getConsistency.path}?from=${toHex(from.fingerprint)}&to=${toHex(to.fingerprint)}`,
      },
    };
  },
});

export const getCheckpoint = route({
  method: "GET",
  path: "/api/v1/balance/checkpoints/:checkpointId",
  access: "read",
  customer: "checkpointId",
  summary: "One checkpoint, or the checkpoints of every customer that were made together",
  status: 200,
  params: checkpointParams,
  query: checkpointQuery,
  data: z.union([checkpointView, checkpointBatchView]),
  codes: ["NOT_FOUND"],
  async handle(service, { tenant, params, query }) {
    const data = await viewStatement(service, tenant, params.checkpointId, query);
    if (!data) throw unknownCheckpoint(params.checkpointId);
    return { data };
  },
});

function unknownCheckpoint(checkpointId: string): TallyrootError {
  return new TallyrootError("NOT_FOUND", `there is no checkpoint ${checkpointId}`, { checkpointId });
}

async function windowCheckpoint({ store }: Service, tenant: Tenant, checkpointId: string): Promise<StoredCheckpoint> {
  const checkpoint = await store.checkpoint(tenant.id, checkpointId);
  if (!checkpoint) throw unknownCheckpoint(checkpointId);
  if (checkpoint.kind === "window") return checkpoint;
  throw new TallyrootError(
    "VALIDATION_ERROR",
    `${checkpointId} is a selection: it has no place in the ledger's history to extend`,
  );
}
