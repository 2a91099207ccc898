import { z } from "zod";
import { ledgerAddress } from "../../core/address.ts";
import { concatBytes, fromHex, toHex } from "../../core/bytes.ts";
import { invariant, TallyrootError } from "../../core/errors.ts";
import { keccak } from "../../core/keccak.ts";
import type { NamedWindow } from "../../core/scope.ts";
import {
  type Asking,
  checkpointAll,
  checkpointLedger,
  checkpointSelection,
  type Made,
} from "../../ledger/checkpoint.ts";
import { ledgerOfCustomer } from "../../ledger/customers.ts";
import { type Asked, earlierEffect } from "../../ledger/idempotent.ts";
import { openPause } from "../../ledger/in-steps.ts";
import type { Page, StoredDelta, Tenant } from "../../ledger/ports/ledgers.ts";
import { windowOf } from "../../ledger/scope.ts";
import { checkpointBatchView, checkpointRequest, checkpointView } from "../../wire/checkpoint.ts";
import { namedWindow } from "../../wire/scope.ts";
import { type Answer, route, type Service } from "../route.ts";
import { viewStatement } from "./checkpoint-views.ts";

/** Checkpoints of a batch that are shown with the answer. */
const FIRST_PAGE: Page = { offset: 0, limit: 25 };
const CURRENT_MONTH: NamedWindow = { kind: "current_month" };

type Body = z.output<typeof checkpointRequest>;

export const postCheckpoint = route({
  method: "POST",
  path: "/api/v1/balance/checkpoint",
  access: "write",
  summary: "Close a window: one customer's, every customer's, or a selection of deltas",
  status: 201,
  body: checkpointRequest,
  data: z.union([checkpointView, checkpointBatchView]),
  codes: ["INVALID_SCOPE_COMBINATION", "SCOPE_TOO_WIDE", "NOT_FOUND", "CUSTOMER_NOT_FOUND", "IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant, body, idempotencyKey }) {
    const asked: Asked = { tenant, idempotencyKey, route: "POST balance/checkpoint", members: membersOf(tenant, body) };
    const earlier = await earlierEffect(service.store, asked);
    if (earlier !== undefined) return answer(service, tenant, { statementId: earlier, replayed: true });
    return answer(service, tenant, await make(service, tenant, body, { now: await service.store.now(), asked }));
  },
});

/** What was asked, so that a repetition can be told from another request. Nobody's id is in it, and of many fingerprints one hash. */
function membersOf(tenant: Tenant, { customerId, fingerprints, ...rest }: Body): Asked["members"] {
  return {
    ...rest,
    customerId: customerId && toHex(ledgerAddress(tenant.namespace, customerId)),
    fingerprints: fingerprints && toHex(keccak(concatBytes(...fingerprints.map((text) => fromHex(text, 32))))),
  };
}

/** The statement as it is now: a repetition gets the first one again, however far it has come since. */
async function answer(service: Service, tenant: Tenant, { statementId, replayed }: Made): Promise<Answer> {
  const data = await viewStatement(service, tenant, statementId, FIRST_PAGE);
  invariant(data !== undefined, "a statement that was made is stored");
  return replayed ? { data: { ...data, idempotent: true }, headers: { "Idempotent-Replayed": "true" } } : { data };
}

async function make(service: Service, tenant: Tenant, body: Body, asking: Asking): Promise<Made> {
  const { store } = service;
  const named = namedWindow(body);
  if (body.mode === "selection") {
    if (named) {
      throw new TallyrootError(
        "INVALID_SCOPE_COMBINATION",
        "a selection is over its fingerprints: it takes no window",
        { excludes: ["mode=selection", "period, timePreset and dates"] },
      );
    }
    return checkpointSelection(store, await selected(service, tenant, body), asking);
  }
  if (body.fingerprints) {
    throw new TallyrootError("INVALID_SCOPE_COMBINATION", "fingerprints need mode=selection", { needs: ["mode"] });
  }
  const window = windowOf(named ?? CURRENT_MONTH, asking.now);
  if (body.customerId !== undefined) {
    return checkpointLedger(store, await ledgerOfCustomer(store, tenant, body.customerId), window, asking);
  }
  const made = await checkpointAll(store, tenant, window, asking);
  if (made) return made;
  throw new TallyrootError("NOT_FOUND", "no customer has a delta in this window", { from: window.from, to: window.to });
}

/** The chosen deltas in order of sequence. @throws TallyrootError when one is not this tenant's, or they are of several customers. */
async function selected(
  { store }: Service,
  tenant: Tenant,
  { fingerprints, customerId }: Body,
): Promise<StoredDelta[]> {
  if (!fingerprints) {
    throw new TallyrootError("INVALID_SCOPE_COMBINATION", "mode=selection needs fingerprints", {
      needs: ["fingerprints"],
    });
  }
  const ledger = customerId === undefined ? undefined : await ledgerOfCustomer(store, tenant, customerId);
  const pause = openPause();
  const deltas: StoredDelta[] = [];
  for (const fingerprint of new Set(fingerprints)) {
    await pause();
    const delta = await store.deltaByFingerprint(fromHex(fingerprint, 32));
    if (!delta || delta.ledger.tenantId !== tenant.id) {
      throw new TallyrootError("NOT_FOUND", `there is no delta ${fingerprint}`, { fingerprint });
    }
    if (delta.ledger.id !== (ledger ?? deltas[0]?.ledger ?? delta.ledger).id) {
      throw new TallyrootError(
        "VALIDATION_ERROR",
        `delta ${fingerprint} is of another customer: a selection is about one ledger`,
        { fingerprint },
      );
    }
    deltas.push(delta);
  }
  return deltas.sort((a, b) => a.sequence - b.sequence);
}
