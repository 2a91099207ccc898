import { expect } from "chai";
import * as fc from "fast-check";
import { formatAmount } from "#src/core/amount.ts";
import { groupedAmount } from "#src/dashboard/look/grouped-amount.ts";
import { ago, utcText } from "#src/dashboard/look/times.ts";
import { holds, int256 } from "#test/core/property.ts";

const NOW = Date.parse("2026-11-21T12:00:00.000Z");

describe("an amount in groups", () => {
  const CASES: readonly (readonly [text: string, groups: readonly string[]])[] = [
    ["0", ["0"]],
    ["-12", ["-12"]],
    ["+123", ["+123"]],
    ["1234", ["1", "234"]],
    ["-1234567.000000000000000001", ["-1", "234", "567.000000000000000001"]],
    ["0.123456", ["0.123456"]],
    ["not an amount", ["not an amount"]],
  ];
  for (const [text, groups] of CASES) {
    it(`shows ${text} as ${groups.join(" ")}`, () => {
      expect(groupedAmount(text).map(({ digits }) => digits)).to.deep.equal(groups);
    });
  }

  it("is the amount again when the groups are joined, and each begins where it says", () => {
    holds(
      fc.property(int256, (units) => {
        const text = formatAmount(units);
        const groups = groupedAmount(text);
        expect(groups.map(({ digits }) => digits).join("")).to.equal(text);
        for (const { at, digits } of groups) expect(text.slice(at, at + digits.length)).to.equal(digits);
        for (const { digits } of groups.slice(1)) expect(digits).to.match(/^\d{3}(\.\d+)?$/);
      }),
    );
  });
});

describe("how long ago a moment was", () => {
  const CASES: readonly (readonly [seconds: number, said: string])[] = [
    [0, "just now"],
    [1, "just now"],
    [-30, "just now"],
    [-90, "in 1 minute"],
    [2, "2 seconds ago"],
    [59, "59 seconds ago"],
    [60, "1 minute ago"],
    [3599, "59 minutes ago"],
    [3600, "1 hour ago"],
    [86_400 * 29, "29 days ago"],
    [86_400 * 30 * 11, "11 months ago"],
    [86_400 * 30 * 12 * 3, "3 years ago"],
  ];
  for (const [seconds, said] of CASES) {
    it(`${seconds} s is ${said}`, () => {
      expect(ago(NOW - seconds * 1000, NOW)).to.equal(said);
    });
  }

  it("is told in UTC to the second", () => {
    expect(utcText("2026-11-21T03:43:43.206Z")).to.equal("2026-11-21 03:43:43");
  });
});
