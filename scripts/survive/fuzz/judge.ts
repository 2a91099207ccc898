import type { HttpAnswer } from "./answers.ts";

/** What no answer may hold: traces of the program's inside, and secrets of the operator's. */
export type Secrets = readonly string[];

/** A line of a stack trace, a place in the program's own code, or words of the database's driver. */
const INSIDE = /\n\s+at |\.ts:\d+:\d+|node:internal|SQLITE_[A-Z]|better-sqlite3/;
const ERROR_CODE = /^[A-Z][A-Z_]+$/;
/** Where the pages and files are, whose texts may speak of such things. */
const FILE = /^(?:text\/(?:css|javascript|markdown)|image\/|font\/|application\/(?:javascript|wasm))/;

/**
 * What is wrong with an answer, as a sentence; undefined when nothing is. Whatever was asked, it is one of the product's own forms, says which
 * request it is of, blames the server for nothing but being unable now, and tells nothing of the inside.
 */
export function complaint(
  { status, headers, body }: HttpAnswer,
  toHead: boolean,
  secrets: Secrets,
): string | undefined {
  const requestId = headers.get("x-request-id");
  if (!requestId) return `${status} without X-Request-Id`;
  if (status >= 500 && status !== 503) return `${status}: ${body.toString("utf8", 0, 300)}`;
  const mediaType = headers.get("content-type") ?? "";
  const text = body.toString("utf8");
  const secret = secrets.find((one) => text.includes(one));
  if (secret !== undefined) return `${status} tells ${JSON.stringify(secret)}`;
  if (!FILE.test(mediaType) && INSIDE.test(text)) return `${status} tells of the inside: ${text.slice(0, 300)}`;
  if (status === 503 && !toHead && !headers.has("retry-after")) return `503 without Retry-After: ${text.slice(0, 300)}`;
  if (toHead || status === 204 || status === 304) return undefined;
  if (status < 400) return mediaType.startsWith("application/json") ? notJson(text) : undefined;
  return notOurRefusal(text, { mediaType, status, requestId });
}

function notJson(text: string): string | undefined {
  return parsed(text) === undefined ? `a success that is not JSON: ${text.slice(0, 200)}` : undefined;
}

function notOurRefusal(
  text: string,
  { mediaType, status, requestId }: { mediaType: string; status: number; requestId: string },
): string | undefined {
  const value = parsed(text) as { success?: boolean; error?: Record<string, unknown> } & Record<string, unknown>;
  const isProblem = mediaType === "application/problem+json; charset=utf-8";
  if (!isProblem && mediaType !== "application/json; charset=utf-8")
    return `${status} as ${mediaType || "no media type"}: ${text.slice(0, 200)}`;
  const error = isProblem ? value : value?.error;
  const isOurs =
    typeof error === "object" &&
    error !== null &&
    ERROR_CODE.test(String(error.code)) &&
    typeof (isProblem ? error.detail : error.message) === "string" &&
    error.requestId === requestId &&
    (isProblem || value.success === false);
  return isOurs ? undefined : `${status} in another form: ${text.slice(0, 300)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
