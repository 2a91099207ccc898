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

/**
 * A number of at most 15 significant digits without an exponent survives a double (IEEE 754 binary64): the plain parser will do. A number
 * stands at the beginning, or after one of these characters; ids within texts have long digits too, and mostly after others.
 */
const MAY_EXCEED_DOUBLE = /(?:^|[\s:,[])-?(?:[0-9.]{16}|[0-9.]{1,15}[eE])/;

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

/** The JSON text of `{ ...before, [name]: elements, ...after }`, whose elements are JSON texts already. */
export function textWithList(before: object, [name, elements]: [string, readonly string[]], after: object): string {
  const membersOf = (object: object) => JSON.stringify(object).slice(1, -1);
  const list = `${JSON.stringify(name)}:[${elements.join(",")}]`;
  return `{${[membersOf(before), list, membersOf(after)].filter((members) => members !== "").join(",")}}`;
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

/** Bytes of the longest text of a double, and of one UTF-16 unit of a text: `\\u001f`. */
const NUMBER_BYTES = 25;
const UNIT_BYTES = 6;

/**
 * Bytes that the JSON text of a value has at most, where `plainJson` gives that value as it is; Infinity where it may not.
 *
 * It is much less work than to write the text and to count: whoever has a limit far above most values asks this first.
 */
export function plainJsonBytes(value: unknown, depth = 1): number {
  if (typeof value === "string") return value.isWellFormed() ? value.length * UNIT_BYTES + 2 : Number.POSITIVE_INFINITY;
  if (typeof value !== "object" || value === null) return NUMBER_BYTES;
  if (depth > MAX_JSON_DEPTH || value instanceof NumberText) return Number.POSITIVE_INFINITY;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const element of value) bytes += 1 + plainJsonBytes(element, depth + 1);
    return bytes;
  }
  // What JSON.parse makes has no member but its own.
  for (const name in value) {
    bytes += 4 + (name.isWellFormed() ? name.length * UNIT_BYTES : Number.POSITIVE_INFINITY);
    bytes += plainJsonBytes((value as Record<string, unknown>)[name], depth + 1);
  }
  return bytes;
}
