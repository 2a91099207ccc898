import { invariant } from "../../core/errors.ts";
import type { AttemptOutcome, Delivery, DeliveryState, WebhookStore } from "../../ledger/ports/webhooks.ts";
import { DELIVERIES, type DeliveryRow, deliveryOf } from "../webhook-rows.ts";
import type { Postgres, Transaction } from "./database.ts";
import type { Effects } from "./effects.ts";
import { HOLD_ENDPOINTS } from "./webhook-events.ts";

/**
 * Milliseconds for which a node has what it is about to send to itself: longer than an attempt takes, and no longer than what a dead node had
 * may wait. Whoever is slower than that may send twice, as whoever is killed in between.
 */
const CLAIM_MS = 15_000;

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

type Counts = Record<DeliveryState, number>;
type Tally = Counts & { success: number; failure: number; at: number | null };

const COUNTS =
  "SELECT coalesce(sum(pending), 0)::bigint AS pending, coalesce(sum(delivered), 0)::bigint AS delivered, coalesce(sum(parked), 0)::bigint AS parked FROM webhook_endpoints";

/** Takes what is due, or was taken by this node before, or by one that has not been heard of since. */
const TAKE = `WITH due AS (
  SELECT event, endpoint FROM webhook_deliveries
  WHERE endpoint = $1 AND next_attempt_at <= $2 AND (claimed_by IS NULL OR claimed_by = $4 OR claimed_until < clock_timestamp())
  ORDER BY next_attempt_at, event LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
  UPDATE webhook_deliveries d SET claimed_by = $4, claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_MS / 1_000})
  FROM due WHERE d.event = due.event AND d.endpoint = due.endpoint RETURNING d.*
)
${DELIVERIES.replace("webhook_deliveries", "taken")} ORDER BY d.next_attempt_at, d.event`;

/** The first that is nobody's, or the first that another node lets go of. */
const NEXT = `SELECT least(
  (SELECT next_attempt_at FROM webhook_deliveries WHERE endpoint = $1 AND next_attempt_at IS NOT NULL
    AND (claimed_by IS NULL OR claimed_by = $2 OR claimed_until < clock_timestamp()) ORDER BY next_attempt_at LIMIT 1),
  (SELECT ceil(extract(epoch FROM min(claimed_until)) * 1000)::bigint FROM webhook_deliveries
    WHERE endpoint = $1 AND claimed_until >= clock_timestamp() AND claimed_by <> $2)) AS at`;

/** Lets the first pending delivery of a ledger have its turn, where it waits for one. */
const PROMOTE = `UPDATE webhook_deliveries SET next_attempt_at = $3
  WHERE endpoint = $1 AND next_attempt_at IS NULL AND event = (
    SELECT event FROM webhook_deliveries WHERE state = 'pending' AND endpoint = $1 AND subject = $2 ORDER BY event LIMIT 1)`;

