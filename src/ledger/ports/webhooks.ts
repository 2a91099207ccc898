import type { StoredCheckpoint } from "./checkpoints.ts";
import type { RequestEffect } from "./effects.ts";
import type { Page } from "./ledgers.ts";

/**
 * What happens to a record that others may be told about. `delta.failed` is for what is refused after it was recorded; this version
 * refuses before, so nobody is sent it.
 */
export const EVENT_NAMES = [
  "delta.verified",
  "delta.failed",
  "checkpoint.verified",
  "anchor.confirmed",
  "anchoring.halted",
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** A delivery waits for its next attempt, has arrived, or was given up until somebody asks for another attempt. */
export const DELIVERY_STATES = ["pending", "delivered", "parked"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Where deliveries go. Times in Unix milliseconds. */
export type WebhookEndpoint = {
  id: string;
  tenantId: number;
  url: string;
  description: string | null;
  events: readonly EventName[];
  /** `whsec_` and base64 of 32 random bytes. */
  secret: string;
  /** What deliveries are signed with as well until a time after a rotation. */
  previous: { secret: string; until: number } | null;
  /** While it is not, its deliveries are made and wait. */
  enabled: boolean;
  createdAt: number;
  /** When it was last enabled: the days of trying do not run while it is paused. */
  resumedAt: number;
  lastTriggeredAt: number | null;
  /** Attempts by outcome. */
  successCount: number;
  failureCount: number;
};

export type NewEndpoint = Pick<
  WebhookEndpoint,
  "id" | "tenantId" | "url" | "description" | "events" | "secret" | "createdAt"
>;

/** Members that are undefined stay as they are. */
export type EndpointChange = {
  url?: string | undefined;
  description?: string | null | undefined;
  events?: readonly EventName[] | undefined;
  enabled?: boolean | undefined;
};

/** What happened. `subject` is the ledger whose events keep their order, 0 for none; `reference` a sequence, a checkpoint or an anchor. */
export type WebhookEvent = {
  id: number;
  eventId: string;
  tenantId: number;
  event: EventName;
  subject: number;
  reference: number;
  anchor: number | null;
  createdAt: number;
};

/** One event on its way to one endpoint. */
export type Delivery = {
  event: WebhookEvent;
  endpointId: string;
  state: DeliveryState;
  attempts: number;
  /** When the days of trying began. */
  since: number;
  /** Null also for a pending one that waits until an earlier one of its ledger has arrived or was parked. */
  nextAttemptAt: number | null;
  lastAttemptAt: number | null;
  lastStatus: number | null;
  /** A code, never a text of the receiver's: such a text may hold what is private. */
  lastError: string | null;
  deliveredAt: number | null;
};

/** What came of an attempt. `put-off`: there was none, because what is to be told is not so at the moment. */
export type AttemptOutcome = { event: number; endpointId: string; at: number } & (
  | { kind: "delivered"; status: number }
  | { kind: "failed"; status: number | null; error: string; nextAttemptAt: number }
  | { kind: "parked"; status: number | null; error: string; attempted: boolean }
  | { kind: "put-off"; nextAttemptAt: number }
);

/** What came of a `webhook.test` event. `error` is a code; the receiver's own words stay with the receiver. */
export type TestedEndpoint = {
  eventId: string;
  delivered: boolean;
  status: number | null;
  error: string | null;
  durationMs: number;
};

/** Who delivers. */
export type Deliverer = {
  /** Why deliveries would not go to a URL; undefined where nothing speaks against it. */
  whyRefused(url: URL): string | undefined;
  /** Sends a `webhook.test` event now. */
  test(endpoint: WebhookEndpoint, eventId: string): Promise<TestedEndpoint>;
  /** There may be something to deliver, or somebody to deliver it to, that was not there before. */
  wake(): void;
  /** What waits for an endpoint that is gone is parked now. */
  endpointDeleted(): void;
};

/** Endpoints, events and deliveries. What is private about an endpoint, and its secrets, MUST be stored only sealed. */
export interface WebhookStore {
  /** @returns `full`, and nothing is done, when the tenant has `most` endpoints; `repeated` when this request had its effect before. */
  addEndpoint(endpoint: NewEndpoint, most: number, request?: RequestEffect): Promise<"added" | "full" | "repeated">;
  /** Undefined also for another tenant's, and for one that was deleted. */
  endpoint(tenantId: number, id: string): Promise<WebhookEndpoint | undefined>;
  /** The tenant's endpoints in the order in which they were made. */
  endpoints(tenantId: number): Promise<WebhookEndpoint[]>;
  /** @returns the endpoint as it is afterwards; undefined when there is none. */
  changeEndpoint(
    tenantId: number,
    id: string,
    change: EndpointChange,
    at: number,
  ): Promise<WebhookEndpoint | undefined>;
  /** Gives an endpoint a new secret; the one it had counts until `until`. @returns `repeated` when this request had its effect before. */
  rotateSecret(
    tenantId: number,
    id: string,
    secret: string,
    until: number,
    request?: RequestEffect,
  ): Promise<"rotated" | "gone" | "repeated">;
  /** Deletes an endpoint and what is sealed of it for good. @returns false when there was none. */
  removeEndpoint(tenantId: number, id: string, at: number): Promise<boolean>;

  /**
   * Makes the next events of confirmed anchors, and their deliveries to the endpoints that want them and were there when the anchor was
   * confirmed. Each event MUST be made once, whatever is cut off where.
   *
   * @param most rows that are looked at or made: the connection is held no longer than that takes.
   * @returns whether there is more to do now.
   */
  makeEvents(most: number, now: number): Promise<{ made: number; more: boolean }>;
  /** Makes `anchoring.halted` for every tenant with an endpoint that wants it. @returns how many. */
  makeHaltedEvents(now: number): Promise<number>;
  /** The checkpoint that an event is about. */
  checkpointById(id: number): Promise<StoredCheckpoint>;

  /** Endpoints that may be sent to, ascending by id, after one. */
  enabledEndpoints(after: string, limit: number): Promise<{ id: string; tenantId: number }[]>;
  /** Deliveries whose time has come, longest due first. */
  dueDeliveries(endpointId: string, now: number, limit: number): Promise<Delivery[]>;
  /** When the next delivery of an endpoint is due, in Unix milliseconds. */
  nextDueAt(endpointId: string): Promise<number | undefined>;
  /** Stores what came of attempts, and lets the next delivery of each ledger have its turn. */
  settle(outcomes: readonly AttemptOutcome[]): Promise<void>;

  /** Newest event first. */
  deliveries(
    tenantId: number,
    state: DeliveryState | undefined,
    page: Page,
  ): Promise<{ deliveries: Delivery[]; total: number }>;
  /** How many deliveries there are of all tenants, by state. */
  deliveryCounts(): Promise<Record<DeliveryState, number>>;
  deliveriesOf(tenantId: number, eventId: string): Promise<Delivery[]>;
  /**
   * Makes deliveries of an event due now, with their days of trying before them.
   *
   * @returns `repeated`, and nothing is done, when this request had its effect before.
   */
  retryDeliveries(
    tenantId: number,
    eventId: string,
    endpointIds: readonly string[],
    now: number,
    request?: RequestEffect,
  ): Promise<"retried" | "repeated">;
  /** Notes a request whose effect was outside, such as a test: it is not repeated for the same key. */
  noteRequest(request: RequestEffect): Promise<void>;
  /** Parks what waits for deleted endpoints, and drops events from before a time with their deliveries. @returns whether there is more. */
  tidy(before: number, most: number): Promise<boolean>;
}
