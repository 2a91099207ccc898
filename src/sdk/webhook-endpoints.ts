import { type Api, segment } from "./api.ts";
import { type Listing, listing } from "./lists.ts";
import type {
  DeletedEndpointView,
  DeliveriesView,
  DeliveryView,
  EndpointsView,
  EndpointView,
  GivenEndpointView,
  RetryView,
  TestView,
} from "./operating-answers.ts";
import type { DeliveriesInput, EndpointChange, EndpointInput } from "./requests.ts";
import type { CallOptions } from "./transport.ts";

export type WebhookEndpoints = ReturnType<typeof webhookEndpointCalls>;

/** Where events are delivered to; they need a key with scope `admin`. */
export function webhookEndpointCalls(api: Api) {
  const one = (id: string) => `/webhooks/${segment(id)}`;
  return {
    /** Makes an endpoint. Its secret is in this answer and never again. */
    create: (endpoint: EndpointInput, options?: CallOptions): Promise<GivenEndpointView> =>
      api.post("/webhooks", endpoint, options),

    list: (options?: CallOptions): Listing<EndpointsView, EndpointView> =>
      listing({
        // There are few, and they are always told together.
        ask: () => api.get("/webhooks", {}, options),
        elements: ({ webhooks }) => webhooks,
        pagination: ({ pagination }) => pagination,
      }),

    get: (id: string, options?: CallOptions): Promise<EndpointView> => api.get(one(id), {}, options),

    /** Changes what is given; `enabled: false` pauses it, and its deliveries wait. */
    update: (id: string, change: EndpointChange, options?: CallOptions): Promise<EndpointView> =>
      api.ask({ ...options, method: "PATCH", path: one(id), body: change }),

    delete: (id: string, options?: CallOptions): Promise<DeletedEndpointView> =>
      api.ask({ ...options, method: "DELETE", path: one(id) }),

    /** Gives it a new secret; the old one signs as well for 24 hours. */
    rotate: (id: string, options?: CallOptions): Promise<GivenEndpointView> =>
      api.post(`${one(id)}/rotate`, undefined, options),

    /** Sends a `webhook.test` event now, and tells what came back. */
    test: (id: string, options?: CallOptions): Promise<TestView> => api.post(`${one(id)}/test`, undefined, options),

    /** Deliveries, newest event first. */
    deliveries: (asked: DeliveriesInput = {}, options?: CallOptions): Listing<DeliveriesView, DeliveryView> =>
      listing({
        ask: (place) =>
          api.get(
            "/balance/webhooks",
            { ...asked, ...place, ...(place.cursor !== undefined && { offset: undefined }) },
            options,
          ),
        elements: ({ deliveries }) => deliveries,
        pagination: ({ pagination }) => pagination,
      }),

    /** Sends an event again now, to the endpoints that it has not reached. */
    retry: (eventId: string, options?: CallOptions): Promise<RetryView> =>
      api.post(`/balance/webhooks/${segment(eventId)}/retry`, undefined, options),
  };
}
