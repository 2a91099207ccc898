import { TallyrootError } from "../core/errors.ts";

/** Requests that may wait for their commit; beyond it the server says that it is busy. */
export const MOST_WAITING = 50_000;

export function stopping(): TallyrootError {
  return new TallyrootError("SERVICE_UNAVAILABLE", "the server is stopping", { retryAfterSeconds: 1 });
}

export function busy(): TallyrootError {
  return new TallyrootError("SERVICE_UNAVAILABLE", "too many deltas are waiting to be written", {
    retryAfterSeconds: 1,
  });
}
