import type { ErrorCode } from "../core/errors.ts";
import { isLimited } from "./rate-limit.ts";
import type { Route } from "./route.ts";

/** Every code that a route can answer: its own, and those that come with the conventions around it. */
export function codesOf(line: Route): ErrorCode[] {
  const codes = new Set<ErrorCode>(["VALIDATION_ERROR", ...line.codes]);
  if (line.access !== "public") codes.add("INVALID_API_KEY").add("FORBIDDEN_SCOPE");
  if (line.access === "operator") codes.add("NOT_FOUND");
  if (line.body) codes.add("BODY_TOO_LARGE").add("UNSUPPORTED_MEDIA_TYPE");
  if (isLimited(line)) codes.add("RATE_LIMITED");
  return [...codes.add("INTERNAL").add("SERVICE_UNAVAILABLE")];
}
