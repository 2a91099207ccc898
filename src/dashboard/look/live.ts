import type { Query } from "@tanstack/react-query";
import { TallyrootApiError } from "../../sdk/errors.ts";

/** Milliseconds between two looks at what is on screen. */
const LIVE_MS = 2000;
/** A question that takes long is asked again after this many times as long: the server is not kept busy by who only looks. */
const REST = 10;

/**
 * The pace of a question whose cost grows with the record: two seconds, or ten times as long as the last answer took.
 *
 * @param took milliseconds of the last answer.
 */
export function pacedBy(took: () => number) {
  return ({ state }: Pick<Query<unknown, Error>, "state">): number | false => {
    const refused = state.error instanceof TallyrootApiError && !state.error.retryable;
    return refused ? false : Math.max(LIVE_MS, REST * took());
  };
}
