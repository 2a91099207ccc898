import { setImmediate as nextTurn } from "node:timers/promises";
import type { Steps } from "../core/steps.ts";

/** Milliseconds of work in one go, after which everybody else has a turn. */
const SLICE_MS = 2;

/** Lets others in between, where it is time: called within long work, once per piece. */
export type Pause = () => Promise<void>;

/** Measures one piece of long work. A pause costs nothing until the work has held the thread for its slice. */
export function openPause(): Pause {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await nextTurn();
    since = performance.now();
  };
}

/** Runs long arithmetic so that nobody waits for it longer than a slice. */
export async function inSteps<T>(steps: Steps<T>): Promise<T> {
  let since = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
}
