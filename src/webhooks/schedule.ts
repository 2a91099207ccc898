/** When attempts are repeated. Times in milliseconds. */

const FIRST_DELAY_MS = 5_000;
/** No delay is longer: a receiver that is back has waited an hour and a quarter at most. */
const LONGEST_DELAY_MS = 3_600_000;
/** Every delay is shortened or lengthened by up to this part of it, so that what failed together is not repeated together. */
const JITTER = 0.25;

/** How long an event is tried before it is parked. */
export const TRY_FOR_MS = 3 * 86_400_000;

/**
 * Milliseconds until the next attempt.
 *
 * @param failures how many attempts have failed, at least one.
 * @param chance from 0 to 1, evenly spread.
 */
export function delayAfter(failures: number, chance: number): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 30), LONGEST_DELAY_MS);
  return Math.round(delay * (1 - JITTER + 2 * JITTER * chance));
}
