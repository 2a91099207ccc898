/**
 * Long arithmetic that can be interrupted: a generator that yields often enough for whoever runs it to let others in between.
 * Between two yields lie at most a few hundred cheap operations.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Cheap operations between two yields. */
export const STEP = 256;

/** The result, without letting anybody in between. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** A sorted copy; equal elements keep their order. O(n log n). */
export function* sorting<T>(list: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = [];
  for (let from = 0; from < list.length; from += STEP) {
    runs.push(list.slice(from, from + STEP).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* merging(runs[i]!, runs[i + 1] ?? [], compare));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merging<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const merged: T[] = [];
  for (let [l, r] = [0, 0]; l < left.length || r < right.length; ) {
    const takeLeft = r >= right.length || (l < left.length && compare(left[l]!, right[r]!) <= 0);
    merged.push(takeLeft ? left[l++]! : right[r++]!);
    if (merged.length % STEP === 0) yield;
  }
  return merged;
}
