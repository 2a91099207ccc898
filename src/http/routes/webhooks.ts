import type { Page } from "../../ledger/ports/ledgers.ts";
import { type Delivery, EVENT_NAMES, type WebhookEndpoint } from "../../ledger/ports/webhooks.ts";
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  endpointOf,
  type GivenEndpoint,
  MOST_ENDPOINTS,
  rotateSecret,
  sendTest,
} from "../../ledger/webhook-endpoints.ts";
import { retryEvent } from "../../ledger/webhook-retry.ts";
import { isoText } from "../../wire/fields.ts";
import {
  type DeliveryView,
  deletedEndpointView,
  deliveriesQuery,
  deliveriesView,
  type EndpointView,
  endpointChange,
  endpointParams,
  endpointRequest,
  endpointsView,
  endpointView,
  givenEndpointView,
  retryParams,
  retryView,
  testView,
} from "../../wire/webhook.ts";
import { type Answer, type Route, route } from "../route.ts";
import { NOTHING, pageOf, paginationOf } from "./paging.ts";

const REPLAYED = { "Idempotent-Replayed": "true" };

function timeText(milliseconds: number | null): string | null {
  return milliseconds === null ? null : isoText(milliseconds);
}

function viewEndpoint(endpoint: WebhookEndpoint): EndpointView {
  return {
    id: endpoint.id,
    url: endpoint.url,
    events: [...endpoint.events],
    description: endpoint.description,
    enabled: endpoint.enabled,
    createdAt: isoText(endpoint.createdAt),
    lastTriggered: timeText(endpoint.lastTriggeredAt),
    successCount: endpoint.successCount,
    failureCount: endpoint.failureCount,
  };
}

function answerGiven({ endpoint, secret }: GivenEndpoint): Answer {
  const { previous } = endpoint;
  const data = { ...viewEndpoint(endpoint), secret, ...(previous && { previousSecretUntil: isoText(previous.until) }) };
  return secret === null ? { data: { ...data, idempotent: true }, headers: REPLAYED } : { data };
}

function viewDelivery(delivery: Delivery): DeliveryView {
  return {
    eventId: delivery.event.eventId,
    event: delivery.event.event,
    endpointId: delivery.endpointId,
    status: delivery.state,
    attempts: delivery.attempts,
    createdAt: isoText(delivery.event.createdAt),
    nextAttemptAt: timeText(delivery.nextAttemptAt),
    lastAttemptAt: timeText(delivery.lastAttemptAt),
    lastStatusCode: delivery.lastStatus,
    lastError: delivery.lastError,
    deliveredAt: timeText(delivery.deliveredAt),
  };
}

