import type { Ledger, Tenant } from "./ledgers.ts";

/** What erasing did: how many deltas lost their content now, and when the content was erased last. */
export type Erasure = { erasedDeltas: number; erasedAt: number };

export interface ErasureStore {
  /**
   * Destroys every key of a ledger, for good: when the promise resolves, neither the store's files nor its memory MUST have them any
   * more, whatever the files were made of. What is recorded afterwards is sealed with a new key.
   *
   * @param at Unix milliseconds; kept as the time of erasure where there was something to erase.
   * @throws TallyrootError SERVICE_UNAVAILABLE when the keys are destroyed but old bytes of the files could not be overwritten now: erasing
   *   again does that.
   */
  eraseKeys(tenant: Tenant, ledger: Ledger, customerId: string, at: number): Promise<Erasure>;
}
