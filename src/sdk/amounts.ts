/** Amounts without a library: decimal text outside, units of 10^-18 as bigint for whoever computes. */

/**
 * An amount as a caller may give it. Text: a decimal number such as "-42.5". A number: as it prints, where its digits are certain. A
 * bigint: units of 10^-18, as `units` makes them; `5n` is 0.000000000000000005, and five is `units("5")`.
 */
export type AmountInput = number | string | bigint;

const DECIMALS = 18;
/** Significant digits that every double keeps (IEEE 754 binary64): with more, a number shows what arithmetic did to it. */
const CERTAIN_DIGITS = 15;
/** Longer than any amount: the sign, 78 digits of int256, the point, an exponent. */
const LONGEST = 128;
const DECIMAL = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?$/;

/**
 * Units of 10^-18 of an amount, exactly.
 *
 * @throws RangeError for text that is no decimal number, more than 18 decimals, what int256 cannot hold, and for a number whose
 * digits are not certain.
 *
 * @example
 * units("-42.5") // -42500000000000000000n
 */
export function units(amount: AmountInput): bigint {
  if (typeof amount === "bigint") return inRange(amount);
  if (typeof amount === "number") return units(certainText(amount));
  const match = amount.length <= LONGEST ? DECIMAL.exec(amount) : null;
  if (!match) throw new RangeError("an amount must be a decimal number such as -42.5");
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = BigInt(whole + fraction);
  const decimals = fraction.length - Number(exponent);
  if (decimals > DECIMALS) throw new RangeError(`an amount has at most ${DECIMALS} decimals, this one has ${decimals}`);
  if (digits === 0n) return 0n;
  if (DECIMALS - decimals > LONGEST) throw outOfRange();
  const magnitude = digits * 10n ** BigInt(DECIMALS - decimals);
  return inRange(sign === "-" ? -magnitude : magnitude);
}

/**
 * The canonical text of units of 10^-18.
 *
 * @example
 * formatUnits(-42500000000000000000n) // "-42.5"
 */
export function formatUnits(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(DECIMALS + 1, "0");
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -DECIMALS)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** An amount as it is sent: canonical text, so that no double is between the caller and the record. @throws RangeError as `units` */
export function amountText(amount: AmountInput): string {
  return formatUnits(units(amount));
}

function certainText(amount: number): string {
  const text = String(amount);
  const digits = text
    .replace(/e.*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "");
  if (!Number.isFinite(amount) || digits.length > CERTAIN_DIGITS)
    throw new RangeError(`the digits of the number ${text} are not certain: pass it as text or as bigint units`);
  return text;
}

function inRange(amount: bigint): bigint {
  if (BigInt.asIntN(256, amount) !== amount) throw outOfRange();
  return amount;
}

function outOfRange(): RangeError {
  return new RangeError("an amount must fit in int256 in units of 10^-18");
}