/** Deliveries of any node: each is taken by one at a time. @param node a name that this node has again after a restart. */
export function openDeliveries(db: Postgres, effects: Effects, node: string): Deliveries & { close(): Promise<void> } {
  const list = async (rest: string, values: readonly unknown[]): Promise<Delivery[]> =>
    (await db.read<DeliveryRow>(`${DELIVERIES} WHERE ${rest}`, values)).map(deliveryOf);

  return {
    dueDeliveries: async (endpointId, now, limit) => {
      const some = await db.read(
        "SELECT 1 FROM webhook_deliveries WHERE endpoint = $1 AND next_attempt_at <= $2 LIMIT 1",
        [endpointId, now],
      );
      if (some.length === 0) return [];
      const rows = await db.transaction((tx) => tx.query<DeliveryRow>(TAKE, [endpointId, now, limit, node]));
      return rows.map(deliveryOf);
    },
    async nextDueAt(endpointId) {
      const [row] = await db.read<{ at: number | null }>(NEXT, [endpointId, node]);
      return row!.at ?? undefined;
    },
    async settle(outcomes) {
      if (outcomes.length > 0) await db.transaction((tx) => settleAll(tx, outcomes));
    },
    async deliveries(tenantId, state, { offset, limit }) {
      const order = "ORDER BY d.event DESC, d.endpoint";
      const [deliveries, counted] = await Promise.all([
        state === undefined
          ? list(`d.tenant = $1 ${order} LIMIT $2 OFFSET $3`, [tenantId, limit, offset])
          : list(`d.tenant = $1 AND d.state = $2 ${order} LIMIT $3 OFFSET $4`, [tenantId, state, limit, offset]),
        db.read<Counts>(`${COUNTS} WHERE tenant = $1`, [tenantId]),
      ]);
      const { pending, delivered, parked } = counted[0]!;
      return { deliveries, total: state === undefined ? pending + delivered + parked : counted[0]![state] };
    },
    deliveryCounts: async () => (await db.read<Counts>(COUNTS))[0]!,
    deliveriesOf: (tenantId, eventId) =>
      list("e.event_id = $1 AND e.tenant = $2 ORDER BY d.endpoint", [eventId, tenantId]),
    retryDeliveries: (tenantId, eventId, endpointIds, now, request) =>
      effects.once<"retried">(request, "retried", async (tx) => {
        tx.query(HOLD_ENDPOINTS, [endpointIds]);
        const rows = await tx.query<{ event: number; endpoint: string; state: DeliveryState }>(
          `SELECT d.event, d.endpoint, d.state FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event
          WHERE e.event_id = $1 AND e.tenant = $2 AND d.endpoint = ANY ($3::text[]) ORDER BY d.endpoint FOR NO KEY UPDATE OF d`,
          [eventId, tenantId, endpointIds],
        );
        const tallies = openTallies(tx);
        for (const { event, endpoint, state } of rows) {
          tx.query(
            "UPDATE webhook_deliveries SET state = 'pending', since = $3, next_attempt_at = $3, delivered_at = NULL, claimed_by = NULL, claimed_until = NULL WHERE event = $1 AND endpoint = $2",
            [event, endpoint, now],
          );
          if (state === "pending") continue;
          tallies.add(endpoint, { pending: 1 });
          tallies.add(endpoint, { [state]: -1 });
        }
        tallies.end();
        return "retried";
      }),
    async tidy(before, most) {
      const [deleted] = await db.read<{ id: string }>(
        "SELECT id FROM webhook_endpoints WHERE deleted_at IS NOT NULL AND pending > 0 LIMIT 1",
      );
      if (deleted) {
        await db.transaction((tx) => parkDeleted(tx, deleted.id, most));
        return true;
      }
      const oldest = await db.read<{ id: number; created_at: number }>(
        "SELECT id, created_at FROM webhook_events ORDER BY id LIMIT $1",
        [most],
      );
      const old = oldest.filter((event) => event.created_at < before).map(({ id }) => id);
      if (old.length > 0) await db.transaction((tx) => dropOld(tx, old, before));
      return old.length === most;
    },
    async close() {
      await db.transaction(async (tx) => {
        tx.query("UPDATE webhook_deliveries SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by = $1", [node]);
      });
    },
  };
}

/** What the counts of endpoints grow by in one transaction. */
function openTallies(tx: Transaction) {
  const tallies = new Map<string, Tally>();
  return {
    add(endpoint: string, more: Partial<Tally>): void {
      const tally = tallies.get(endpoint) ?? { pending: 0, delivered: 0, parked: 0, success: 0, failure: 0, at: null };
      for (const name of ["pending", "delivered", "parked", "success", "failure"] as const)
        tally[name] += more[name] ?? 0;
      tallies.set(endpoint, { ...tally, at: more.at ?? tally.at });
    },
    end(): void {
      for (const [endpoint, { pending, delivered, parked, success, failure, at }] of tallies) {
        tx.query(
          `UPDATE webhook_endpoints SET pending = pending + $2, delivered = delivered + $3, parked = parked + $4,
            success_count = success_count + $5, failure_count = failure_count + $6, last_triggered_at = coalesce($7, last_triggered_at) WHERE id = $1`,
          [endpoint, pending, delivered, parked, success, failure, at],
        );
      }
    },
  };
}

