import { expect } from "chai";
import fc from "fast-check";
import { formatAmount, MAX_BALANCE, MIN_BALANCE, parseAmount } from "#src/core/amount.ts";
import { amountText, formatUnits, units } from "#src/sdk/amounts.ts";
import { RUNS } from "#test/core/property.ts";

describe("amounts of the client", () => {
  it("are those of the record: units and text agree with core for any amount", () => {
    const decimal = fc
      .tuple(fc.bigInt({ min: MIN_BALANCE, max: MAX_BALANCE }), fc.integer({ min: -30, max: 30 }))
      .map(([digits, exponent]) => `${digits}e${exponent}`);
    const outcome = (work: () => unknown) => {
      try {
        return String(work());
      } catch {
        return "refused";
      }
    };
    fc.assert(
      fc.property(decimal, (text) => {
        expect(outcome(() => units(text))).to.equal(outcome(() => parseAmount(text)));
      }),
      { numRuns: RUNS },
    );
    fc.assert(
      fc.property(fc.bigInt({ min: MIN_BALANCE, max: MAX_BALANCE }), (amount) => {
        expect(formatUnits(amount)).to.equal(formatAmount(amount));
        expect(units(formatUnits(amount))).to.equal(amount);
      }),
      { numRuns: RUNS },
    );
  });

  it("take numbers by what they print, text by its digits, and bigint as units", () => {
    expect([-42.5, "-42.50", units("-42.5"), 1e21, 0.1, 1e-7].map(amountText)).to.deep.equal([
      "-42.5",
      "-42.5",
      "-42.5",
      "1000000000000000000000",
      "0.1",
      "0.0000001",
    ]);
    expect(amountText(5n)).to.equal("0.000000000000000005");
  });

  it("refuse numbers whose digits are not certain", () => {
    for (const number of [0.1 + 0.2, 1 / 3, 2 ** 53 + 2, 1234567890.1234567, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => units(number), String(number)).to.throw(RangeError, "not certain");
    expect(amountText(123456789012345)).to.equal("123456789012345");
  });

  it("refuse text that is no amount", () => {
    for (const text of ["", "+1", ".5", "1.", "01", "0x10", "1e", " 1", "1_000", "NaN", "1".repeat(200), "1e999"])
      expect(() => units(text), text).to.throw(RangeError);
    expect(() => units("1e-19")).to.throw(RangeError, "at most 18 decimals");
    expect(() => units(2n ** 255n)).to.throw(RangeError, "int256");
  });
});
