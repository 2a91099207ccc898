import type { Response } from "express";
import { ERRORS, type ErrorCode, TallyrootError } from "../core/errors.ts";
import { STATUSES } from "./statuses.ts";

/** The envelope of a success. Amounts in `data` are raw JSON numbers (see wire/json.ts), which JSON.stringify keeps. */
export function successBody(data: object): string {
  return JSON.stringify({ success: true, data });
}

/** Facts of an error that have a member of their own in the envelope. */
const OWN_MEMBERS = ["retryAfterSeconds", "customerId"] as const;

/** An error as the caller sees it: never a stack trace, never more than the catalogue and the facts of a caller's mistake. */
export function answerError(response: Response, error: TallyrootError, problemJson: boolean): void {
  const { code, message, facts } = error;
  const status = STATUSES[code];
  const { next, meaning } = ERRORS[code];
  const requestId = String(response.getHeader("X-Request-Id"));
  const own = Object.fromEntries(
    OWN_MEMBERS.filter((name) => facts[name] !== undefined).map((name) => [name, facts[name]]),
  );
  const { verified, ...rest } = Object.fromEntries(Object.entries(facts).filter(([name]) => !(name in own)));
  const details = { ...rest, next };
  if (typeof facts.retryAfterSeconds === "number") response.setHeader("Retry-After", String(facts.retryAfterSeconds));
  // What is refused now may be there a moment later.
  response.setHeader("Cache-Control", "no-store");
  response.removeHeader("ETag");
  response.status(status);
  if (problemJson) {
    // RFC 9457; the type is the code, which is stable, under the documentation of this server.
    response.type("application/problem+json");
    response.send(
      JSON.stringify({
        type: `/docs#${code}`,
        title: meaning,
        status,
        detail: message,
        code,
        ...own,
        details,
        requestId,
      }),
    );
    return;
  }
  response.type("application/json");
  response.send(
    JSON.stringify({
      success: false,
      ...(verified !== undefined && { verified }),
      error: { code, message, details, ...own, requestId },
    }),
  );
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
