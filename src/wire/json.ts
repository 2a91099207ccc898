import { formatAmount } from "../core/amount.ts";
import { type Json, MAX_JSON_DEPTH } from "../core/content.ts";
import { TallyrootError } from "../core/errors.ts";

/** JSON text with exact numbers, in and out (ECMA-262, "JSON.parse source text access"; RFC 8259). */

declare global {
  interface JSON {
    rawJSON(text: string): unknown;
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown;
  }
}

/** A number of a body whose digits a double might not hold: what was sent, as it was sent. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A number of at most 15 significant digits without an exponent survives a double (IEEE 754 binary64): the plain parser will do. */
const MAY_EXCEED_DOUBLE = /[0-9.]{16}|[0-9][eE]/;

/**
 * Parses JSON text; a number that a double might not hold digit for digit comes out as `NumberText`.
 *
 * @param what the text is called in an error.
 * @throws TallyrootError VALIDATION_ERROR for malformed text.
 */
export function parseJson(text: string, what = "the body"): unknown {
  try {
    if (!MAY_EXCEED_DOUBLE.test(text)) return JSON.parse(text);
    return JSON.parse(text, (_key, value, { source }) =>
      typeof value === "number" && source !== undefined && source !== String(value) ? new NumberText(source) : value,
    );
  } catch (error) {
    // The reviver's walk is recursive: text that nests tens of thousands of levels deep ends in a RangeError.
    if (error instanceof RangeError) throw new TallyrootError("VALIDATION_ERROR", `${what} is nested too deeply`);
    if (!(error instanceof SyntaxError)) throw error;
    throw new TallyrootError("VALIDATION_ERROR", `${what} is not JSON: ${error.message}`);
  }
}

/** An amount as a JSON number literal with its exact digits; typed as the number that a plain JSON parser makes of it. */
export function exactNumber(units: bigint): number {
  return JSON.rawJSON(formatAmount(units)) as number;
}

/** Digits and exponent of a decimal text, so that two texts of one number are equal. */
function normalDecimal(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const trimmed = digits.replace(/0+$/, "");
  return trimmed === ""
    ? "0"
    : `${sign}${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`;
}

/**
 * Any JSON value as it is committed to (RFC 8785, hence I-JSON): numbers are doubles, texts are well-formed Unicode.
 *
 * @throws TallyrootError VALIDATION_ERROR naming the path of what cannot be kept exactly.
 */
export function plainJson(value: unknown, path: string, depth = 1): Json {
  if (value instanceof NumberText) {
    const double = Number(value.text);
    if (!Number.isFinite(double) || normalDecimal(value.text) !== normalDecimal(String(double))) {
      throw new TallyrootError("VALIDATION_ERROR", `${path}: a double cannot hold this number; send it as text`, {
        path,
      });
    }
    return double;
  }
  if (typeof value === "string") {
    if (!value.isWellFormed())
      throw new TallyrootError("VALIDATION_ERROR", `${path}: not well-formed Unicode`, { path });
    return value;
  }
  if (typeof value !== "object" || value === null) return value as Json;
  if (depth > MAX_JSON_DEPTH)
    throw new TallyrootError("VALIDATION_ERROR", `${path}: nested deeper than ${MAX_JSON_DEPTH} levels`, { path });
  if (Array.isArray(value)) return value.map((element, i) => plainJson(element, `${path}[${i}]`, depth + 1));
  const members = Object.entries(value).map(([name, member]): [string, Json] => {
    if (!name.isWellFormed())
      throw new TallyrootError("VALIDATION_ERROR", `${path}: a member's name is not well-formed Unicode`, { path });
    return [name, plainJson(member, `${path}.${name}`, depth + 1)];
  });
  // fromEntries defines own properties, so a member called __proto__ stays data.
  return Object.fromEntries(members);
}