/** The routes of endpoints: clients know them at two places. */
function endpointRoutes(at: string): Route[] {
  const list = { path: at, access: "admin" } as const;
  const one = { path: `${at}/:id`, access: "admin", params: endpointParams } as const;
  return [
    route({
      ...list,
      method: "POST",
      summary: "Make a webhook; its secret is shown once",
      status: 201,
      body: endpointRequest,
      data: givenEndpointView,
      codes: ["IDEMPOTENCY_CONFLICT"],
      async handle(service, { tenant, body, idempotencyKey }) {
        const { url, events = EVENT_NAMES, description = null } = body;
        return answerGiven(
          await createEndpoint(service, { tenant, idempotencyKey }, { url, events: [...new Set(events)], description }),
        );
      },
    }),
    route({
      ...list,
      method: "GET",
      summary: "The tenant's webhooks, without their secrets",
      status: 200,
      data: endpointsView,
      codes: [],
      async handle({ store }, { tenant }) {
        const endpoints = await store.endpoints(tenant.id);
        return {
          data: {
            webhooks: endpoints.map(viewEndpoint),
            pagination: { total: endpoints.length, offset: 0, limit: MOST_ENDPOINTS },
          },
        };
      },
    }),
    route({
      ...one,
      method: "GET",
      summary: "One webhook, without its secret",
      status: 200,
      data: endpointView,
      codes: ["NOT_FOUND"],
      async handle({ store }, { tenant, params }) {
        return { data: viewEndpoint(await endpointOf(store, tenant, params.id)) };
      },
    }),
    route({
      ...one,
      method: "PATCH",
      summary: "Change a webhook, pause or resume it",
      status: 200,
      body: endpointChange,
      data: endpointView,
      codes: ["NOT_FOUND"],
      async handle(service, { tenant, params, body }) {
        const { events, ...rest } = body;
        return {
          data: viewEndpoint(
            await changeEndpoint(service, tenant, params.id, { ...rest, events: events && [...new Set(events)] }),
          ),
        };
      },
    }),
    route({
      ...one,
      method: "DELETE",
      summary: "Delete a webhook",
      status: 200,
      data: deletedEndpointView,
      codes: ["NOT_FOUND"],
      async handle(service, { tenant, params }) {
        await deleteEndpoint(service, tenant, params.id);
        return { data: { id: params.id, deleted: true } };
      },
    }),
    route({
      ...one,
      path: `${one.path}/rotate`,
      method: "POST",
      summary: "Give a webhook a new secret, shown once; the old one signs as well for 24 hours",
      status: 201,
      data: givenEndpointView,
      codes: ["NOT_FOUND", "IDEMPOTENCY_CONFLICT"],
      async handle(service, { tenant, params, idempotencyKey }) {
        return answerGiven(await rotateSecret(service, { tenant, idempotencyKey }, params.id));
      },
    }),
    route({
      ...one,
      path: `${one.path}/test`,
      method: "POST",
      summary: "Send a webhook.test event now and tell what came back",
      status: 200,
      data: testView,
      codes: ["NOT_FOUND", "IDEMPOTENCY_CONFLICT"],
      async handle(service, { tenant, params, idempotencyKey }) {
        const { tested, replayed } = await sendTest(service, { tenant, idempotencyKey }, params.id);
        const { eventId, delivered, status, error, durationMs } = tested;
        const data = { eventId, delivered, statusCode: status, error, durationMs };
        return replayed ? { data: { ...data, idempotent: true }, headers: REPLAYED } : { data };
      },
    }),
  ];
}

const DELIVERIES = { name: "deliveries", order: "newest-first" } as const;

const getDeliveries = route({
  method: "GET",
  path: "/api/v1/balance/webhooks",
  access: "read",
  summary: "Webhook deliveries, newest event first",
  status: 200,
  query: deliveriesQuery,
  data: deliveriesView,
  codes: ["INVALID_SCOPE_COMBINATION"],
  async handle({ store }, { tenant, query }) {
    const list = (page: Page) => store.deliveries(tenant.id, query.status, page);
    const page = await pageOf(DELIVERIES, query, async () => (await list(NOTHING)).total);
    const { deliveries, total } = await list(page);
    return {
      data: {
        deliveries: deliveries.map(viewDelivery),
        pagination: paginationOf(DELIVERIES, page, { shown: deliveries.length, total }),
      },
    };
  },
});

const postRetry = route({
  method: "POST",
  path: "/api/v1/balance/webhooks/:eventId/retry",
  access: "write",
  summary: "Send a webhook event again now, to the endpoints that it has not reached",
  status: 200,
  params: retryParams,
  data: retryView,
  codes: ["NOT_FOUND", "IDEMPOTENCY_CONFLICT"],
  async handle(service, { tenant, params, idempotencyKey }) {
    const { deliveries, replayed } = await retryEvent(service, { tenant, idempotencyKey }, params.eventId);
    const data = { eventId: params.eventId, deliveries: deliveries.map(viewDelivery) };
    return replayed ? { data: { ...data, idempotent: true }, headers: REPLAYED } : { data };
  },
});

/** Every route of webhooks. */
export const WEBHOOK_ROUTES: readonly Route[] = [
  ...endpointRoutes("/api/v1/webhooks"),
  ...endpointRoutes("/api/v1/dashboard/webhooks"),
  getDeliveries,
  postRetry,
];
