/** What the server writes of an attempt that came to nothing, in words. */
const WORDS: Readonly<Record<string, string>> = {
  REDIRECT: "it answered with a redirect, which is not followed",
  TIMEOUT: "it did not answer in time",
  ADDRESS_REFUSED: "its address is in a private network, where this server does not deliver to",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "it closed the connection before it answered",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name could not be looked up",
  EHOSTUNREACH: "there is no way to its address",
  ENETUNREACH: "there is no way to its network",
  ETIMEDOUT: "it could not be reached in time",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself",
  UNREACHABLE: "it could not be reached",
  BODY_NOT_MADE: "the event could not be read from the record: the server's log says more",
  ENDPOINT_DELETED: "the webhook was deleted",
  ENDPOINT_DOWN: "the webhook did not answer for as long as it was tried",
};

/**
 * Why an attempt was no delivery.
 *
 * @param status the receiver's HTTP status, null where it gave none. @param error the server's name for it, null where it was one.
 */
export function whyFailed(status: number | null, error: string | null): string {
  if (error === "STATUS" || (error === null && status !== null)) return `it answered ${status}; only 200 to 299 counts`;
  if (error === null) return "nothing came back";
  return WORDS[error] ?? `it could not be reached (${error})`;
}
