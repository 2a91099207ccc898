/** Random numbers that come again with their seed; not for secrets. */
export type Random = {
  /** A number from 0 up to, and without, 1. */
  next(): number;
  /** A whole number from `low` up to, and without, `high`. */
  between(low: number, high: number): number;
  /** One of several. */
  oneOf<T>(several: readonly T[]): T;
  /** Whether something that happens with this probability happens now. */
  chance(probability: number): boolean;
};

/** The generator mulberry32. @param seed a whole number below 2^32. */
export function seeded(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low));
  return {
    next,
    between,
    oneOf: (several) => several[between(0, several.length)]!,
    chance: (probability) => next() < probability,
  };
}
