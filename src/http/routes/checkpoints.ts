import { z } from "zod";
import { formatAmount } from "../../core/amount.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import type { NamedWindow } from "../../core/scope.ts";
import { checkpointAll, checkpointLedger, checkpointSelection } from "../../ledger/checkpoint.ts";
import type { CheckpointBatch, StoredCheckpoint } from "../../ledger/checkpoint-ports.ts";
import { proveConsistency } from "../../ledger/consistency.ts";
import { ledgerOfCustomer } from "../../ledger/customers.ts";
import type { Page, StoredDelta, Tenant } from "../../ledger/ports.ts";
import { windowOf } from "../../ledger/scope.ts";
import { standingOfCheckpoint } from "../../ledger/status.ts";
import {
  checkpointBatchView,
  checkpointComparison,
  checkpointParams,
  checkpointQuery,
  checkpointRequest,
  checkpointsQuery,
  checkpointsView,
  checkpointView,
  compareCheckpointsQuery,
} from "../../wire/checkpoint.ts";
import { isoText } from "../../wire/fields.ts";
import { exactNumber } from "../../wire/json.ts";
import { namedWindow } from "../../wire/scope.ts";
import { route, type Service } from "../route.ts";
import { periodIn, viewCheckpoint } from "./checkpoint-views.ts";

/** Checkpoints of a batch that are shown unless asked otherwise. */
const FIRST_PAGE: Page = { offset: 0, limit: 25 };
const CURRENT_MONTH: NamedWindow = { kind: "current_month" };

export const postCheckpoint = route({
  method: "POST",
  path: "/api/v1/balance/checkpoint",
  access: "write",
  summary: "Close a window: one customer's, every customer's, or a selection of deltas",
  status: 201,
  body: checkpointRequest,
  data: z.union([checkpointView, checkpointBatchView]),
  codes: ["INVALID_SCOPE_COMBINATION", "SCOPE_TOO_WIDE", "NOT_FOUND", "CUSTOMER_NOT_FOUND"],
  async handle(service, { tenant, body }) {
    const { store, clock } = service;
    const named = namedWindow(body);
    if (body.mode === "selection") {
      if (named) throw new TallyrootError("INVALID_SCOPE_COMBINATION", "a selection is over its fingerprints: it takes no window", { excludes: ["mode=selection", "period, timePreset and dates"] });
      const deltas = await selected(service, tenant, body.fingerprints, body.customerId);
      return { data: await viewCheckpoint(service, await checkpointSelection(store, deltas, clock())) };
    }
    if (body.fingerprints) throw new TallyrootError("INVALID_SCOPE_COMBINATION", "fingerprints need mode selection", { needs: ["mode"] });
    const window = windowOf(named ?? CURRENT_MONTH, clock());
    if (body.customerId === undefined) return { data: await viewBatch(service, await checkpointAll(store, tenant, window, clock()), FIRST_PAGE) };
    const ledger = await ledgerOfCustomer(store, tenant, body.customerId);
    return { data: await viewCheckpoint(service, await checkpointLedger(store, ledger, window, clock())) };
  },
});

export const getCheckpoints = route({
  method: "GET",
  path: "/api/v1/balance/checkpoints",
  access: "read",
  summary: "List checkpoints, newest first",
  status: 200,
  query: checkpointsQuery,
  data: checkpointsView,
  codes: ["INVALID_SCOPE_COMBINATION", "SCOPE_TOO_WIDE", "CUSTOMER_NOT_FOUND"],
  async handle(service, { tenant, query }) {
    const { limit, offset } = query;
    const named = namedWindow(query);
    const window = named && windowOf(named, service.clock());
    const ledger = query.customerId === undefined ? undefined : await ledgerOfCustomer(service.store, tenant, query.customerId);
    const { checkpoints, total } = await service.store.checkpoints(tenant.id, { ledgerId: ledger?.id, from: window?.from, to: window?.to }, { limit, offset });
    return { data: { checkpoints: await Promise.all(checkpoints.map((checkpoint) => viewCheckpoint(service, checkpoint))), pagination: { total, offset, limit } } };
  },
});

