import { type Api, segment } from "./api.ts";
import { type Listing, listing } from "./lists.ts";
import type { CurrentKeyView, GivenKeyView, KeysView, KeyView } from "./operating-answers.ts";
import type { KeyInput, PageInput, RotateKeyInput } from "./requests.ts";
import { timeText } from "./sending.ts";
import type { CallOptions } from "./transport.ts";

export type Keys = ReturnType<typeof keyCalls>;

/** API keys; all but `current` and `revokeCurrent` need one with scope `admin`. */
export function keyCalls(api: Api) {
  return {
    /** Makes a key. Its text is in this answer and never again. */
    create: ({ expiresAt, ...key }: KeyInput, options?: CallOptions): Promise<GivenKeyView> =>
      api.post("/keys", { ...key, expiresAt: timeText(expiresAt) }, options),

    list: (asked: PageInput = {}, options?: CallOptions): Listing<KeysView, KeyView> =>
      listing({
        ask: (place) => api.get("/keys", { ...asked, ...place }, options),
        elements: ({ keys }) => keys,
        pagination: ({ pagination }) => pagination,
      }),

    get: (publicId: string, options?: CallOptions): Promise<KeyView> =>
      api.get(`/keys/${segment(publicId)}`, {}, options),

    /** The key of this client: whose it is, and what it may see. */
    current: (options?: CallOptions): Promise<CurrentKeyView> => api.get("/keys/current", {}, options),

    /** Ends the key of this client, at once and for good. @throws TallyrootApiError VALIDATION_ERROR for the last admin key */
    revokeCurrent: (options?: CallOptions): Promise<KeyView> => api.post("/keys/current/revoke", undefined, options),

    /** Makes a key with the same rights; the old one ends after an overlap. */
    rotate: (
      publicId: string,
      { expiresAt, ...input }: RotateKeyInput = {},
      options?: CallOptions,
    ): Promise<GivenKeyView> =>
      api.post(`/keys/${segment(publicId)}/rotate`, { ...input, expiresAt: timeText(expiresAt) }, options),

    /** Ends a key at once and for good. */
    revoke: (publicId: string, options?: CallOptions): Promise<KeyView> =>
      api.post(`/keys/${segment(publicId)}/revoke`, undefined, options),
  };
}
