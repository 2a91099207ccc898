import type { KeyObject } from "node:crypto";
import { utf8 } from "../core/bytes.ts";
import type { Delivery, EventName, NewEndpoint, WebhookEndpoint } from "../ledger/ports/webhooks.ts";
import { seal, unseal } from "../ledger/seal.ts";

/** Webhook rows as both storage engines have them, and what the ports call them. */

export type EndpointRow = {
  id: string;
  tenant: number;
  sealed_url: Buffer;
  sealed_description: Buffer | null;
  events: string;
  sealed_secret: Buffer;
  sealed_previous_secret: Buffer | null;
  previous_until: number | null;
  enabled: number;
  created_at: number;
  resumed_at: number;
  last_triggered_at: number | null;
  success_count: number;
  failure_count: number;
};

/** What of an endpoint is sealed. Secrets share a place: a rotation moves one as it is. */
type Sealed = "url" | "description" | "secret";

function place(id: string, column: Sealed): Uint8Array {
  return utf8(`webhook:${id}:${column}`);
}

export function sealColumn(master: KeyObject, id: string, column: Sealed, text: string): Buffer {
  return seal(master, place(id, column), utf8(text));
}

export function endpointOf(master: KeyObject, row: EndpointRow): WebhookEndpoint {
  const open = (column: Sealed, sealed: Buffer) => unseal(master, place(row.id, column), sealed).toString("utf8");
  const { sealed_previous_secret: previous, previous_until: until } = row;
  return {
    id: row.id,
    tenantId: row.tenant,
    url: open("url", row.sealed_url),
    description: row.sealed_description && open("description", row.sealed_description),
    events: JSON.parse(row.events) as EventName[],
    secret: open("secret", row.sealed_secret),
    previous: previous && until !== null ? { secret: open("secret", previous), until } : null,
    enabled: row.enabled === 1,
    createdAt: row.created_at,
    resumedAt: row.resumed_at,
    lastTriggeredAt: row.last_triggered_at,
    successCount: row.success_count,
    failureCount: row.failure_count,
  };
}

/** The columns of a new endpoint, in the order of `NEW_ENDPOINT_COLUMNS`. */
export function newEndpointRow(master: KeyObject, endpoint: NewEndpoint): unknown[] {
  const { id, tenantId, url, description, events, secret, createdAt } = endpoint;
  const sealedDescription = description === null ? null : sealColumn(master, id, "description", description);
  return [
    id,
    tenantId,
    sealColumn(master, id, "url", url),
    sealedDescription,
    JSON.stringify(events),
    sealColumn(master, id, "secret", secret),
    createdAt,
    createdAt,
  ];
}

export const NEW_ENDPOINT_COLUMNS =
  "id, tenant, sealed_url, sealed_description, events, sealed_secret, created_at, resumed_at";

export type DeliveryRow = {
  id: number;
  event_id: string;
  tenant: number;
  event: EventName;
  subject: number;
  reference: number;
  anchor: number | null;
  created_at: number;
  endpoint: string;
  state: Delivery["state"];
  attempts: number;
  since: number;
  next_attempt_at: number | null;
  last_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  delivered_at: number | null;
};

export const DELIVERIES = `SELECT e.id, e.event_id, e.tenant, e.event, e.subject, e.reference, e.anchor, e.created_at,
  d.endpoint, d.state, d.attempts, d.since, d.next_attempt_at, d.last_attempt_at, d.last_status, d.last_error, d.delivered_at
  FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event`;

export function deliveryOf(row: DeliveryRow): Delivery {
  return {
    event: {
      id: row.id,
      eventId: row.event_id,
      tenantId: row.tenant,
      event: row.event,
      subject: row.subject,
      reference: row.reference,
      anchor: row.anchor,
      createdAt: row.created_at,
    },
    endpointId: row.endpoint,
    state: row.state,
    attempts: row.attempts,
    since: row.since,
    nextAttemptAt: row.next_attempt_at,
    lastAttemptAt: row.last_attempt_at,
    lastStatus: row.last_status,
    lastError: row.last_error,
    deliveredAt: row.delivered_at,
  };
}
