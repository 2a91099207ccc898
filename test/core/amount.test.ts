import { expect } from "chai";
import * as fc from "fast-check";
import {
  addToBalance,
  formatAmount,
  MAX_BALANCE,
  MAX_DELTA,
  MIN_BALANCE,
  ONE,
  parseAmount,
  parseDeltaAmount,
} from "#src/core/amount.ts";
import { type ErrorCode, TallyrootError } from "#src/core/errors.ts";
import { holds, int256 } from "./property.ts";

const CANONICAL = /^(0|-?([1-9][0-9]*|0)(\.[0-9]{0,17}[1-9])?)$/;

function codeOf(action: () => unknown): ErrorCode | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof TallyrootError) return error.code;
    throw error;
  }
  return undefined;
}

describe("amount", () => {
  it("every int256 survives its text, and the text is canonical", () => {
    holds(
      fc.property(int256, (units) => {
        const text = formatAmount(units);
        expect(parseAmount(text)).to.equal(units);
        expect(text).to.match(CANONICAL).and.not.equal("-0");
      }),
    );
    for (const units of [MAX_BALANCE, MIN_BALANCE, 0n, 1n, -1n])
      expect(parseAmount(formatAmount(units))).to.equal(units);
  });

  it("every way of writing a number gives the same units", () => {
    const written = fc.record({
      digits: fc.bigInt({ min: 0n, max: 10n ** 30n }),
      point: fc.nat(18),
      exponent: fc.integer({ min: -20, max: 20 }),
    });
    holds(
      fc.property(written, ({ digits, point, exponent }) => {
        const padded = digits.toString().padStart(point + 1, "0");
        const fraction = point === 0 ? "" : `.${padded.slice(-point)}`;
        const text = `${padded.slice(0, padded.length - point)}${fraction}e${exponent}`;
        const decimals = point - exponent;
        if (decimals > 18) expect(codeOf(() => parseAmount(text))).to.equal("AMOUNT_NOT_EXACT");
        else expect(parseAmount(text)).to.equal(digits * 10n ** BigInt(18 - decimals));
      }),
    );
  });

  it("a decimal that no double holds is read digit for digit", () => {
    expect(parseAmount("0.1")).to.equal(ONE / 10n);
    expect(parseAmount("9007199254740993.000000000000000001")).to.equal(9007199254740993n * ONE + 1n);
    expect(parseAmount("0.1") + parseAmount("0.2")).to.equal(parseAmount("0.3"));
  });

  it("a huge exponent is refused before it costs anything", () => {
    const started = performance.now();
    for (const text of ["1e999999999", "-1E+99999999999999999999", "1e61", "12345e400"]) {
      expect(
        codeOf(() => parseAmount(text)),
        text,
      ).to.equal("VALIDATION_ERROR");
    }
    expect(codeOf(() => parseAmount("1e-999999999"))).to.equal("AMOUNT_NOT_EXACT");
    expect(parseAmount("0e999999999")).to.equal(0n);
    expect(performance.now() - started).to.be.lessThan(200);
  });

  const REFUSED: [text: string, code: ErrorCode][] = [
    ["", "VALIDATION_ERROR"],
    ["+1", "VALIDATION_ERROR"],
    [".5", "VALIDATION_ERROR"],
    ["5.", "VALIDATION_ERROR"],
    ["01", "VALIDATION_ERROR"],
    ["1_000", "VALIDATION_ERROR"],
    ["1,5", "VALIDATION_ERROR"],
    [" 1", "VALIDATION_ERROR"],
    ["1\n", "VALIDATION_ERROR"],
    ["0x10", "VALIDATION_ERROR"],
    ["NaN", "VALIDATION_ERROR"],
    ["Infinity", "VALIDATION_ERROR"],
    ["١", "VALIDATION_ERROR"],
    ["1".repeat(129), "VALIDATION_ERROR"],
    [formatAmount(MAX_BALANCE + 1n), "VALIDATION_ERROR"],
    [formatAmount(MIN_BALANCE - 1n), "VALIDATION_ERROR"],
    ["0.0000000000000000001", "AMOUNT_NOT_EXACT"],
    ["1.5000000000000000000", "AMOUNT_NOT_EXACT"],
    ["1e-19", "AMOUNT_NOT_EXACT"],
  ];
  for (const [text, code] of REFUSED) {
    it(`${JSON.stringify(text.slice(0, 24))} is refused with ${code}`, () => {
      expect(codeOf(() => parseAmount(text))).to.equal(code);
    });
  }

  it("minus nought is nought", () => {
    for (const text of ["-0", "-0.0", "-0e5"]) expect(formatAmount(parseAmount(text))).to.equal("0");
  });

  it("a delta is not zero and at most a billion either way", () => {
    expect(parseDeltaAmount("1000000000")).to.equal(MAX_DELTA);
    expect(parseDeltaAmount("-1e9")).to.equal(-MAX_DELTA);
    for (const text of ["0", "-0.00", "1000000000.000000000000000001", "-1000000001"]) {
      expect(
        codeOf(() => parseDeltaAmount(text)),
        text,
      ).to.equal("VALIDATION_ERROR");
    }
  });

  it("a balance never leaves int256", () => {
    expect(addToBalance(MAX_BALANCE - 1n, 1n)).to.equal(MAX_BALANCE);
    expect(codeOf(() => addToBalance(MAX_BALANCE, 1n))).to.equal("BALANCE_OVERFLOW");
    expect(codeOf(() => addToBalance(MIN_BALANCE, -1n))).to.equal("BALANCE_OVERFLOW");
  });
});
