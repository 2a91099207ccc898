import type { Api } from "./api.ts";
import type { AnchorsView, AnchorView, ChainView, ReadinessView } from "./chain-answers.ts";
import { type Listing, listing } from "./lists.ts";
import type { CursorInput } from "./requests.ts";
import type { CallOptions } from "./transport.ts";

export type ChainCalls = ReturnType<typeof chainCalls>;

/** What is public about the chain: these need no key. */
export function chainCalls(api: Api) {
  return {
    /** Where the anchors are: chain, contract, log. It is the server's word; a policy is yours. */
    place: (options?: CallOptions): Promise<ChainView> => api.get("/chain", {}, options),

    /** The anchors, newest first. */
    anchors: (asked: CursorInput = {}, options?: CallOptions): Listing<AnchorsView, AnchorView> =>
      listing({
        ask: (place) =>
          api.get(
            "/anchors",
            { ...asked, ...place, ...(place.cursor !== undefined && { offset: undefined }) },
            options,
          ),
        elements: ({ anchors }) => anchors,
        pagination: ({ pagination }) => pagination,
      }),

    anchor: (index: number, options?: CallOptions): Promise<AnchorView> => api.get(`/anchors/${index}`, {}, options),

    /** Whether the server can do its work now. @throws TallyrootApiError SERVICE_UNAVAILABLE, with the checks in its details */
    ready: (options?: CallOptions): Promise<ReadinessView> =>
      api.ask({ maxRetries: 0, ...options, method: "GET", path: "/readyz", root: true }),
  };
}
