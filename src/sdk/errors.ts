import type { BulkResult } from "./answers.ts";

/** What a call of the client can end in besides an answer. Each class says who could not do what; programs compare `code` and `failure`. */

/** The parts of the error envelope beside its code and message. */
export type ApiErrorParts = {
  status: number;
  requestId: string | null;
  retryable: boolean;
  details: Readonly<Record<string, unknown>>;
  retryAfterSeconds: number | null;
};

/** The server refused. `code` is one of its error catalogue, or `HTTP_<status>` where something in between answered for it. */
export class TallyrootApiError extends Error {
  override readonly name = "TallyrootApiError";
  readonly code: string;
  readonly status: number;
  /** What to tell the operator: the server's log has it too. */
  readonly requestId: string | null;
  /** Whether the same request may succeed later. When it reaches you, the client has tried as often as it may. */
  readonly retryable: boolean;
  /** Facts of this error, and under `next` what can be done about it. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | null;

  constructor(
    code: string,
    message: string,
    { status, requestId, retryable, details, retryAfterSeconds }: ApiErrorParts,
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.retryable = retryable;
    this.details = details;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * No answer came that is this server's: nobody listened, the connection broke, or something else answered. Whether the request
 * had its effect is not known; repeating it under the same idempotency key is safe.
 */
export class TallyrootConnectionError extends Error {
  override readonly name: string = "TallyrootConnectionError";
  readonly code: string = "NO_ANSWER";
  readonly retryable = true;
}

/** The same, because the time for it was over. */
export class TallyrootTimeoutError extends TallyrootConnectionError {
  override readonly name = "TallyrootTimeoutError";
  override readonly code = "TIMEOUT";
}

/** Something was shown that is not so, or not shown to be so. */
export class TallyrootVerificationError extends Error {
  override readonly name = "TallyrootVerificationError";
  /** 1 to 6: the step of verifying a receipt that failed; null for what is not a receipt: an answer, or a webhook. */
  readonly step: number | null;
  /** A name of the format's table of failures, or of `ANSWER_FAILURES` or `SIGNATURE_FAILURES`. */
  readonly failure: string;
  readonly retryable = false;

  constructor(failure: string, message: string, step: number | null = null) {
    super(message);
    this.failure = failure;
    this.step = step;
  }
}

/**
 * A batch that needed several requests failed after some were answered. Sending the same deltas with the same options under
 * `idempotencyKey` goes on where it failed, and records nothing twice.
 */
export class TallyrootBatchError extends Error {
  override readonly name = "TallyrootBatchError";
  /** What came of the deltas that were answered: the first of those that were sent. */
  readonly results: readonly BulkResult[];
  readonly idempotencyKey: string;

  constructor(results: readonly BulkResult[], count: number, idempotencyKey: string, cause: unknown) {
    super(`${results.length} of ${count} deltas were answered before a request failed`, { cause });
    this.results = results;
    this.idempotencyKey = idempotencyKey;
  }
}