async function settleAll(tx: Transaction, outcomes: readonly AttemptOutcome[]): Promise<void> {
  tx.query(HOLD_ENDPOINTS, [[...new Set(outcomes.map(({ endpointId }) => endpointId))]]);
  // Dropped or parked while the attempt was under way, or had by another outcome: then there is no such row.
  const settled = await Promise.all(outcomes.map((outcome) => settleOne(tx, outcome)));
  const tallies = openTallies(tx);
  for (const [i, outcome] of outcomes.entries()) {
    const [row] = settled[i]!;
    if (!row || outcome.kind === "put-off") continue;
    const { endpointId: endpoint, at } = outcome;
    if (outcome.kind === "delivered") tallies.add(endpoint, { pending: -1, delivered: 1, success: 1, at });
    else if (outcome.kind === "failed") tallies.add(endpoint, { failure: 1, at });
    else {
      tallies.add(endpoint, { pending: -1, parked: 1 });
      if (outcome.attempted) tallies.add(endpoint, { failure: 1, at });
    }
    if (outcome.kind !== "failed") tx.query(PROMOTE, [endpoint, row.subject, at]);
  }
  tallies.end();
}

/** @returns the delivery's subject, where it was pending. */
function settleOne(tx: Transaction, outcome: AttemptOutcome): Promise<{ subject: number }[]> {
  const { event, endpointId, at } = outcome;
  if (outcome.kind === "put-off") {
    return tx.query(
      "UPDATE webhook_deliveries SET next_attempt_at = $3, claimed_by = NULL, claimed_until = NULL WHERE event = $1 AND endpoint = $2 AND state = 'pending' RETURNING subject",
      [event, endpointId, outcome.nextAttemptAt],
    );
  }
  const attempted = outcome.kind !== "parked" || outcome.attempted;
  return tx.query(
    `UPDATE webhook_deliveries SET state = $3, next_attempt_at = $4, last_error = $5, delivered_at = $6, attempts = attempts + $7::bigint,
      last_status = CASE WHEN $7::bigint = 1 THEN $8 ELSE last_status END, last_attempt_at = CASE WHEN $7::bigint = 1 THEN $9 ELSE last_attempt_at END,
      claimed_by = NULL, claimed_until = NULL
    WHERE event = $1 AND endpoint = $2 AND state = 'pending' RETURNING subject`,
    [
      event,
      endpointId,
      outcome.kind === "failed" ? "pending" : outcome.kind,
      outcome.kind === "failed" ? outcome.nextAttemptAt : null,
      outcome.kind === "delivered" ? null : outcome.error,
      outcome.kind === "delivered" ? at : null,
      attempted ? 1 : 0,
      outcome.status,
      at,
    ],
  );
}

async function parkDeleted(tx: Transaction, endpoint: string, most: number): Promise<void> {
  tx.query(HOLD_ENDPOINTS, [[endpoint]]);
  const parked = await tx.query(
    `UPDATE webhook_deliveries SET state = 'parked', next_attempt_at = NULL, last_error = 'ENDPOINT_DELETED', claimed_by = NULL, claimed_until = NULL
    WHERE endpoint = $1 AND event IN (SELECT event FROM webhook_deliveries WHERE state = 'pending' AND endpoint = $1 LIMIT $2) RETURNING 1`,
    [endpoint, most],
  );
  const [left] = await tx.query<{ pending: number }>("SELECT pending FROM webhook_endpoints WHERE id = $1", [endpoint]);
  // A count that its rows do not bear out would be asked about for ever.
  invariant(parked.length > 0 || left!.pending === 0, "an endpoint's pending deliveries are as many as it counts");
  const tallies = openTallies(tx);
  tallies.add(endpoint, { pending: -parked.length, parked: parked.length });
  tallies.end();
}

async function dropOld(tx: Transaction, events: readonly number[], now: number): Promise<void> {
  tx.query(
    "SELECT 1 FROM webhook_endpoints WHERE id IN (SELECT endpoint FROM webhook_deliveries WHERE event = ANY ($1::bigint[])) ORDER BY id FOR NO KEY UPDATE",
    [events],
  );
  const dropped = await tx.query<{ endpoint: string; state: DeliveryState; subject: number }>(
    "DELETE FROM webhook_deliveries WHERE event = ANY ($1::bigint[]) RETURNING endpoint, state, subject",
    [events],
  );
  tx.query("DELETE FROM webhook_events WHERE id = ANY ($1::bigint[])", [events]);
  const tallies = openTallies(tx);
  for (const { endpoint, state, subject } of dropped) {
    tallies.add(endpoint, { [state]: -1 });
    if (state === "pending") tx.query(PROMOTE, [endpoint, subject, now]);
  }
  tallies.end();
}
