import type { IncomingMessage } from "node:http";
import { TallyrootError } from "../core/errors.ts";

/** Milliseconds without any byte either way after which a stream of lines is cut. */
const IDLE_MS = 300_000;
const LINES = /^application\/(?:x-)?(?:ndjson|jsonl)\s*(?:;|$)/i;

/** A stream of lines may take as long as it likes, as long as something moves. @throws TallyrootError UNSUPPORTED_MEDIA_TYPE */
export function expectLines(request: IncomingMessage): void {
  if (!LINES.test(request.headers["content-type"] ?? "") || request.headers["content-encoding"] !== undefined) {
    throw new TallyrootError(
      "UNSUPPORTED_MEDIA_TYPE",
      "send application/x-ndjson: one JSON object per line, in UTF-8, without a content encoding",
    );
  }
  request.setTimeout(IDLE_MS);
}
