import { TallyrootApiError, TallyrootConnectionError, TallyrootVerificationError } from "../../sdk/errors.ts";

export type Explanation = { title: string; what: string; code: string; requestId: string | null };

/** For the codes that a person at the page can meet: what it means, and what to do. */
const WORDS: Readonly<Record<string, { title: string; what?: string }>> = {
  INVALID_API_KEY: {
    title: "This key does not work.",
    what: "It is mistyped, expired or revoked. Sign out and sign in with another one; whoever gave it to you can make one.",
  },
  FORBIDDEN_SCOPE: { title: "This key may not do that." },
  CUSTOMER_NOT_FOUND: {
    title: "There is no such customer.",
    what: "No delta was ever recorded under this id, or its content was erased. Ids are exact, capitals included.",
  },
  NOT_FOUND: { title: "There is nothing here." },
  VALIDATION_ERROR: { title: "Something that was sent cannot be used." },
  AMOUNT_NOT_EXACT: {
    title: "An amount has more than 18 decimals.",
    what: "It could not be recorded digit for digit.",
  },
  CADENCE_LIMIT: { title: "This was done just now." },
  RATE_LIMITED: { title: "Too many requests for this key.", what: "Wait a moment; the page goes on by itself." },
  QUOTA_EXCEEDED: { title: "The month's quota is used up.", what: "The operator can raise it." },
  CONTENT_ERASED: {
    title: "The content was erased for good.",
    what: "Balances, roots and proofs are still valid.",
  },
  SERVICE_UNAVAILABLE: {
    title: "The server cannot do this now.",
    what: "Recorded deltas are safe. The page tries again by itself.",
  },
  INTERNAL: {
    title: "The server made a mistake.",
    what: "Tell its operator the request id below; the server's log has the rest.",
  },
};

/**
 * An error in words for a person.
 *
 * @throws the error itself when it is none that a question to the server can end in: a mistake of this page.
 */
export function explain(error: unknown): Explanation {
  if (error instanceof TallyrootApiError) {
    const words = WORDS[error.code];
    return {
      title: words?.title ?? "The server refused.",
      what: words?.what ?? `${capital(error.message)}.`,
      code: error.code,
      requestId: error.requestId,
    };
  }
  if (error instanceof TallyrootConnectionError)
    return {
      title: "The server does not answer.",
      what: "It may be restarting, or the connection is down. The page tries again by itself.",
      code: error.code,
      requestId: null,
    };
  if (error instanceof TallyrootVerificationError)
    return { title: "This was not shown to be so.", what: error.message, code: error.failure, requestId: null };
  throw error;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
