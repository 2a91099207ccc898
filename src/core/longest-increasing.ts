import { atOnce, STEP, type Steps } from "./steps.ts";

/**
 * The fewest numbers that must be taken out of a list so that the rest increases: all but one longest increasing subsequence.
 *
 * Patience sorting, O(n log n): a run of length k + 1 is grown from the run of length k with the smallest end.
 *
 * @param numbers all different.
 *
 * @example
 * [...outsideLongestIncreasing([1, 4, 2, 3])] // [4]
 */
export function outsideLongestIncreasing(numbers: readonly number[]): Set<number> {
  return atOnce(findingOutside(numbers));
}

/** The same in steps. */
export function* findingOutside(numbers: readonly number[]): Steps<Set<number>> {
  /** Index, per length, of the smallest number that ends an increasing run of that length. */
  const ends: number[] = [];
  const before = new Int32Array(numbers.length).fill(-1);
  for (const [i, number] of numbers.entries()) {
    if (i % STEP === 0) yield;
    const length = firstEndNotBelow(ends, numbers, number);
    if (length > 0) before[i] = ends[length - 1]!;
    ends[length] = i;
  }
  const run = new Uint8Array(numbers.length);
  for (let i = ends.at(-1) ?? -1; i !== -1; i = before[i]!) run[i] = 1;
  const outside = new Set<number>();
  for (const [i, number] of numbers.entries()) {
    if (i % STEP === 0) yield;
    if (run[i] === 0) outside.add(number);
  }
  return outside;
}

function firstEndNotBelow(ends: readonly number[], numbers: readonly number[], number: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[ends[middle]!]! < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
