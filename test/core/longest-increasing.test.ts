import { expect } from "chai";
import * as fc from "fast-check";
import { outsideLongestIncreasing } from "#src/core/longest-increasing.ts";
import { holds } from "./property.ts";

/** The length of a longest increasing subsequence, by trying every predecessor of every number. */
function longestByTrying(numbers: readonly number[]): number {
  const lengths: number[] = [];
  for (const [i, number] of numbers.entries()) {
    lengths.push(1 + Math.max(0, ...lengths.filter((_, k) => k < i && numbers[k]! < number)));
  }
  return Math.max(0, ...lengths);
}

describe("outsideLongestIncreasing", () => {
  it("what is left increases, and no fewer could have been taken out", () => {
    holds(
      fc.property(fc.uniqueArray(fc.nat(200), { maxLength: 60 }), (numbers) => {
        const outside = outsideLongestIncreasing(numbers);
        const rest = numbers.filter((number) => !outside.has(number));
        expect(rest).to.deep.equal(rest.toSorted((a, b) => a - b));
        expect(rest.length).to.equal(longestByTrying(numbers));
      }),
    );
  });

  it("nothing is taken out of a list in order", () => {
    expect(outsideLongestIncreasing([]).size).to.equal(0);
    expect(outsideLongestIncreasing([3, 5, 9]).size).to.equal(0);
  });
});
