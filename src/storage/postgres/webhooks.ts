import type { KeyObject } from "node:crypto";
import { invariant } from "../../core/errors.ts";
import type { WebhookStore } from "../../ledger/ports/webhooks.ts";
import { type EndpointRow, endpointOf, NEW_ENDPOINT_COLUMNS, newEndpointRow, sealColumn } from "../webhook-rows.ts";
import { CHECKPOINTS, type CheckpointRow, checkpointOf } from "./checkpoints.ts";
import type { Postgres } from "./database.ts";
import type { Effects } from "./effects.ts";
import { openDeliveries } from "./webhook-deliveries.ts";
import { openEventMaking } from "./webhook-events.ts";

const LIVING = "SELECT * FROM webhook_endpoints WHERE tenant = $1 AND deleted_at IS NULL";
const REMOVE = `UPDATE webhook_endpoints SET deleted_at = $3, enabled = 0, sealed_url = NULL, sealed_description = NULL,
  sealed_secret = NULL, sealed_previous_secret = NULL, previous_until = NULL WHERE tenant = $1 AND id = $2 AND deleted_at IS NULL RETURNING 1`;
/** Whoever makes an endpoint holds the tenant's others: two nodes do not make the last one that it may have at once. */
const HOLD_TENANT = "SELECT pg_advisory_xact_lock(hashtextextended('tallyroot webhooks of tenant ' || $1::text, 0))";

/** Endpoints, events and deliveries. */
export function openWebhookStore(
  db: Postgres,
  { effects, master, node }: { effects: Effects; master: KeyObject; node: string },
): WebhookStore & { close(): Promise<void> } {
  return {
    ...openEventMaking(db),
    ...openDeliveries(db, effects, node),
    addEndpoint: (endpoint, most, request) =>
      effects.once<"added" | "full">(request, "added", async (tx) => {
        tx.query(HOLD_TENANT, [endpoint.tenantId]);
        if ((await tx.query(LIVING, [endpoint.tenantId])).length >= most) return "full";
        tx.query(
          `INSERT INTO webhook_endpoints (${NEW_ENDPOINT_COLUMNS}, enabled) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)`,
          newEndpointRow(master, endpoint),
        );
        return "added";
      }),
    async endpoint(tenantId, id) {
      const [row] = await db.read<EndpointRow>(`${LIVING} AND id = $2`, [tenantId, id]);
      return row && endpointOf(master, row);
    },
    async endpoints(tenantId) {
      const rows = await db.read<EndpointRow>(`${LIVING} ORDER BY created_at, id`, [tenantId]);
      return rows.map((row) => endpointOf(master, row));
    },
    changeEndpoint: (tenantId, id, { url, description, events, enabled }, at) =>
      db.transaction(async (tx) => {
        const [before] = await tx.query<EndpointRow>(`${LIVING} AND id = $2 FOR NO KEY UPDATE`, [tenantId, id]);
        if (!before) return undefined;
        const isTurned = enabled !== undefined && enabled !== (before.enabled === 1);
        const sealedDescription =
          description === undefined
            ? before.sealed_description
            : description === null
              ? null
              : sealColumn(master, id, "description", description);
        const [after] = await tx.query<EndpointRow>(
          "UPDATE webhook_endpoints SET sealed_url = $2, sealed_description = $3, events = $4, enabled = $5, resumed_at = $6 WHERE id = $1 RETURNING *",
          [
            id,
            url === undefined ? before.sealed_url : sealColumn(master, id, "url", url),
            sealedDescription,
            events === undefined ? before.events : JSON.stringify(events),
            isTurned ? Number(enabled) : before.enabled,
            isTurned && enabled ? at : before.resumed_at,
          ],
        );
        return endpointOf(master, after!);
      }),
    rotateSecret: (tenantId, id, secret, until, request) =>
      effects.once<"rotated" | "gone">(request, "rotated", async (tx) => {
        const rotated = await tx.query(
          "UPDATE webhook_endpoints SET sealed_previous_secret = sealed_secret, previous_until = $3, sealed_secret = $4 WHERE tenant = $1 AND id = $2 AND deleted_at IS NULL RETURNING 1",
          [tenantId, id, until, sealColumn(master, id, "secret", secret)],
        );
        return rotated.length === 0 ? "gone" : "rotated";
      }),
    async removeEndpoint(tenantId, id, at) {
      const removed = await db.transaction((tx) => tx.query(REMOVE, [tenantId, id, at]));
      return removed.length === 1;
    },
    async checkpointById(id) {
      const [row] = await db.read<CheckpointRow>(`${CHECKPOINTS} WHERE c.id = $1`, [id]);
      invariant(row !== undefined, "an event's checkpoint is stored");
      return checkpointOf(row);
    },
    async enabledEndpoints(after, limit) {
      const rows = await db.read<{ id: string; tenant: number }>(
        `SELECT id, tenant FROM webhook_endpoints WHERE id > $1 COLLATE "C" AND enabled = 1 AND deleted_at IS NULL ORDER BY id COLLATE "C" LIMIT $2`,
        [after, limit],
      );
      return rows.map(({ id, tenant }) => ({ id, tenantId: tenant }));
    },
    async noteRequest(request) {
      await effects.once<"noted">(request, "noted", async () => "noted");
    },
  };
}
