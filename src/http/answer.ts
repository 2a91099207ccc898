import type { ServerResponse } from "node:http";
import { ERRORS, type ErrorCode, TallyrootError } from "../core/errors.ts";
import { STATUSES } from "./statuses.ts";

export const JSON_TYPE = "application/json; charset=utf-8";

/** The envelope of a success. Amounts in `data` are raw JSON numbers (see wire/json.ts), which JSON.stringify keeps. */
export function successBody(data: object): string {
  return envelope(JSON.stringify(data));
}

/** The same of data whose JSON text is there. */
export function envelope(text: string): string {
  return `{"success":true,"data":${text}}`;
}

/** Sends a body that is there as a whole. The answer to HEAD has the same head. */
export function sendWhole(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  { mediaType, body }: { mediaType: string; body: string | Uint8Array },
): void {
  const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  response.writeHead(status, { ...headers, "Content-Type": mediaType, "Content-Length": bytes });
  // A text of ASCII alone is the same bytes in both, and this one is written by copying.
  if (body.length === bytes && typeof body === "string") response.end(body, "latin1");
  else response.end(body);
}

/** Facts of an error that have a member of their own in the envelope. */
const OWN_MEMBERS = ["retryAfterSeconds", "customerId"] as const;

/**
 * An error as the caller sees it: never a stack trace, never more than the catalogue and the facts of a caller's mistake.
 *
 * @param headers of the answer besides those that the response has already.
 */
export function answerError(
  response: ServerResponse,
  error: TallyrootError,
  problemJson: boolean,
  headers: Readonly<Record<string, string>> = {},
): void {
  const { code, message, facts } = error;
  const status = STATUSES[code];
  const requestId = headers["X-Request-Id"] ?? String(response.getHeader("X-Request-Id"));
  response.removeHeader("ETag");
  const all = {
    ...headers,
    ...(typeof facts.retryAfterSeconds === "number" && { "Retry-After": String(facts.retryAfterSeconds) }),
    // What is refused now may be there a moment later.
    "Cache-Control": "no-store",
  };
  if (problemJson) {
    // RFC 9457; the type is the code, which is stable, under the documentation of this server.
    const type = `/docs#${code}`;
    const { own, details } = partsOf(error);
    const title = ERRORS[code].meaning;
    const body = JSON.stringify({ type, title, status, detail: message, code, ...own, details, requestId });
    sendWhole(response, status, all, { mediaType: "application/problem+json; charset=utf-8", body });
    return;
  }
  sendWhole(response, status, all, { mediaType: JSON_TYPE, body: refusalBody(error, requestId) });
}

/** The envelope of a refusal. */
export function refusalBody(error: TallyrootError, requestId: string): string {
  const { code, message } = error;
  const { own, details, verified } = partsOf(error);
  return JSON.stringify({
    success: false,
    ...(verified !== undefined && { verified }),
    error: { code, message, details, ...own, requestId },
  });
}

function partsOf({ code, facts }: TallyrootError) {
  const own = Object.fromEntries(
    OWN_MEMBERS.filter((name) => facts[name] !== undefined).map((name) => [name, facts[name]]),
  );
  const { verified, ...rest } = Object.fromEntries(Object.entries(facts).filter(([name]) => !(name in own)));
  return { own, verified, details: { ...rest, next: ERRORS[code].next } };
}

/** What a caller may know of any failure: coded errors as they are, everything else as INTERNAL. */
export function publicError(error: unknown): TallyrootError {
  if (error instanceof TallyrootError) return error;
  if (error instanceof URIError)
    return new TallyrootError("VALIDATION_ERROR", "the path is not UTF-8 in percent-encoding");
  const code = bodyParserCode(error);
  if (code)
    return new TallyrootError(
      code,
      code === "BODY_TOO_LARGE" ? "the body is larger than this route takes" : "the body could not be read",
    );
  return new TallyrootError("INTERNAL", "the server made a mistake; report it with the request id");
}

/** Express and its body parser tell the caller's mistakes by status. */
function bodyParserCode(error: unknown): ErrorCode | undefined {
  if (typeof error !== "object" || error === null || !("status" in error)) return undefined;
  const { status } = error;
  if (status === 413) return "BODY_TOO_LARGE";
  if (status === 415) return "UNSUPPORTED_MEDIA_TYPE";
  return typeof status === "number" && status >= 400 && status < 500 ? "VALIDATION_ERROR" : undefined;
}
