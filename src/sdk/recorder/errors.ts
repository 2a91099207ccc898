import type { SentDelta } from "./entry.ts";

/** The recorder does not take a delta: it is `CLOSED`, or `FULL`, with as many callers waiting for room as it lets wait. */
export class TallyrootRecorderError extends Error {
  override readonly name = "TallyrootRecorderError";
  readonly code: "CLOSED" | "FULL";

  constructor(code: "CLOSED" | "FULL", message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A recorder ended with deltas that nobody confirmed.
 *
 * `undelivered` holds them in the order they were given, ready to be kept and recorded later: some of them may be on record already,
 * and the idempotency key that each carries (a summary: its reference) makes sure that none is recorded twice.
 */
export class TallyrootUndeliveredError extends Error {
  override readonly name = "TallyrootUndeliveredError";
  readonly undelivered: readonly SentDelta[];

  constructor(message: string, undelivered: readonly SentDelta[], options?: ErrorOptions) {
    super(message, options);
    this.undelivered = undelivered;
  }
}
