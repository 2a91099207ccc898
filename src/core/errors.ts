/**
 * The error catalogue: every code a caller can meet, as data.
 *
 * `meaning` is what happened in general; an error's own message says what happened in particular. `next` is what the caller
 * can do. `retryable` means that the same request may succeed later without being changed.
 */
export const ERRORS = {
  VALIDATION_ERROR: {
    meaning: "A member, parameter or body is not what this route takes.",
    next: "Correct the named members and send the request again.",
    retryable: false,
  },
  AMOUNT_NOT_EXACT: {
    meaning: "An amount has more than 18 decimals and cannot be recorded digit for digit.",
    next: "Round it to 18 decimals or fewer yourself and send it again.",
    retryable: false,
  },
  INVALID_SCOPE_COMBINATION: {
    meaning: "Two parameters that exclude each other, or one without its partner.",
    next: "Use one way of naming the scope.",
    retryable: false,
  },
  SCOPE_TOO_WIDE: {
    meaning: "The scope spans more than this server allows in one request.",
    next: "Split the scope; GET /api/v1/balance/limits names the widest.",
    retryable: false,
  },
  INVALID_API_KEY: {
    meaning: "No API key, or one that is unknown, expired or revoked.",
    next: "Send a valid key in X-Api-Key.",
    retryable: false,
  },
  QUOTA_EXCEEDED: {
    meaning: "The plan's quota for this period is used up.",
    next: "Wait for the next period or raise the quota.",
    retryable: false,
  },
  FORBIDDEN_SCOPE: {
    meaning: "The key is valid but does not allow this.",
    next: "Use a key with the scope that the message names.",
    retryable: false,
  },
  NOT_FOUND: {
    meaning: "There is nothing at this address, or not for you.",
    next: "Check the path and the identifier.",
    retryable: false,
  },
  CUSTOMER_NOT_FOUND: {
    meaning: "No delta was ever recorded for this customer.",
    next: "Record a delta first: the ledger exists from then on.",
    retryable: false,
  },
  IDEMPOTENCY_CONFLICT: {
    meaning: "The idempotency key was used before with another body.",
    next: "Use a new key for a new request.",
    retryable: false,
  },
  BALANCE_OVERFLOW: {
    meaning: "The balance would leave the range of int256 in units of 10^-18.",
    next: "Use a smaller starting balance or delta.",
    retryable: false,
  },
  CONTENT_ERASED: {
    meaning: "The content was erased for good; balances, roots and proofs are still valid.",
    next: "Use the blind receipt.",
    retryable: false,
  },
  CONTRACT_NOT_DEPLOYED: {
    meaning: "There is no AnchorLog contract at the configured address.",
    next: "Deploy it or correct the address.",
    retryable: false,
  },
  BODY_TOO_LARGE: {
    meaning: "The body is larger than this route takes.",
    next: "Send less per request.",
    retryable: false,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    meaning: "The body is not of a media type that this route takes.",
    next: "Send application/json in UTF-8.",
    retryable: false,
  },
  RATE_LIMITED: {
    meaning: "More requests than the key's rate limit allows.",
    next: "Wait as long as Retry-After says.",
    retryable: true,
  },
  CADENCE_LIMIT: {
    meaning: "This may be done only so often, and it was done just now.",
    next: "Wait as long as Retry-After says.",
    retryable: true,
  },
  INTERNAL: { meaning: "The server made a mistake.", next: "Report it with the request id.", retryable: false },
  SERVICE_UNAVAILABLE: {
    meaning: "The server cannot do this now.",
    next: "Try again after what Retry-After says.",
    retryable: true,
  },
} as const satisfies Record<string, { meaning: string; next: string; retryable: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

/** Structured facts of one error: what the message says, for programs. */
export type ErrorFacts = Readonly<Record<string, unknown>>;

/** The caller's mistake, or the world's failure: a code of the catalogue, a message, and the facts behind it. */
export class TallyrootError extends Error {
  override readonly name = "TallyrootError";
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.facts = facts;
  }
}

/** The chain did not answer, or not usefully: nothing is known to have happened, and trying again later is right. */
export class ChainUnavailableError extends Error {
  override readonly name = "ChainUnavailableError";
}

/** Our own bug: throws when a fact that must hold does not. Never used to judge input. */
export function invariant(holds: boolean, fact: string): asserts holds {
  if (!holds) throw new Error(`invariant broken: ${fact}`);
}
