import { TallyrootVerificationError } from "./errors.ts";
import type { WebhookEvent } from "./operating-answers.ts";

/** Telling a genuine delivery from any other request. */

/** What can be wrong with a delivery: the `failure` of the TallyrootVerificationError. */
export const SIGNATURE_FAILURES = {
  SIGNATURE_MISSING: "The request has no signature headers, or no time.",
  TIMESTAMP_OUT_OF_TOLERANCE:
    "The delivery was signed too long ago, or in the future: it may be an old one, sent again.",
  SIGNATURE_INVALID: "No signature is by any of the secrets over this body.",
  BODY_INVALID: "The body is signed, and is no event.",
} as const;

export type SignatureFailure = keyof typeof SIGNATURE_FAILURES;

/** Headers as any server hands them over: `Headers`, or an object of them in lower case or not. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export type WebhookOptions = {
  /** How far the time of signing may be from now; 300 unless told otherwise. */
  toleranceSeconds?: number | undefined;
  /** Unix milliseconds. */
  now?: number | undefined;
  /** Web Crypto, where the runtime has it elsewhere than in `globalThis.crypto`. */
  crypto?: Pick<Crypto, "subtle"> | undefined;
};

const TOLERANCE_SECONDS = 300;
/** Signatures that are looked at: two secrets, and room. */
const MAX_SIGNATURES = 8;
const STANDARD_SECRET = /^(?:whsec_)?(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

type Scheme = { id: string; timestamp: string; signatures: { bytes: Uint8Array; standard: boolean }[] };

/**
 * The event of a delivery, once its signature is shown to be by one of the secrets. Both schemes of the server are known: Standard
 * Webhooks (`webhook-signature`), and `X-PacSpace-Signature`; either suffices.
 *
 * @param body the body as it came: parsed and written again it is another text.
 * @param secret `whsec_…`; during a rotation, the new one and the old one.
 * @throws TallyrootVerificationError with a SignatureFailure.
 *
 * @example
 * const event = await pac.webhooks.verify(body, request.headers, process.env.WEBHOOK_SECRET);
 * if (event.event === "delta.verified") console.log(event.data.recordId);
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  { toleranceSeconds = TOLERANCE_SECONDS, now = Date.now(), crypto = globalThis.crypto }: WebhookOptions = {},
): Promise<WebhookEvent> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : new Uint8Array(body);
  const secrets = typeof secret === "string" ? [secret] : secret;
  const schemes = [standardScheme(headers), ownScheme(headers)].filter((scheme) => scheme !== undefined);
  if (schemes.length === 0) throw refused("SIGNATURE_MISSING");
  const fresh = schemes.filter(({ timestamp }) => Math.abs(now / 1000 - Number(timestamp)) <= toleranceSeconds);
  if (fresh.length === 0) throw refused("TIMESTAMP_OUT_OF_TOLERANCE");
  for (const scheme of fresh) {
    for (const key of secrets) if (await isSigned(crypto.subtle, scheme, key, bytes)) return eventOf(bytes);
  }
  throw refused("SIGNATURE_INVALID");
}

function refused(failure: SignatureFailure): TallyrootVerificationError {
  return new TallyrootVerificationError(failure, SIGNATURE_FAILURES[failure]);
}

/** https://www.standardwebhooks.com: `v1,<base64>`, separated by spaces, over `id.timestamp.body`. */
function standardScheme(headers: WebhookHeaders): Scheme | undefined {
  const [id, timestamp, text] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    headerOf(headers, name),
  );
  if (!id || !isTime(timestamp) || !text) return undefined;
  const signatures = [...text.matchAll(/(?:^| )v1,([A-Za-z0-9+/]{43}=)(?= |$)/g)].map(([, base64]) =>
    fromBase64(base64!),
  );
  return { id, timestamp, signatures: signatures.map((bytes) => ({ bytes, standard: true })) };
}

/** `v1=<hex>`, separated by commas, over `timestamp.body`. */
function ownScheme(headers: WebhookHeaders): Scheme | undefined {
  const [timestamp, text] = ["x-pacspace-timestamp", "x-pacspace-signature"].map((name) => headerOf(headers, name));
  if (!isTime(timestamp) || !text) return undefined;
  const signatures = [...text.matchAll(/(?:^|,) ?v1=([0-9a-f]{64})(?=,|$)/g)].map(([, hex]) => fromHex(hex!));
  return { id: "", timestamp, signatures: signatures.map((bytes) => ({ bytes, standard: false })) };
}

const isTime = (text: string | undefined): text is string => text !== undefined && /^[0-9]{1,12}$/.test(text);

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const entry = Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  return typeof entry === "string" ? entry : entry?.[0];
}

/** Web Crypto compares in constant time: how long it takes says nothing about how much of a guess was right. */
async function isSigned(
  subtle: SubtleCrypto,
  { id, timestamp, signatures }: Scheme,
  secret: string,
  body: Uint8Array,
): Promise<boolean> {
  const encoder = new TextEncoder();
  for (const { bytes, standard } of signatures.slice(0, MAX_SIGNATURES)) {
    if (standard && !STANDARD_SECRET.test(secret)) continue;
    const raw = standard ? fromBase64(secret.replace(/^whsec_/, "")) : encoder.encode(secret);
    const key = await subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    const before = encoder.encode(standard ? `${id}.${timestamp}.` : `${timestamp}.`);
    const signed = new Uint8Array(before.length + body.length);
    signed.set(before);
    signed.set(body, before.length);
    if (await subtle.verify("HMAC", key, bytes as BufferSource, signed)) return true;
  }
  return false;
}

function eventOf(bytes: Uint8Array): WebhookEvent {
  try {
    const event: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof event === "object" && event !== null && "event" in event && "data" in event)
      return event as WebhookEvent;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw refused("BODY_INVALID");
}

function fromBase64(text: string) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function fromHex(text: string) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
