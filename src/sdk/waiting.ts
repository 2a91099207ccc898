import type { DeltaDetail } from "./answers.ts";
import { TallyrootTimeoutError } from "./errors.ts";
import { sleep } from "./retry.ts";
import type { CallOptions } from "./transport.ts";

export type WaitOptions = CallOptions & {
  /** Milliseconds after which waiting ends; a minute unless told otherwise. */
  waitMs?: number | undefined;
};

/** Milliseconds of a wait; a chain that wants many confirmations needs more. */
const WAIT_MS = 60_000;
/** Milliseconds between two looks: short at first, for a chain of one's own. */
const [FIRST_LOOK_MS, LONGEST_LOOK_MS] = [100, 2_000];

/**
 * Looks again and again until a delta is anchored and final, or refused for good.
 *
 * @returns the delta as VERIFIED, or as FAILED.
 * @throws TallyrootTimeoutError when it is neither in time: it is recorded, and will be anchored later.
 */
export async function waitForVerified(
  look: () => Promise<DeltaDetail>,
  { waitMs = WAIT_MS, signal }: WaitOptions,
): Promise<DeltaDetail> {
  const end = Date.now() + waitMs;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, LONGEST_LOOK_MS)) {
    const delta = await look();
    if (delta.status === "VERIFIED" || delta.status === "FAILED") return delta;
    if (Date.now() + pause > end)
      throw new TallyrootTimeoutError(`${delta.recordId} is ${delta.status}, and not VERIFIED within ${waitMs} ms`);
    await sleep(pause, signal);
  }
}
