import type { KeyObject } from "node:crypto";
import { invariant } from "../../core/errors.ts";
import type { RequestEffect } from "../../ledger/ports/effects.ts";
import type { EndpointChange, NewEndpoint, WebhookStore } from "../../ledger/ports/webhooks.ts";
import { type EndpointRow, endpointOf, NEW_ENDPOINT_COLUMNS, newEndpointRow, sealColumn } from "../webhook-rows.ts";
import { type CheckpointRow, checkpointOfRow } from "./checkpoints.ts";
import type { Sqlite } from "./database.ts";
import type { SqliteEffects } from "./effects.ts";
import type { SqliteReader } from "./reader.ts";
import { writing } from "./refused-write.ts";
import { openDeliveries } from "./webhook-deliveries.ts";
import { openEventMaking } from "./webhook-events.ts";

type WebhookParts = { reader: SqliteReader; effects: SqliteEffects; master: KeyObject };

/** Endpoints, events and deliveries, on the connection that records. */
export function openWebhookStore(db: Sqlite, { reader, effects, master }: WebhookParts): WebhookStore {
  const { endpointsChanged, ...making } = openEventMaking(db);
  const insert = db.prepare(
    `INSERT INTO webhook_endpoints (${NEW_ENDPOINT_COLUMNS}, enabled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)`,
  );
  const living = db.prepare<[number], { n: number }>(
    "SELECT count(*) AS n FROM webhook_endpoints WHERE tenant = ? AND deleted_at IS NULL",
  );
  const one = db.prepare<[number, string], EndpointRow>(
    "SELECT * FROM webhook_endpoints WHERE tenant = ? AND id = ? AND deleted_at IS NULL",
  );
  const all = db.prepare<[number], EndpointRow>(
    "SELECT * FROM webhook_endpoints WHERE tenant = ? AND deleted_at IS NULL ORDER BY created_at, id",
  );
  const setUrl = db.prepare("UPDATE webhook_endpoints SET sealed_url = ? WHERE id = ?");
  const setDescription = db.prepare("UPDATE webhook_endpoints SET sealed_description = ? WHERE id = ?");
  const setEvents = db.prepare("UPDATE webhook_endpoints SET events = ? WHERE id = ?");
  const setEnabled = db.prepare("UPDATE webhook_endpoints SET enabled = ?, resumed_at = ? WHERE id = ?");
  const setSecret = db.prepare(
    "UPDATE webhook_endpoints SET sealed_previous_secret = sealed_secret, previous_until = ?, sealed_secret = ? WHERE id = ?",
  );
  const remove = db.prepare(
    "UPDATE webhook_endpoints SET deleted_at = ?, enabled = 0, sealed_url = NULL, sealed_description = NULL, sealed_secret = NULL, sealed_previous_secret = NULL, previous_until = NULL WHERE tenant = ? AND id = ? AND deleted_at IS NULL",
  );
  const enabledAfter = db.prepare<[string, number], { id: string; tenant: number }>(
    "SELECT id, tenant FROM webhook_endpoints WHERE id > ? AND enabled = 1 AND deleted_at IS NULL ORDER BY id LIMIT ?",
  );
  const checkpoint = db.prepare<[number], CheckpointRow>("SELECT * FROM checkpoints WHERE id = ?");

  const add = db.transaction((endpoint: NewEndpoint, most: number, request: RequestEffect | undefined) => {
    if (request && effects.find(request.requestId)) return "repeated";
    if (living.get(endpoint.tenantId)!.n >= most) return "full";
    insert.run(...newEndpointRow(master, endpoint));
    effects.note(request);
    return "added";
  });

  const change = db.transaction(
    (tenantId: number, id: string, { url, description, events, enabled }: EndpointChange, at: number) => {
      const before = one.get(tenantId, id);
      if (!before) return undefined;
      if (url !== undefined) setUrl.run(sealColumn(master, id, "url", url), id);
      if (description !== undefined)
        setDescription.run(description === null ? null : sealColumn(master, id, "description", description), id);
      if (events !== undefined) setEvents.run(JSON.stringify(events), id);
      if (enabled !== undefined && enabled !== (before.enabled === 1))
        setEnabled.run(enabled ? 1 : 0, enabled ? at : before.resumed_at, id);
      return endpointOf(master, one.get(tenantId, id)!);
    },
  );

  const rotate = db.transaction(
    (tenantId: number, id: string, secret: string, until: number, request: RequestEffect | undefined) => {
      if (request && effects.find(request.requestId)) return "repeated";
      if (!one.get(tenantId, id)) return "gone";
      setSecret.run(until, sealColumn(master, id, "secret", secret), id);
      effects.note(request);
      return "rotated";
    },
  );

  const note = db.transaction((request: RequestEffect) => {
    if (!effects.find(request.requestId)) effects.note(request);
  });

  return {
    ...making,
    ...openDeliveries(db, effects),
    async addEndpoint(endpoint, most, request) {
      const outcome = writing(() => add.immediate(endpoint, most, request));
      endpointsChanged();
      return outcome;
    },
    async endpoint(tenantId, id) {
      const row = one.get(tenantId, id);
      return row && endpointOf(master, row);
    },
    endpoints: async (tenantId) => all.all(tenantId).map((row) => endpointOf(master, row)),
    async changeEndpoint(tenantId, id, what, at) {
      const changed = writing(() => change.immediate(tenantId, id, what, at));
      endpointsChanged();
      return changed;
    },
    rotateSecret: async (tenantId, id, secret, until, request) =>
      writing(() => rotate.immediate(tenantId, id, secret, until, request)),
    async removeEndpoint(tenantId, id, at) {
      const { changes } = writing(() => remove.run(at, tenantId, id));
      endpointsChanged();
      return changes === 1;
    },
    async checkpointById(id) {
      const row = checkpoint.get(id);
      invariant(row !== undefined, "an event's checkpoint is stored");
      return checkpointOfRow(row, reader);
    },
    enabledEndpoints: async (after, limit) =>
      enabledAfter.all(after, limit).map(({ id, tenant }) => ({ id, tenantId: tenant })),
    noteRequest: async (request) => writing(() => note.immediate(request)),
  };
}
