import { checksumAddress } from "./address.ts";
import { MAX_BALANCE, MIN_BALANCE } from "./amount.ts";
import { fromHex, toHex } from "./bytes.ts";
import { isJson, type Json } from "./content.ts";

/** A file of another shape than FORMAT.md gives it; `path` is the member. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.path = path;
  }
}

/** Part of a JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/**
 * How one kind of value stands in a file. Written, read and described from one table, so that the three cannot part.
 *
 * `decode` takes anything at all and throws ShapeError with the path of the first member that is not of this shape. `schema` says
 * as much of that as JSON Schema can.
 */
export type Shape<T> = {
  encode(value: T): unknown;
  decode(path: string, value: unknown): T;
  schema: JsonSchema;
};

export function integer(min: bigint, max: bigint): Shape<bigint> {
  const digits = [min, max].map((bound) => bound.toString().replace("-", "").length);
  const longest = Math.max(...digits);
  const text = `[1-9][0-9]{0,${longest - 1}}`;
  return {
    encode: (value) => value.toString(),
    decode(path, text) {
      // A longer text is outside every range, and is not converted.
      if (typeof text !== "string" || text.length > longest + 1 || !/^(0|-?[1-9][0-9]*)$/.test(text))
        throw new ShapeError(path, "must be an integer as decimal text");
      const value = BigInt(text);
      if (value < min || value > max) throw new ShapeError(path, "is outside its range");
      return value;
    },
    schema: { type: "string", pattern: min > 0n ? `^${text}$` : `^(0|${min < 0n ? "-?" : ""}${text})$` },
  };
}

export const UINT64 = integer(0n, 2n ** 64n - 1n);
export const INT256 = integer(MIN_BALANCE, MAX_BALANCE);

/** 32 bytes. */
export const HASH: Shape<Uint8Array> = {
  encode: toHex,
  decode(path, text) {
    if (typeof text !== "string" || !/^0x[0-9a-f]{64}$/.test(text))
      throw new ShapeError(path, "must be 32 bytes as lower-case 0x hex");
    return fromHex(text);
  },
  schema: { type: "string", pattern: "^0x[0-9a-f]{64}$" },
};

/** 20 bytes, with the checksum of EIP-55 in the case of the letters. */
export const ADDRESS: Shape<Uint8Array> = {
  encode: checksumAddress,
  decode(path, text) {
    if (typeof text !== "string" || !/^0x[0-9a-fA-F]{40}$/.test(text)) throw new ShapeError(path, "must be an address");
    const address = fromHex(text.toLowerCase());
    if (checksumAddress(address) !== text) throw new ShapeError(path, "has a wrong EIP-55 checksum");
    return address;
  },
  schema: { type: "string", pattern: "^0x[0-9a-fA-F]{40}$" },
};

/** Unicode text: a lone surrogate has no UTF-8 and therefore no hash. */
export const TEXT: Shape<string> = {
  encode: (text) => text,
  decode(path, text) {
    if (typeof text !== "string" || !text.isWellFormed()) throw new ShapeError(path, "must be text");
    return text;
  },
  schema: { type: "string" },
};

/** An object of any JSON that has a canonical form. */
export const JSON_OBJECT: Shape<{ [member: string]: Json }> = {
  encode: (value) => value,
  decode(path, value) {
    const members = objectAt(path, value);
    if (!isJson(members)) throw new ShapeError(path, "is not JSON that has a canonical form");
    return members as { [member: string]: Json };
  },
  schema: { type: "object" },
};

/** Text that is always the same. */
export function constant<T extends string>(text: T): Shape<T> {
  return {
    encode: () => text,
    decode(path, value) {
      if (value !== text) throw new ShapeError(path, `must be "${text}"`);
      return text;
    },
    schema: { const: text },
  };
}

/** Text that one pattern describes whole. */
export function matching(pattern: RegExp, problem: string): Shape<string> {
  return {
    encode: (text) => text,
    decode(path, text) {
      if (typeof text !== "string" || !pattern.test(text)) throw new ShapeError(path, problem);
      return text;
    },
    schema: { type: "string", pattern: pattern.source },
  };
}

export function listOf<T>(element: Shape<T>, longest: number, shortest = 0): Shape<T[]> {
  return {
    encode: (list) => list.map((value) => element.encode(value)),
    decode(path, value) {
      if (!Array.isArray(value)) throw new ShapeError(path, "must be a JSON array");
      if (value.length > longest) throw new ShapeError(path, `has more than ${longest} elements`);
      if (value.length < shortest) throw new ShapeError(path, `has fewer than ${shortest} elements`);
      return value.map((one, i) => element.decode(`${path}[${i}]`, one));
    },
    schema: {
      type: "array",
      items: element.schema,
      ...(shortest > 0 && { minItems: shortest }),
      maxItems: longest,
    },
  };
}

type Table<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> };

/**
 * An object of exactly these members, in this order when written.
 *
 * @param optional what may be left out.
 * @param together of these optional members, all are there or none.
 */
export function objectOf<T extends object>(
  table: Table<T>,
  { optional = [], together = [] }: { optional?: (keyof T & string)[]; together?: (keyof T & string)[] } = {},
): Shape<T> {
  const members = Object.entries(table) as [keyof T & string, Shape<unknown>][];
  const mayBeLeftOut = new Set<string>([...optional, ...together]);
  const required = members.map(([name]) => name).filter((name) => !mayBeLeftOut.has(name));
  return {
    encode: (value) =>
      Object.fromEntries(
        members.filter(([name]) => value[name] !== undefined).map(([name, shape]) => [name, shape.encode(value[name])]),
      ),
    decode(path, value) {
      const found = objectAt(path, value);
      const below = path === "" ? "" : `${path}.`;
      for (const name of Object.keys(found)) {
        if (!Object.hasOwn(table, name)) throw new ShapeError(below + name, "is not a known member");
      }
      for (const name of required) {
        if (!Object.hasOwn(found, name)) throw new ShapeError(below + name, "is missing");
      }
      const [first, ...others] = together;
      for (const name of others) {
        if (Object.hasOwn(found, name) !== Object.hasOwn(found, first!))
          throw new ShapeError(below + first, `${together.join(" and ")} stand together or not at all`);
      }
      const present = members.filter(([name]) => Object.hasOwn(found, name));
      return Object.fromEntries(present.map(([name, shape]) => [name, shape.decode(below + name, found[name])])) as T;
    },
    schema: {
      type: "object",
      properties: Object.fromEntries(members.map(([name, { schema }]) => [name, schema])),
      required,
      ...(together.length > 0 && {
        dependentRequired: Object.fromEntries(
          together.map((name) => [name, together.filter((other) => other !== name)]),
        ),
      }),
      additionalProperties: false,
    },
  };
}

/** A JSON object's members, whatever they are. @throws ShapeError for any other value. */
export function objectAt(path: string, value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ShapeError(path, "must be a JSON object");
  return value as Record<string, unknown>;
}
