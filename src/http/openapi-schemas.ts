import { z } from "zod";
import { ERRORS, type ErrorCode } from "../core/errors.ts";
import { checkpointView } from "../wire/checkpoint.ts";
import { customerDetail, customerView } from "../wire/customer.ts";
import { deltaDetail, deltaView } from "../wire/delta.ts";
import { derivation } from "../wire/derivation.ts";
import { anchorView, verificationView } from "../wire/evidence.ts";
import { keyView } from "../wire/key.ts";

/** A JSON Schema, draft 2020-12: the dialect of OpenAPI 3.1. */
export type JsonSchema = { [keyword: string]: unknown };

/** Answers, and parts of answers, that have a name of their own in the document. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  Delta: deltaView,
  DeltaDetail: deltaDetail,
  Derivation: derivation,
  Customer: customerView,
  CustomerDetail: customerDetail,
  Checkpoint: checkpointView,
  Verification: verificationView,
  Anchor: anchorView,
  ApiKey: keyView,
};

const componentRef = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/**
 * A zod schema as the document shows it: what may be sent for `input`, what is answered for `output`.
 *
 * A part that only code can describe says in `meta({ jsonSchema })` how it is to be shown.
 */
export function schemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  return shown(z.toJSONSchema(schema, { io, target: "draft-2020-12", unrepresentable: "any" })) as JsonSchema;
}

function shown(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(shown);
  if (typeof part !== "object" || part === null) return part;
  const { $schema, jsonSchema, example, ...members } = part as JsonSchema;
  const given = typeof jsonSchema === "object" && jsonSchema !== null;
  const own = given ? { ...jsonSchema, ...pick(members, "description") } : members;
  // The pattern of a date is a screenful, and says what the format says.
  const { pattern, ...rest } = own as JsonSchema;
  const kept = pattern !== undefined && !("format" in rest) ? { ...rest, pattern } : rest;
  const entries = Object.entries(kept).map(([name, value]) => [name, shown(value)]);
  return { ...Object.fromEntries(entries), ...(example !== undefined && { examples: [example] }) };
}

function pick(members: JsonSchema, name: string): JsonSchema {
  return name in members ? { [name]: members[name] } : {};
}

/** Puts a reference wherever a named schema is spelled out. */
export function withReferences(schema: JsonSchema, except?: string): JsonSchema {
  const names = namedTexts();
  const replace = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(replace);
    if (typeof part !== "object" || part === null) return part;
    const name = names.get(JSON.stringify(part));
    if (name !== undefined && name !== except) return componentRef(name);
    return Object.fromEntries(Object.entries(part).map(([member, value]) => [member, replace(value)]));
  };
  return replace(schema) as JsonSchema;
}

let texts: Map<string, string> | undefined;

/** What each named schema looks like when it is spelled out → its name. */
function namedTexts(): Map<string, string> {
  texts ??= new Map(Object.entries(NAMED).map(([name, schema]) => [JSON.stringify(schemaOf(schema, "output")), name]));
  return texts;
}

const details: JsonSchema = {
  type: "object",
  description: "Facts for programs. `issues` names each member that is wrong, `next` says what to do.",
  properties: {
    next: { type: "string" },
    issues: {
      type: "array",
      items: {
        type: "object",
        properties: { path: { type: "string" }, message: { type: "string" } },
        required: ["path", "message"],
      },
    },
  },
};

const code: JsonSchema = {
  type: "string",
  enum: Object.keys(ERRORS),
  description: Object.entries(ERRORS)
    .map(([name, { meaning, next }]) => `\`${name}\`: ${meaning} ${next}`)
    .join("\n\n"),
};

const own: JsonSchema = {
  retryAfterSeconds: { type: "number", minimum: 0 },
  customerId: { type: "string" },
  requestId: { type: "string" },
};

/** Every schema with a name. */
export function namedSchemas(): Record<string, JsonSchema> {
  const answers = Object.entries(NAMED).map(([name, schema]) => [
    name,
    withReferences(schemaOf(schema, "output"), name),
  ]);
  return {
    ...Object.fromEntries(answers),
    ErrorCode: code,
    Failure: {
      type: "object",
      properties: {
        success: { const: false },
        verified: { const: false, description: "Only of a fingerprint that nothing is known of." },
        error: {
          type: "object",
          properties: { code: componentRef("ErrorCode"), message: { type: "string" }, details, ...own },
          required: ["code", "message", "requestId"],
          additionalProperties: false,
        },
      },
      required: ["success", "error"],
      additionalProperties: false,
    },
    Problem: {
      type: "object",
      description: "The same as RFC 9457, for whoever accepts application/problem+json.",
      properties: {
        type: { type: "string", format: "uri-reference" },
        title: { type: "string" },
        status: { type: "integer" },
        detail: { type: "string" },
        code: componentRef("ErrorCode"),
        details,
        ...own,
      },
      required: ["type", "title", "status", "detail", "code", "requestId"],
      additionalProperties: false,
    },
  };
}

/** The two forms of a failure that has one of these codes. */
export function failureContent(codes: readonly ErrorCode[]): Record<string, { schema: JsonSchema }> {
  const one = { properties: { code: { enum: codes } } };
  return {
    "application/json": { schema: { ...componentRef("Failure"), properties: { error: one } } },
    "application/problem+json": { schema: { ...componentRef("Problem"), ...one } },
  };
}
