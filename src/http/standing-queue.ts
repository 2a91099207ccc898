/** Milliseconds of waiting that are good: a few commits, so that the disk never waits for requests. */
const TARGET_MS = 150;
/** Milliseconds for which it may be more: a burst, or one large batch, passes by itself. */
const INTERVAL_MS = 250;
/** Milliseconds of waiting at which nobody is let in, burst or not: the disk stands still, or nearly. */
const MOST_MS = 1_000;

/** Requests that wait for the same thing, in the order in which they came. */
export type StandingQueue = {
  /** Whether one that came at `since` would have to wait too long. Times are those of `performance.now()`. */
  isFull(since: number, now: number): boolean;
  /** Lets one in that came at `since`. @returns what is to be called once it is done. */
  enter(since: number): () => void;
};

/**
 * Tells a queue that stands from one that a burst has made, by how long its requests wait and not by how many they are: that is the
 * same limit for a slow disk and for a fast one. The method is CoDel's (RFC 8289), as servers use it (Maurer, "Fail at Scale", ACM Queue 13
 * (8), 2015): while every request of the last interval has waited for more than the target, no more are let in than the target holds.
 */
export function openStandingQueue(clock: () => number = () => performance.now()): StandingQueue {
  /** When those came that wait. A set keeps their order. */
  const waiting = new Set<{ readonly since: number }>();
  let aboveSince: number | undefined;
  return {
    isFull(since, now) {
      const oldest = waiting.values().next().value;
      const age = now - Math.min(since, oldest?.since ?? since);
      if (age >= MOST_MS) return true;
      return age >= TARGET_MS && aboveSince !== undefined && now - aboveSince >= INTERVAL_MS;
    },
    enter(since) {
      const one = { since };
      waiting.add(one);
      return () => {
        const left = clock();
        waiting.delete(one);
        if (left - one.since < TARGET_MS || waiting.size === 0) aboveSince = undefined;
        else aboveSince ??= left;
      };
    },
  };
}
