import { z } from "zod";
import { toHex } from "../../core/bytes.ts";
import { TallyrootError } from "../../core/errors.ts";
import { parseRecordId } from "../../core/record-id.ts";
import { proofOfDelta } from "../../ledger/delta-proof.ts";
import type { StoredDelta, Tenant } from "../../ledger/ports/ledgers.ts";
import { recordDelta } from "../../ledger/record.ts";
import { requestIdOf } from "../../ledger/request-id.ts";
import { standingOf } from "../../ledger/status.ts";
import { deltaDetail, deltaText, deltaView, recordRequest, viewDelta } from "../../wire/delta.ts";
import { isoText } from "../../wire/fields.ts";
import { recordingOf } from "../recording.ts";
import { route, type Service } from "../route.ts";

export const postDelta = route({
  method: "POST",
  path: "/api/v1/balance/delta",
  access: "write",
  summary: "Record a signed delta",
  status: 201,
  body: recordRequest,
  queues: true,
  data: deltaView,
  codes: ["AMOUNT_NOT_EXACT", "QUOTA_EXCEEDED", "IDEMPOTENCY_CONFLICT", "BALANCE_OVERFLOW"],
  async handle(service, { tenant, body, idempotencyKey }) {
    const requestId = idempotencyKey === undefined ? undefined : requestIdOf(tenant.requestKey, idempotencyKey);
    const { delta, replayed } = await recordDelta(service, recordingOf(tenant, body, requestId));
    // What was sent is what was recorded, or the key would have conflicted: nothing needs to be opened again.
    return replayed
      ? { text: deltaText(delta, "QUEUED", body, ',"idempotent":true'), headers: { "Idempotent-Replayed": "true" } }
      : { text: deltaText(delta, "QUEUED", body) };
  },
});

export const getDelta = route({
  method: "GET",
  path: "/api/v1/balance/delta/:recordId",
  access: "read",
  customer: "recordId",
  summary: "A recorded delta, its status and its proof",
  status: 200,
  params: z.object({ recordId: z.string() }),
  data: deltaDetail,
  codes: ["NOT_FOUND"],
  async handle(service, { tenant, params }) {
    const delta = await deltaByRecordId(service, tenant, params.recordId);
    const { status, head, anchor } = await standingOf(service.store, delta.ledger, delta.sequence);
    const final = status === "VERIFIED" && head && anchor ? { head, anchor } : undefined;
    return {
      data: {
        ...viewDelta(delta, status, await service.contents.contentOf(delta)),
        verifiedAt: final?.anchor.confirmedAt ? isoText(final.anchor.confirmedAt) : null,
        verificationReference: final?.anchor.transactionHash ? toHex(final.anchor.transactionHash) : null,
        blockNumber: final?.anchor.blockNumber ?? null,
        blockTimestamp: final?.anchor.blockTime ? isoText(final.anchor.blockTime * 1000) : null,
        proof: final ? await proofOfDelta(service.store, delta, final.head.count) : null,
      },
    };
  },
});

/** @throws TallyrootError NOT_FOUND also for another tenant's record id. */
async function deltaByRecordId({ store }: Service, tenant: Tenant, recordId: string): Promise<StoredDelta> {
  const place = parseRecordId(recordId);
  const ledger = place && (await store.ledger(tenant.id, place.ledger));
  const delta = ledger && (await store.delta(ledger, place.sequence));
  if (!delta) throw new TallyrootError("NOT_FOUND", `there is no record ${recordId}`, { recordId });
  return delta;
}
