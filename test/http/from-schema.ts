import * as fc from "fast-check";

/** Values that a JSON Schema of the document describes, and values that it does not quite describe. */

export type Schema = { readonly [keyword: string]: unknown };

/** Values that make sense for a member of this name, so that some requests reach what is there. */
export type Hints = Readonly<Record<string, readonly string[]>>;

const DAY = fc.date({ min: new Date("2020-01-01"), max: new Date("2030-12-31"), noInvalidDate: true });

/** An arbitrary of what `schema` describes. `name`: the member that it is of. */
export function arbitraryOf(schema: Schema, hints: Hints, name = ""): fc.Arbitrary<unknown> {
  const described = describedBy(schema, hints, name);
  const known = hints[name];
  return known
    ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: described })
    : described;
}

function describedBy(schema: Schema, hints: Hints, name: string): fc.Arbitrary<unknown> {
  const { type, enum: values, anyOf } = schema as { type?: string | string[]; enum?: unknown[]; anyOf?: Schema[] };
  if ("const" in schema) return fc.constant(schema.const);
  if (values) return fc.constantFrom(...values);
  if (anyOf) return fc.oneof(...anyOf.map((one) => arbitraryOf(one, hints, name)));
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => arbitraryOf({ ...schema, type: one }, hints, name)));
  switch (type) {
    case "string":
      return textOf(schema);
    case "integer":
      return numberOf(schema).map(Math.round);
    case "number":
      return numberOf(schema);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array":
      return fc.array(arbitraryOf((schema.items ?? {}) as Schema, hints, name), { maxLength: 4 });
    case "object":
      return objectOf(schema, hints);
    default:
      return fc.jsonValue();
  }
}

function textOf(schema: Schema): fc.Arbitrary<string> {
  const {
    format,
    pattern,
    minLength = 0,
    maxLength = 300,
  } = schema as {
    format?: string;
    pattern?: string;
    minLength?: number;
    maxLength?: number;
  };
  if (format === "date-time") return DAY.map((date) => date.toISOString());
  if (format === "date") return DAY.map((date) => date.toISOString().slice(0, 10));
  // The server calls webhooks: a name that nobody can have (RFC 2606).
  if (format === "uri") return fc.stringMatching(/^https?:\/\/[a-z]{1,9}\.invalid(\/[a-z0-9]{0,9})?$/);
  // The generator cannot look ahead; without that, some texts are not quite right, which is as good.
  const plain = pattern?.replace(/\(\?[=!][^)]*\)/g, "");
  if (plain !== undefined) return fc.stringMatching(new RegExp(plain), { size: "small" });
  return fc.string({ minLength, maxLength: Math.min(maxLength, 300), unit: "grapheme" });
}

function numberOf(schema: Schema): fc.Arbitrary<number> {
  const { minimum = -1e12, maximum = 1e12 } = schema as { minimum?: number; maximum?: number };
  const anywhere = fc.double({ min: minimum, max: maximum, noNaN: true });
  const near = fc.integer({ min: Math.max(minimum, -100), max: Math.min(maximum, 100) });
  return fc.oneof(near, anywhere, fc.constantFrom(minimum, maximum));
}

function objectOf(schema: Schema, hints: Hints): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, Schema>; required?: string[] };
  if (Object.keys(properties).length === 0) return fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 });
  const model = Object.entries(properties).map(([name, one]) => [name, arbitraryOf(one, hints, name)] as const);
  return sparse(Object.fromEntries(model), required);
}

/** Optional members that one object has at most: many of them exclude each other, and most objects are to be good. */
const MOST_OPTIONAL = 2;

/** Objects with all that is required and a few of the others. */
export function sparse(
  model: Record<string, fc.Arbitrary<unknown>>,
  required: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const optional = Object.keys(model).filter((name) => !required.includes(name));
  return fc
    .subarray(optional, { maxLength: Math.min(MOST_OPTIONAL, optional.length) })
    .chain((chosen) => fc.record(Object.fromEntries([...required, ...chosen].map((name) => [name, model[name]!]))));
}

/** What clients send that nobody described. */
const JUNK = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    ...[
      null,
      true,
      "",
      " ",
      "0",
      "-0",
      "NaN",
      "Infinity",
      "1e400",
      "1e-19",
      "0x10",
      "\u0000",
      "\ud800",
      "ß",
      "__proto__",
      "constructor",
    ],
    ...[
      0,
      -1,
      0.1,
      1e21,
      1e-7,
      2 ** 53,
      Number.MAX_VALUE,
      [],
      {},
      [[]],
      { __proto__: null },
      "a".repeat(1000),
      "9".repeat(400),
    ],
  ),
);

/** The same value with one thing wrong: a member gone, a member too many, or something else in its place. */
export function mutated(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .tuple(value, JUNK, fc.nat(), fc.constantFrom("replace", "drop", "add", "swap"))
    .map(([whole, junk, where, how]) => {
      if (typeof whole !== "object" || whole === null || how === "replace") return junk;
      if (Array.isArray(whole)) return how === "drop" ? whole.slice(1) : [...whole, junk];
      const members: Record<string, unknown> = { ...whole };
      const names = Object.keys(members);
      const name = names[where % Math.max(1, names.length)] ?? "nothing";
      if (how === "drop") delete members[name];
      else members[how === "add" ? `extra${where % 10}` : name] = junk;
      return members;
    });
}
