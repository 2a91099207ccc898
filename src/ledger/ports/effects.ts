/**
 * What a request with an idempotency key did, where it did not record a delta. It is stored in the transaction that has the effect, so no
 * crash can come between them.
 */
export type RequestEffect = {
  requestId: Uint8Array;
  tenantId: number;
  /** Method and path of the route. */
  route: string;
  /** What came of it: the name of what was made, such as a key's public id. */
  effect: string;
  /**
   * What was asked, as JSON; the store seals it. It MUST hold nothing private that could be read without the request itself, only keyed
   * digests: notes are kept for ever, and no erasure reaches them.
   */
  members: string;
  /** Unix milliseconds. */
  createdAt: number;
};

export interface EffectStore {
  effectOf(requestId: Uint8Array): Promise<RequestEffect | undefined>;
}
