import { expect } from "chai";
import * as fc from "fast-check";
import { comparing } from "#src/core/compare.ts";
import { findingOutside } from "#src/core/longest-increasing.ts";
import { atOnce, STEP, type Steps, sorting } from "#src/core/steps.ts";
import { holds } from "./property.ts";

/** How often long work lets others in between. */
function yieldsOf(steps: Steps<unknown>): number {
  let yields = 0;
  while (!steps.next().done) yields += 1;
  return yields;
}

describe("work in steps", () => {
  it("sorts as the language does, and keeps the order of equals", () => {
    const lists = fc.array(fc.record({ key: fc.integer({ min: 0, max: 50 }), id: fc.integer() }), {
      minLength: 2 * STEP,
      maxLength: 4 * STEP,
    });
    holds(
      fc.property(lists, (list) => {
        const byKey = (a: { key: number }, b: { key: number }) => a.key - b.key;
        expect(atOnce(sorting(list, byKey))).to.deep.equal(list.toSorted(byKey));
      }),
    );
  });

  it("lets others in between all along, the more the longer it is", () => {
    const numbers = Array.from({ length: 100 * STEP }, (_, i) => (i * 7919) % (100 * STEP));
    const deltas = numbers.map((_, i) => ({ sequence: i + 1, amount: 1n, balance: BigInt(i + 1) }));
    const entries = deltas.map(({ sequence }) => ({ sequence })).reverse();
    const scope = { firstSequence: 1, openingBalance: 0n, deltas };
    expect(yieldsOf(sorting(numbers, (a, b) => a - b))).to.be.at.least(700);
    expect(yieldsOf(findingOutside(numbers))).to.be.at.least(200);
    expect(
      yieldsOf(
        comparing(scope, [
          { party: "yours", entries },
          { party: "theirs", entries: [] },
        ]),
      ),
    ).to.be.at.least(2_000);
  });
});
