import { setImmediate as turn } from "node:timers/promises";

/** Milliseconds that work on the main thread takes at once: recording waits no longer than that for it. */
const STEP_MS = 2;

/**
 * Large work in small steps: `if (steps.due()) await steps.pause()` after each small part of it lets everything else go first.
 */
export type Steps = { due(): boolean; pause(): Promise<void> };

export function openSteps(): Steps {
  let since = performance.now();
  return {
    due: () => performance.now() - since > STEP_MS,
    async pause() {
      await turn();
      since = performance.now();
    },
  };
}
