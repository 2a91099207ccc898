import type { IncomingMessage, ServerResponse } from "node:http";
import { ChainUnavailableError, TallyrootError } from "../core/errors.ts";
import type { Log } from "../ledger/ports/log.ts";
import { answerError, publicError } from "./answer.ts";
import { accepts } from "./exchange.ts";
import type { Metrics } from "./metrics.ts";

/** A request that failed, and what is known of its answer. */
type Failed = {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
  path: string;
  /** Headers of the answer besides those that the response has already. */
  headers?: Readonly<Record<string, string>>;
};

/** Tells operators of a failure what they need, and the caller what it may know. An answer that has begun is cut off. */
export function answerFailure(
  { request, response, requestId, path, headers = {} }: Failed,
  error: unknown,
  { log, metrics }: { log: Log; metrics: Metrics },
): void {
  if (error instanceof ChainUnavailableError) metrics.chainFailed();
  const shown =
    error instanceof ChainUnavailableError
      ? new TallyrootError("SERVICE_UNAVAILABLE", "the chain does not answer now", { retryAfterSeconds: 2 })
      : publicError(error);
  const line = { requestId, method: request.method, path, code: shown.code };
  if (shown.code === "INTERNAL") log.error({ ...line, err: error }, "failed");
  else if (shown.code === "SERVICE_UNAVAILABLE") log.warn({ ...line, err: error }, shown.message);
  else log.info(line, shown.message);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  answerError(response, shown, accepts(request, "application/problem+json"), headers);
}
