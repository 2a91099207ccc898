export type RecorderSettings = {
  /** Deltas of one batch: 1 to 10,000. */
  maxBatch: number;
  /** Milliseconds that a delta waits for others to share its batch. */
  maxAgeMs: number;
  /** Deltas in memory; `record` waits while there are as many. */
  maxPending: number;
  /** Bytes in memory, as the deltas' JSON. A single delta is taken whatever its size. */
  maxPendingBytes: number;
  /** Callers that wait for room; one more is refused, for a caller that does not wait fills the memory all the same. */
  maxWaiting: number;
  /** Batches under way at a time: a customer's deltas all go through one lane, in their order. 1 to 64. */
  lanes: number;
  /** Milliseconds after a batch's first attempt until its deltas are handed to `onRefused`. Infinity: never. */
  giveUpAfterMs: number;
  /** Delivers before the process ends, where there is one: when nothing else is left to do, and on SIGTERM and SIGINT. */
  atProcessEnd: boolean;
  /** Milliseconds that a signal gives the delivery. */
  signalDeadlineMs: number;
};

const PRESETS: RecorderSettings = {
  maxBatch: 1_000,
  maxAgeMs: 200,
  maxPending: 10_000,
  maxPendingBytes: 32 * 1024 * 1024,
  maxWaiting: 10_000,
  lanes: 4,
  giveUpAfterMs: Number.POSITIVE_INFINITY,
  atProcessEnd: true,
  signalDeadlineMs: 10_000,
};

/** The longest that a timer can wait. */
const TIMER_MS = 2 ** 31 - 1;

/** Of the numbers. */
const BOUNDS: Partial<Record<keyof RecorderSettings, readonly [least: number, most: number]>> = {
  maxBatch: [1, 10_000],
  maxPending: [1, 10_000_000],
  maxPendingBytes: [1, Number.MAX_SAFE_INTEGER],
  maxWaiting: [0, 10_000_000],
  lanes: [1, 64],
  maxAgeMs: [0, TIMER_MS],
  giveUpAfterMs: [0, Number.POSITIVE_INFINITY],
  signalDeadlineMs: [0, TIMER_MS],
};

/**
 * The settings of a recorder, with presets for what is left out.
 *
 * @throws RangeError naming the one that cannot be.
 */
export function settingsOf(options: Partial<RecorderSettings>): RecorderSettings {
  const settings: Record<string, number | boolean> = { ...PRESETS };
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && name in PRESETS) settings[name] = value;
  }
  for (const [name, [least, most]] of Object.entries(BOUNDS)) {
    const value = settings[name];
    const isWhole = Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY;
    if (typeof value !== "number" || !isWhole || value < least || value > most)
      throw new RangeError(`${name}: must be a whole number from ${least} to ${most}`);
  }
  return settings as RecorderSettings;
}
