import { expect } from "chai";
import * as fc from "fast-check";
import { delayAfter, TRY_FOR_MS } from "#src/webhooks/schedule.ts";
import { holds } from "#test/core/property.ts";

const HOUR_MS = 3_600_000;

describe("the schedule of attempts", () => {
  it("begins after about five seconds, doubles, and stays at about an hour", () => {
    const delays = [1, 2, 3, 9, 10, 11, 12, 1000].map((failures) => delayAfter(failures, 0.5) / 1000);
    expect(delays).to.deep.equal([5, 10, 20, 1280, 2560, 3600, 3600, 3600]);
  });

  it("spreads each delay by a quarter either way", () => {
    expect([0, 1].map((chance) => delayAfter(1, chance))).to.deep.equal([3_750, 6_250]);
    holds(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, chance) => {
          const [middle, delay] = [delayAfter(failures, 0.5), delayAfter(failures, chance)];
          expect(delay)
            .to.be.within(0.75 * middle - 1, 1.25 * middle + 1)
            .and.at.most(1.25 * HOUR_MS);
        },
      ),
    );
  });

  it("makes between 60 and 110 attempts in the three days", () => {
    for (const chance of [0, 0.5, 1]) {
      let attempts = 0;
      for (let at = 0; at < TRY_FOR_MS; at += delayAfter(attempts, chance)) attempts += 1;
      expect(attempts).to.be.within(60, 110);
    }
  });
});
