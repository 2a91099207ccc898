import * as fc from "fast-check";
import type { Request } from "./call.ts";
import { arbitraryOf, type Hints, mutated, type Schema, sparse } from "./from-schema.ts";

/** The operations of an OpenAPI document, and requests made from what it says of them. */

type Parameter = { name: string; in: "path" | "query" | "header"; required?: boolean; schema: Schema };
type Content = Readonly<Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }>>;

export type Operation = {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: object[];
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, { content: Content; headers: object; links?: object }>;
};

export type Document = {
  openapi: string;
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
};

export type Listed = { method: string; path: string; operation: Operation };

export function operationsOf({ paths }: Document): Listed[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

export function parametersOf({ components }: Document, { parameters = [] }: Operation): Parameter[] {
  return parameters.map((one) => ("$ref" in one ? components.parameters[one.$ref.split("/").at(-1)!]! : one));
}

export type Made = { listed: Listed; request: Request };

/** Texts that can stand in a header, and are not all of them good. */
const HEADER_TEXT = fc.oneof(
  fc.constantFrom("key-1", "key-2", "", "a".repeat(255), "a".repeat(256)),
  fc.stringMatching(/^[!-~]{1,40}$/),
);

/** A segment that is itself after the URL was parsed. */
function segmentOf(value: unknown): string {
  const text = typeof value === "string" ? value.toWellFormed() : (JSON.stringify(value) ?? "");
  return text === "" || text === "." || text === ".." ? "_" : encodeURIComponent(text);
}

/** Requests to one operation: half of them as described, half with something wrong in some part. */
export function requestsTo(document: Document, listed: Listed, hints: Hints): fc.Arbitrary<Made> {
  const wrong = (value: fc.Arbitrary<unknown>) => fc.oneof(value, mutated(value));
  return fc.oneof(
    requestsWith(document, listed, hints, (value) => value),
    requestsWith(document, listed, hints, wrong),
  );
}

type Change = (value: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>;

function requestsWith(document: Document, listed: Listed, hints: Hints, change: Change): fc.Arbitrary<Made> {
  const { method, path, operation } = listed;
  const parameters = parametersOf(document, operation);
  const body = operation.requestBody?.content;
  const [mediaType, described] = Object.entries(body ?? {})[0] ?? [];
  const part = (place: Parameter["in"]) =>
    parameters
      .filter((one) => one.in === place)
      .map((one) => [one.name, change(arbitraryOf(one.schema, hints, one.name))] as const);
  const paths = fc.record(Object.fromEntries(part("path")));
  const required = parameters.filter((one) => one.in === "query" && one.required).map(({ name }) => name);
  const query = sparse(Object.fromEntries(part("query")), required);
  const key = method === "POST" ? fc.option(HEADER_TEXT, { nil: undefined, freq: 2 }) : fc.constant(undefined);
  const sent = described ? bodyOf(mediaType!, change(arbitraryOf(described.schema, hints))) : fc.constant(undefined);
  return fc.record({ paths, query, key, sent }).map(({ paths, query, key, sent }) => {
    const target = path.replace(/\{(\w+)\}/g, (_, name: string) => segmentOf(paths[name]));
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [
        name,
        typeof value === "string" ? value : (JSON.stringify(value) ?? ""),
      ]),
    ).toString();
    return {
      listed,
      request: {
        method,
        path: search === "" ? target : `${target}?${search}`,
        headers: {
          ...(mediaType && { "Content-Type": mediaType }),
          ...(key !== undefined && { "Idempotency-Key": key }),
        },
        ...(sent !== undefined && { body: sent }),
      },
    };
  });
}

/** Text of a body: mostly JSON, now and then cut off or no JSON at all. */
function bodyOf(mediaType: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const json = value.map((one) => JSON.stringify(one) ?? "null");
  const good = mediaType.includes("ndjson") ? fc.array(json, { maxLength: 5 }).map((lines) => lines.join("\n")) : json;
  return fc.oneof(
    { weight: 12, arbitrary: good },
    { weight: 1, arbitrary: fc.tuple(good, fc.nat()).map(([text, end]) => text.slice(0, end % (text.length + 1))) },
    { weight: 1, arbitrary: fc.string() },
  );
}
