import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** What is signed: the body as it is sent, and when, in Unix seconds. */
export type Signed = { eventId: string; event: string; seconds: number; body: string };

/**
 * The headers by which a receiver knows that a delivery is genuine, and fresh: the attempt's time is signed with it.
 *
 * Two schemes side by side. `X-PacSpace-Signature`: `v1=` and hex of HMAC-SHA-256 over `{timestamp}.{raw body}` under the whole secret as
 * text. `webhook-signature`: Standard Webhooks (https://www.standardwebhooks.com), under the bytes whose base64 follows `whsec_`.
 *
 * @param secrets the newest first; an older one signs as well while receivers change over.
 */
export function signatureHeaders(
  { eventId, event, seconds, body }: Signed,
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(seconds);
  const hex = (secret: string) => createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
  return {
    "X-PacSpace-Signature": secrets.map((secret) => `v1=${hex(secret)}`).join(","),
    "X-PacSpace-Timestamp": timestamp,
    "X-Event-ID": eventId,
    "X-Webhook-Event": event,
    "webhook-id": eventId,
    "webhook-timestamp": timestamp,
    "webhook-signature": secrets
      .map((secret) => new Webhook(secret).sign(eventId, new Date(seconds * 1000), body))
      .join(" "),
  };
}
