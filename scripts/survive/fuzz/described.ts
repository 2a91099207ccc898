import type { Random } from "../random.ts";
import { anyText } from "./junk.ts";

/** A JSON Schema as the server's OpenAPI document has it. */
export type Schema = { readonly [keyword: string]: unknown };

type Parameter = { name: string; in: "path" | "query" | "header"; required?: boolean; schema: Schema };
type Operation = {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  security?: object[];
};
type Document = { paths: Record<string, Record<string, Operation>> };

/** What the server says of one of its routes. */
export type Described = {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly mediaType: string; readonly schema: Schema } | undefined;
  readonly needsKey: boolean;
};

/** Every route that the server describes. @throws Error when it does not. */
export async function describedRoutes(url: string): Promise<Described[]> {
  const response = await fetch(`${url}/openapi.json`);
  if (!response.ok) throw new Error(`/openapi.json: ${response.status}`);
  const { paths } = (await response.json()) as Document;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, security = [] }]) => {
      const [body] = Object.entries(requestBody?.content ?? {});
      return {
        method: method.toUpperCase(),
        path,
        parameters: parameters.filter((one): one is Parameter => "name" in one),
        body: body && { mediaType: body[0], schema: body[1].schema },
        needsKey: security.length > 0,
      };
    }),
  );
}

/** Values that are there, by the name of a member: ids that answers told, so that requests reach what is behind them. */
export type Known = { of(name: string): string | undefined };

/** Share of members that get a value that is there, where one is known. */
const KNOWN_SHARE = 0.8;
/** Optional members that one object has at most: many of them exclude each other. */
const MOST_OPTIONAL = 2;
const MOST_ELEMENTS = 4;

/** A value as a schema describes it, or nearly. @param name the member that it is of. */
export function madeOf(schema: Schema, random: Random, known: Known, name = ""): unknown {
  const there = random.chance(KNOWN_SHARE) ? known.of(name) : undefined;
  if (there !== undefined) return there;
  const { type, enum: values, anyOf } = schema as { type?: string | string[]; enum?: unknown[]; anyOf?: Schema[] };
  if ("const" in schema) return schema.const;
  if (values) return random.oneOf(values);
  if (anyOf) return madeOf(random.oneOf(anyOf), random, known, name);
  switch (Array.isArray(type) ? random.oneOf(type) : type) {
    case "string":
      return textOf(schema, random);
    case "integer":
      return Math.round(numberOf(schema, random));
    case "number":
      return numberOf(schema, random);
    case "boolean":
      return random.chance(0.5);
    case "array":
      return Array.from({ length: random.between(1, MOST_ELEMENTS) }, () =>
        madeOf((schema.items ?? {}) as Schema, random, known, name),
      );
    case "object":
      return objectOf(schema, random, known);
    default:
      return null;
  }
}

/** Patterns of the document that a generator has to know by sight, by a piece of each. */
const SHAPES: readonly (readonly [piece: string, make: (random: Random) => string])[] = [
  ["[eE]", (random) => `${random.chance(0.5) ? "-" : ""}${random.between(0, 1_000_000)}.${random.between(1, 999_999)}`],
  ["{64}", (random) => `0x${hex(random, 64)}`],
  ["chk_", (random) => `chk_${hex(random, 32)}`],
  ["19[7-9]", (random) => `20${random.between(20, 30)}-${String(random.between(1, 13)).padStart(2, "0")}`],
  ["[1-9][0-9]", (random) => String(random.between(1, 50))],
];

function textOf(schema: Schema, random: Random): string {
  const { format, pattern, maxLength = 40 } = schema as { format?: string; pattern?: string; maxLength?: number };
  const time = new Date(random.between(1_600_000_000, 1_900_000_000) * 1000).toISOString();
  if (format === "date-time") return time;
  if (format === "date") return time.slice(0, 10);
  // The server would call a webhook that it was given: a name that nobody can have (RFC 2606).
  if (format === "uri") return `https://${hex(random, 8)}.invalid/${hex(random, 4)}`;
  const shape = pattern === undefined ? undefined : SHAPES.find(([piece]) => pattern.includes(piece));
  if (shape) return shape[1](random);
  if (pattern !== undefined || random.chance(0.5)) return `t${hex(random, random.between(1, 9))}`;
  return anyText(random).slice(0, maxLength);
}

function numberOf(schema: Schema, random: Random): number {
  const { minimum = -1e12, maximum = 1e12 } = schema as { minimum?: number; maximum?: number };
  if (random.chance(0.2)) return random.oneOf([minimum, maximum]);
  return random.between(Math.max(minimum, -100), Math.min(maximum, 100) + 1);
}

function objectOf(schema: Schema, random: Random, known: Known): Record<string, unknown> {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, Schema>; required?: string[] };
  const optional = Object.keys(properties).filter((name) => !required.includes(name));
  const chosen = Array.from({ length: optional.length === 0 ? 0 : random.between(0, MOST_OPTIONAL + 1) }, () =>
    random.oneOf(optional),
  );
  return Object.fromEntries(
    [...required, ...chosen].map((name) => [name, madeOf(properties[name]!, random, known, name)]),
  );
}

export function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => random.between(0, 16).toString(16)).join("");
}
