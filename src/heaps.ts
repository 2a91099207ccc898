import { setFlagsFromString } from "node:v8";

/** MB of one half of a thread's young generation: a thread's objects are dead as soon as its batch or round is done. */
const HALF_OF_A_THREAD_MB = 2;
/** How much of what is alive may be added to an old generation, in percent, before it is collected. */
const GROWING_PERCENT = 50;

/**
 * Keeps V8's heaps small. Left alone, each young generation grows to 128 MB under load, for objects that are dead within milliseconds,
 * and a server is four heaps. So this thread's stays at the 2 MB that it begins with, and those of threads that are started after this
 * at twice the half above. What grows old is collected at one and a half times of what is alive, not at four times.
 *
 * MUST be called before the server's code is loaded, by which the young generation would grow already.
 */
export function keepHeapsSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString(`--min-semi-space-size=${HALF_OF_A_THREAD_MB}`);
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
