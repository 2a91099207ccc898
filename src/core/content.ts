import canonicalize from "canonicalize";
import { invariant } from "./errors.ts";
import { keccakOfText } from "./keccak.ts";

/** Any JSON value. Numbers are IEEE doubles, as RFC 8785 has them. */
export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };

/** The deepest that a JSON value of a content may nest. */
export const MAX_JSON_DEPTH = 32;

/**
 * Whether a value is JSON that RFC 8785 can make canonical: doubles are finite, texts and names well-formed Unicode, and it nests
 * at most `depth` levels. For values of unknown origin, which would otherwise make the canonical form throw.
 */
export function isJson(value: unknown, depth = MAX_JSON_DEPTH): value is Json {
  if (value === null || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || depth === 0) return false;
  if (Array.isArray(value)) return value.every((element) => isJson(element, depth - 1));
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isJson(member, depth - 1));
}

/** What a correction corrects. */
export type Adjusts = { recordId: string } | { referenceId: string };

/**
 * The private part of a delta: what its commitment commits to. Absent members are left out, never null.
 *
 * `delta` is the canonical text of the amount; `salt` is 32 secret bytes as `0x` hex, without which a low-entropy content could be
 * guessed from its hash.
 */
export type Content = {
  customerId: string;
  delta: string;
  reason: string;
  referenceId?: string;
  metadata?: { [member: string]: Json };
  adjusts?: Adjusts;
  salt: string;
};

/** The canonical text of a JSON value (RFC 8785, JCS): the same on every machine. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  invariant(text !== undefined, "a JSON value has a text");
  return text;
}

/** The canonical text of a content: what its commitment hashes. */
export function canonicalContent(content: Content): string {
  return canonicalJson(content);
}

/**
 * The commitment to a content: keccak(utf8(JCS(content))).
 *
 * @see FORMAT.md, section "Commitment"
 */
export function commitmentOf(content: Content): Uint8Array {
  return keccakOfText(canonicalContent(content));
}
