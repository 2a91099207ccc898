import * as fc from "fast-check";

/** Runs of every property: 100 at hand, more from the environment. */
export const RUNS = Number(process.env.PROPERTY_RUNS ?? 100);

/** A seed from a failure's report replays that failure. */
export const SEED = process.env.PROPERTY_SEED;

/**
 * Asserts a property as often as `RUNS` says; a failure prints its seed and its smallest counterexample.
 *
 * @param share of the runs, for a property whose single run takes milliseconds.
 */
export function holds<Ts>(property: fc.IProperty<Ts>, share = 1): void {
  fc.assert(property, { numRuns: Math.ceil(RUNS * share), ...(SEED !== undefined && { seed: Number(SEED) }) });
}

export const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
export const address = fc.uint8Array({ minLength: 20, maxLength: 20 });
export const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
export const int256 = fc.bigInt({ min: -(2n ** 255n), max: 2n ** 255n - 1n });
