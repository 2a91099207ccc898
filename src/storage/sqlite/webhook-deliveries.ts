import { invariant } from "../../core/errors.ts";
import type { RequestEffect } from "../../ledger/ports/effects.ts";
import type { AttemptOutcome, WebhookStore } from "../../ledger/ports/webhooks.ts";
import { DELIVERIES, type DeliveryRow, deliveryOf } from "../webhook-rows.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteEffects } from "./effects.ts";
import { writing } from "./refused-write.ts";

type Deliveries = Pick<
  WebhookStore,
  | "dueDeliveries"
  | "nextDueAt"
  | "settle"
  | "deliveries"
  | "deliveryCounts"
  | "deliveriesOf"
  | "retryDeliveries"
  | "tidy"
>;

/** What was told to whom, and what is still to be. */
export function openDeliveries(db: Sqlite, effects: SqliteEffects): Deliveries {
  const due = db.prepare<[string, number, number], DeliveryRow>(
    `${DELIVERIES} WHERE d.endpoint = ? AND d.next_attempt_at <= ? ORDER BY d.next_attempt_at, d.event LIMIT ?`,
  );
  const nextDue = db.prepare<[string], { at: number | null }>(
    "SELECT min(next_attempt_at) AS at FROM webhook_deliveries WHERE endpoint = ? AND next_attempt_at IS NOT NULL",
  );
  const deliveryAt = db.prepare<[number, string], { state: string; subject: number }>(
    "SELECT state, subject FROM webhook_deliveries WHERE event = ? AND endpoint = ?",
  );
  const setState = db.prepare(
    `UPDATE webhook_deliveries SET state = :state, next_attempt_at = :next, attempts = attempts + :attempts, last_error = :error, last_status = CASE WHEN :attempts = 1 THEN :status ELSE last_status END,
       last_attempt_at = CASE WHEN :attempts = 1 THEN :at ELSE last_attempt_at END, delivered_at = :deliveredAt WHERE event = :event AND endpoint = :endpoint`,
  );
  const putOff = db.prepare("UPDATE webhook_deliveries SET next_attempt_at = ? WHERE event = ? AND endpoint = ?");
  const count = db.prepare(
    `UPDATE webhook_endpoints SET pending = pending + :pending, delivered = delivered + :delivered, parked = parked + :parked,
       success_count = success_count + :success, failure_count = failure_count + :failure, last_triggered_at = coalesce(:at, last_triggered_at) WHERE id = :endpoint`,
  );
  const firstInLane = db.prepare<[string, number], { event: number; next_attempt_at: number | null }>(
    "SELECT event, next_attempt_at FROM webhook_deliveries WHERE state = 'pending' AND endpoint = ? AND subject = ? ORDER BY event LIMIT 1",
  );
  const again = db.prepare(
    "UPDATE webhook_deliveries SET state = 'pending', since = ?, next_attempt_at = ?, delivered_at = NULL WHERE event = ? AND endpoint = ?",
  );
  const page = db.prepare<[number, number, number], DeliveryRow>(
    `${DELIVERIES} WHERE d.tenant = ? ORDER BY d.event DESC, d.endpoint LIMIT ? OFFSET ?`,
  );
  const pageInState = db.prepare<[number, string, number, number], DeliveryRow>(
    `${DELIVERIES} WHERE d.tenant = ? AND d.state = ? ORDER BY d.event DESC, d.endpoint LIMIT ? OFFSET ?`,
  );
  const totals = db.prepare<[number], { pending: number; delivered: number; parked: number }>(
    "SELECT coalesce(sum(pending), 0) AS pending, coalesce(sum(delivered), 0) AS delivered, coalesce(sum(parked), 0) AS parked FROM webhook_endpoints WHERE tenant = ?",
  );
  const counts = db.prepare<[], { pending: number; delivered: number; parked: number }>(
    "SELECT coalesce(sum(pending), 0) AS pending, coalesce(sum(delivered), 0) AS delivered, coalesce(sum(parked), 0) AS parked FROM webhook_endpoints",
  );
  const ofEvent = db.prepare<[string, number], DeliveryRow>(
    `${DELIVERIES} WHERE e.event_id = ? AND e.tenant = ? ORDER BY d.endpoint`,
  );
  const deletedWithPending = db.prepare<[], { id: string }>(
    "SELECT id FROM webhook_endpoints WHERE deleted_at IS NOT NULL AND pending > 0 LIMIT 1",
  );
  const pendingOf = db.prepare<[string, number], { event: number }>(
    "SELECT event FROM webhook_deliveries WHERE state = 'pending' AND endpoint = ? LIMIT ?",
  );
  const oldest = db.prepare<[number], { id: number; created_at: number }>(
    "SELECT id, created_at FROM webhook_events ORDER BY id LIMIT ?",
  );
  const deliveriesOfEvent = db.prepare<
    [number],
    { endpoint: string; state: "pending" | "delivered" | "parked"; subject: number }
  >("SELECT endpoint, state, subject FROM webhook_deliveries WHERE event = ?");
  const dropDeliveries = db.prepare("DELETE FROM webhook_deliveries WHERE event = ?");
  const dropEvent = db.prepare("DELETE FROM webhook_events WHERE id = ?");

  const NOTHING = { pending: 0, delivered: 0, parked: 0, success: 0, failure: 0, at: null };

  /** Lets the first pending delivery of a ledger have its turn, where it waits for one. */
  function promote(endpoint: string, subject: number, now: number): void {
    const first = firstInLane.get(endpoint, subject);
    if (first && first.next_attempt_at === null) putOff.run(now, first.event, endpoint);
  }

  function settleOne(outcome: AttemptOutcome): void {
    const { event, endpointId: endpoint, at } = outcome;
    const before = deliveryAt.get(event, endpoint);
    // Dropped or parked while the attempt was under way.
    if (before?.state !== "pending") return;
    if (outcome.kind === "put-off") {
      putOff.run(outcome.nextAttemptAt, event, endpoint);
      return;
    }
    const row = {
      event,
      endpoint,
      at,
      attempts: 1,
      next: null,
      status: outcome.status,
      error: null,
      deliveredAt: null,
    };
    if (outcome.kind === "delivered") {
      setState.run({ ...row, state: "delivered", deliveredAt: at });
      count.run({ ...NOTHING, endpoint, pending: -1, delivered: 1, success: 1, at });
    } else if (outcome.kind === "failed") {
      setState.run({ ...row, state: "pending", next: outcome.nextAttemptAt, error: outcome.error });
      count.run({ ...NOTHING, endpoint, failure: 1, at });
    } else {
      const attempts = outcome.attempted ? 1 : 0;
      setState.run({ ...row, state: "parked", attempts, error: outcome.error });
      count.run({ ...NOTHING, endpoint, pending: -1, parked: 1, failure: attempts, at: outcome.attempted ? at : null });
    }
    if (outcome.kind !== "failed") promote(endpoint, before.subject, at);
  }

  const settleAll = db.transaction((outcomes: readonly AttemptOutcome[]) => {
    for (const outcome of outcomes) settleOne(outcome);
  });

  const retry = db.transaction(
    (
      tenantId: number,
      eventId: string,
      endpointIds: readonly string[],
      now: number,
      request: RequestEffect | undefined,
    ) => {
      if (request && effects.find(request.requestId)) return "repeated";
      for (const { id, endpoint, state } of ofEvent.all(eventId, tenantId)) {
        if (!endpointIds.includes(endpoint)) continue;
        again.run(now, now, id, endpoint);
        if (state !== "pending") count.run({ ...NOTHING, endpoint, pending: 1, [state]: -1 });
      }
      effects.note(request);
      return "retried";
    },
  );

  const parkDeleted = db.transaction((endpoint: string, most: number): number => {
    const waiting = pendingOf.all(endpoint, most);
    for (const { event } of waiting) {
      setState.run({
        event,
        endpoint,
        at: 0,
        state: "parked",
        attempts: 0,
        next: null,
        status: null,
        error: "ENDPOINT_DELETED",
        deliveredAt: null,
      });
    }
    count.run({ ...NOTHING, endpoint, pending: -waiting.length, parked: waiting.length });
    return waiting.length;
  });

  const dropOld = db.transaction((ids: readonly number[], now: number) => {
    for (const id of ids) {
      const deliveries = deliveriesOfEvent.all(id);
      dropDeliveries.run(id);
      dropEvent.run(id);
      for (const { endpoint, state, subject } of deliveries) {
        count.run({ ...NOTHING, endpoint, [state]: -1 });
        if (state === "pending") promote(endpoint, subject, now);
      }
    }
  });

  return {
    dueDeliveries: async (endpointId, now, limit) => due.all(endpointId, now, limit).map(deliveryOf),
    nextDueAt: async (endpointId) => nextDue.get(endpointId)?.at ?? undefined,
    async settle(outcomes) {
      if (outcomes.length > 0) settleAll.immediate(outcomes);
    },
    async deliveries(tenantId, state, { offset, limit }) {
      const rows =
        state === undefined ? page.all(tenantId, limit, offset) : pageInState.all(tenantId, state, limit, offset);
      const { pending, delivered, parked } = totals.get(tenantId)!;
      const total = state === undefined ? pending + delivered + parked : { pending, delivered, parked }[state];
      return { deliveries: rows.map(deliveryOf), total };
    },
    deliveryCounts: async () => counts.get()!,
    deliveriesOf: async (tenantId, eventId) => ofEvent.all(eventId, tenantId).map(deliveryOf),
    retryDeliveries: async (tenantId, eventId, endpointIds, now, request) =>
      writing(() => retry.immediate(tenantId, eventId, endpointIds, now, request)),
    async tidy(before, most) {
      const deleted = deletedWithPending.get();
      if (deleted) {
        // A count that its rows do not bear out would be asked about for ever.
        invariant(
          parkDeleted.immediate(deleted.id, most) > 0,
          "an endpoint's pending deliveries are as many as it counts",
        );
        return true;
      }
      const old = oldest.all(most).filter((event) => event.created_at < before);
      if (old.length > 0)
        dropOld.immediate(
          old.map(({ id }) => id),
          before,
        );
      return old.length === most;
    },
  };
}
