import { TallyrootError } from "./errors.ts";

/** Decimals of an amount: one unit is 10^-18. */
export const DECIMALS = 18;
/** One whole, in units. */
export const ONE = 10n ** 18n;
/** The largest |delta|, in units: 1,000,000,000 wholes. */
export const MAX_DELTA = 1_000_000_000n * ONE;
/** The range of a balance: int256, as the contract computes it. */
export const MAX_BALANCE = 2n ** 255n - 1n;
export const MIN_BALANCE = -(2n ** 255n);

/** The longest text that is looked at: sign, 78 digits of int256, 18 decimals, an exponent, and room. */
const MAX_TEXT = 128;
const TEXT = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/**
 * Units of an amount's text, exactly; no double is involved.
 *
 * The grammar is that of a JSON number (RFC 8259 §6). Decimals are counted as they are written, once the exponent is applied.
 *
 * @returns units of 10^-18, within int256.
 * @throws TallyrootError AMOUNT_NOT_EXACT for more than 18 decimals; VALIDATION_ERROR for any other text.
 * @see FORMAT.md, section "Amount"
 *
 * @example
 * parseAmount("-42.50") // -42500000000000000000n
 */
export function parseAmount(text: string): bigint {
  const match = text.length <= MAX_TEXT ? TEXT.exec(text) : null;
  if (!match) throw new TallyrootError("VALIDATION_ERROR", "an amount must be a decimal number such as -42.5");
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const decimals = fraction.length - Number(exponent);
  if (decimals > DECIMALS) {
    throw new TallyrootError(
      "AMOUNT_NOT_EXACT",
      `an amount has at most ${DECIMALS} decimals, this one has ${decimals}`,
      { decimals },
    );
  }
  if (digits === "") return 0n;
  // The shift is bounded before it is done: 1e999999999 must cost nothing.
  if (digits.length - decimals > 60) throw outOfRange();
  const units = BigInt(digits) * 10n ** BigInt(DECIMALS - decimals);
  const signed = sign === "-" ? -units : units;
  if (signed > MAX_BALANCE || signed < MIN_BALANCE) throw outOfRange();
  return signed;
}

function outOfRange(): TallyrootError {
  return new TallyrootError("VALIDATION_ERROR", "an amount must fit in int256 in units of 10^-18");
}

/**
 * Canonical text of units: no exponent, no trailing zeros, no `+`, no `-0`.
 *
 * @example
 * formatAmount(-42500000000000000000n) // "-42.5"
 */
export function formatAmount(units: bigint): string {
  const magnitude = units < 0n ? -units : units;
  const sign = units < 0n ? "-" : "";
  const digits = magnitude.toString().padStart(DECIMALS + 1, "0");
  const whole = digits.slice(0, -DECIMALS);
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, "");
  return fraction === "" ? sign + whole : `${sign + whole}.${fraction}`;
}

/**
 * Units of one delta: not zero, at most 1,000,000,000 wholes either way.
 *
 * @throws TallyrootError as `parseAmount`, and VALIDATION_ERROR outside that range.
 */
export function parseDeltaAmount(text: string): bigint {
  const units = parseAmount(text);
  if (units === 0n) throw new TallyrootError("VALIDATION_ERROR", "a delta must not be zero");
  if (units > MAX_DELTA || units < -MAX_DELTA) {
    throw new TallyrootError("VALIDATION_ERROR", "a delta must be between -1000000000 and 1000000000", {
      limit: "1000000000",
    });
  }
  return units;
}

/**
 * The balance after a delta.
 *
 * @throws TallyrootError BALANCE_OVERFLOW outside int256.
 */
export function addToBalance(balance: bigint, amount: bigint): bigint {
  const sum = balance + amount;
  if (sum > MAX_BALANCE || sum < MIN_BALANCE) {
    throw new TallyrootError("BALANCE_OVERFLOW", "the balance would leave the range of int256 in units of 10^-18");
  }
  return sum;
}