export const compareCheckpoints = route({
  method: "GET",
  path: "/api/v1/balance/checkpoints/compare",
  access: "read",
  summary: "What changed between two checkpoints, and the proof that the later extends the earlier",
  status: 200,
  query: compareCheckpointsQuery,
  data: checkpointComparison,
  codes: ["NOT_FOUND"],
  async handle(service, { tenant, query }) {
    const [from, to] = [await windowCheckpoint(service, tenant, query.from), await windowCheckpoint(service, tenant, query.to)];
    if (from.ledger.id !== to.ledger.id) throw new TallyrootError("VALIDATION_ERROR", "the two checkpoints are of different customers");
    const [first, second] = [from.firstSequence + from.count - 1, to.firstSequence + to.count - 1];
    if (first > second) throw new TallyrootError("VALIDATION_ERROR", "from must be the earlier checkpoint", { issues: [{ path: "from", message: "is the later checkpoint" }] });
    const { earlier, later, proof } = await proveConsistency(service.store, from.ledger, first, second);
    const netChange = to.closingBalance - from.closingBalance;
    const root = (tree: { root: Uint8Array | undefined }) => (tree.root ? toHex(tree.root) : null);
    return {
      data: {
        from: await viewCheckpoint(service, from),
        to: await viewCheckpoint(service, to),
        change: { netChange: exactNumber(netChange), netChangeExact: formatAmount(netChange), deltasCount: second - first },
        consistency: { earlier: { count: first, root: root(earlier) }, later: { count: second, root: root(later) }, proof: proof.map(toHex) },
      },
    };
  },
});

export const getCheckpoint = route({
  method: "GET",
  path: "/api/v1/balance/checkpoints/:checkpointId",
  access: "read",
  summary: "One checkpoint, or the checkpoints of every customer that were made together",
  status: 200,
  params: checkpointParams,
  query: checkpointQuery,
  data: z.union([checkpointView, checkpointBatchView]),
  codes: ["NOT_FOUND"],
  async handle(service, { tenant, params, query }) {
    const checkpoint = await service.store.checkpoint(tenant.id, params.checkpointId);
    if (checkpoint) return { data: await viewCheckpoint(service, checkpoint) };
    const batch = await service.store.batch(tenant.id, params.checkpointId);
    if (batch) return { data: await viewBatch(service, batch, query) };
    throw unknownCheckpoint(params.checkpointId);
  },
});

function unknownCheckpoint(checkpointId: string): TallyrootError {
  return new TallyrootError("NOT_FOUND", `there is no checkpoint ${checkpointId}`, { checkpointId });
}

async function windowCheckpoint({ store }: Service, tenant: Tenant, checkpointId: string): Promise<StoredCheckpoint> {
  const checkpoint = await store.checkpoint(tenant.id, checkpointId);
  if (!checkpoint) throw unknownCheckpoint(checkpointId);
  if (checkpoint.kind !== "window") throw new TallyrootError("VALIDATION_ERROR", `${checkpointId} is a selection: it has no place in the ledger's history to extend`);
  return checkpoint;
}

/** The chosen deltas in order of sequence. @throws TallyrootError when one is not this tenant's, or they are of several customers. */
async function selected({ store }: Service, tenant: Tenant, fingerprints: string[] | undefined, customerId: string | undefined): Promise<StoredDelta[]> {
  if (!fingerprints) throw new TallyrootError("INVALID_SCOPE_COMBINATION", "mode selection needs fingerprints", { needs: ["fingerprints"] });
  const ledger = customerId === undefined ? undefined : await ledgerOfCustomer(store, tenant, customerId);
  const deltas: StoredDelta[] = [];
  for (const fingerprint of new Set(fingerprints)) {
    const delta = await store.deltaByFingerprint(fromHex(fingerprint, 32));
    if (!delta || delta.ledger.tenantId !== tenant.id) throw new TallyrootError("NOT_FOUND", `there is no delta ${fingerprint}`, { fingerprint });
    if (delta.ledger.id !== (ledger ?? deltas[0]?.ledger ?? delta.ledger).id) {
      throw new TallyrootError("VALIDATION_ERROR", `delta ${fingerprint} is of another customer: a selection is about one ledger`, { fingerprint });
    }
    deltas.push(delta);
  }
  return deltas.sort((a, b) => a.sequence - b.sequence);
}

async function viewBatch(service: Service, batch: CheckpointBatch, page: Page) {
  const { checkpoints, total } = await service.store.batchCheckpoints(batch, page);
  // They go into one anchor together, so any of them stands for all.
  const last = checkpoints.at(-1) ?? (await service.store.batchCheckpoints(batch, { offset: 0, limit: 1 })).checkpoints[0]!;
  return {
    checkpointId: batch.statementId,
    status: (await standingOfCheckpoint(service.store, last)).status,
    from: isoText(batch.from),
    to: isoText(batch.to),
    ...periodIn(batch),
    customersCount: batch.customers,
    createdAt: isoText(batch.createdAt),
    checkpoints: await Promise.all(checkpoints.map((checkpoint) => viewCheckpoint(service, checkpoint))),
    pagination: { total, offset: page.offset, limit: page.limit },
  };
}
