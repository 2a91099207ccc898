import type { Said } from "./endpoint-set.ts";
import { ChainWaitError } from "./waits.ts";

/**
 * How many endpoints have to say the same of those that answer: more than half, and as many as have to answer at all. Where one of two
 * is away the other is believed; where both answer, neither is believed against the other.
 */
export function enoughOf(answers: number, quorum: number): number {
  return Math.max(quorum, Math.floor(answers / 2) + 1);
}

/** Answers that are the same, the largest group first. */
export function groupsOf<T>(said: readonly Said<T>[], keyOf: (value: T) => string): Said<T>[][] {
  const groups = new Map<string, Said<T>[]>();
  for (const one of said) {
    const key = keyOf(one.value);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()].toSorted((a, b) => b.length - a.length);
}

/** @param words what each of them says, for the operator. */
export function disagreement<T>(about: string, said: readonly Said<T>[], words: (value: T) => string): ChainWaitError {
  const lines = said.map(({ by, value }) => `${by} says ${words(value)}`);
  return new ChainWaitError(
    "ENDPOINTS_DISAGREE",
    `endpoints disagree about ${about}: ${lines.join(", ")}. If this stays, find out which one is wrong and take it out of TALLYROOT_RPC_URL`,
  );
}

/** What enough endpoints say. @throws ChainWaitError ENDPOINTS_DISAGREE */
export function agreedOn<T>(about: string, said: readonly Said<T>[], quorum: number, words: (value: T) => string): T {
  const [largest] = groupsOf(said, words);
  if (!largest || largest.length < enoughOf(said.length, quorum)) throw disagreement(about, said, words);
  return largest[0]!.value;
}

/** The most that enough endpoints have reached of something that only grows. */
export function reachedBy(said: readonly Said<bigint | number>[], quorum: number): number {
  const falling = said.map(({ value }) => Number(value)).toSorted((a, b) => b - a);
  return falling[enoughOf(said.length, quorum) - 1]!;
}
