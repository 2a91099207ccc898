import type { NextFunction, Request, Response } from "express";
import { TallyrootError } from "../core/errors.ts";

/** Milliseconds in which a body must have come, and without any byte either way after which a stream of lines is cut. */
const READING_MS = 60_000;
const IDLE_MS = 300_000;
const LINES = /^application\/(?:x-)?(?:ndjson|jsonl)\s*(?:;|$)/i;

/** A body that is sent a byte at a time must not hold a connection for ever. */
export function limitReading(request: Request, _response: Response, next: NextFunction): void {
  const late = setTimeout(() => request.destroy(), READING_MS);
  request.once("end", () => clearTimeout(late));
  request.once("close", () => clearTimeout(late));
  next();
}

/** A stream of lines may take as long as it likes, as long as something moves. @throws TallyrootError UNSUPPORTED_MEDIA_TYPE */
export function expectLines(request: Request, _response: Response, next: NextFunction): void {
  if (!LINES.test(request.headers["content-type"] ?? "") || request.headers["content-encoding"] !== undefined) {
    throw new TallyrootError(
      "UNSUPPORTED_MEDIA_TYPE",
      "send application/x-ndjson: one JSON object per line, in UTF-8, without a content encoding",
    );
  }
  request.setTimeout(IDLE_MS);
  next();
}
