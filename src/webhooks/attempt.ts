import type { Contents } from "../ledger/contents.ts";
import type { CheckpointStore } from "../ledger/ports/checkpoints.ts";
import type { LedgerStore } from "../ledger/ports/ledgers.ts";
import type { Log } from "../ledger/ports/log.ts";
import type { TenantStore } from "../ledger/ports/tenants.ts";
import type { Delivery, TestedEndpoint, WebhookEndpoint, WebhookStore } from "../ledger/ports/webhooks.ts";
import { subjectOf } from "../ledger/webhook-subject.ts";
import { type BodyParts, bodyText, dataOf, type Envelope } from "./body.ts";
import type { Post } from "./post.ts";
import { signatureHeaders } from "./sign.ts";

export type AttemptParts = BodyParts & {
  store: LedgerStore & TenantStore & CheckpointStore & WebhookStore;
  contents: Contents;
  post: Post;
  /** Unix milliseconds. */
  clock: () => number;
  log: Log;
};

/** `untrue`: what is to be told is not so at the moment, and nothing was sent. */
export type Attempted =
  | { kind: "delivered"; status: number }
  | { kind: "failed"; status: number | null; error: string; receiver: boolean }
  | { kind: "untrue" };

/**
 * One attempt: makes the body from the record, signs it, posts it.
 *
 * @throws AbortError when `signal` is aborted: nothing is known about the delivery then.
 */
export async function attemptDelivery(
  parts: AttemptParts,
  endpoint: WebhookEndpoint,
  { event }: Delivery,
  signal: AbortSignal,
): Promise<Attempted> {
  let body: string;
  const { eventId, createdAt } = event;
  try {
    const subject = await subjectOf(parts, event);
    if (!subject) return { kind: "untrue" };
    const envelope = { eventId, event: event.event, tenantName: await tenantName(parts, event.tenantId), createdAt };
    body = bodyText(envelope, await dataOf(parts, subject, createdAt));
  } catch (error) {
    // A damaged row harms the events that are about it; the others are delivered, and the operator hears of it.
    parts.log.error({ err: error, eventId }, "the body of a webhook event cannot be made");
    return { kind: "failed", status: null, error: "BODY_NOT_MADE", receiver: false };
  }
  return post(parts, endpoint, { eventId, event: event.event }, body, signal);
}

/** Sends a `webhook.test` event now: it is not stored, and not tried again. */
export async function testEndpoint(
  parts: AttemptParts,
  endpoint: WebhookEndpoint,
  eventId: string,
  signal: AbortSignal,
): Promise<TestedEndpoint> {
  const createdAt = parts.clock();
  const envelope: Envelope = {
    eventId,
    event: "webhook.test",
    tenantName: await tenantName(parts, endpoint.tenantId),
    createdAt,
  };
  const body = bodyText(envelope, { endpointId: endpoint.id, message: "a test, sent because somebody asked for it" });
  const began = performance.now();
  const attempted = await post(parts, endpoint, envelope, body, signal);
  const durationMs = Math.round(performance.now() - began);
  return {
    eventId,
    delivered: attempted.kind === "delivered",
    status: attempted.status,
    error: attempted.kind === "failed" ? attempted.error : null,
    durationMs,
  };
}

async function post(
  { post, clock }: AttemptParts,
  endpoint: WebhookEndpoint,
  { eventId, event }: Pick<Envelope, "eventId" | "event">,
  body: string,
  signal: AbortSignal,
) {
  const now = clock();
  const secrets = [
    endpoint.secret,
    ...(endpoint.previous && endpoint.previous.until > now ? [endpoint.previous.secret] : []),
  ];
  const headers = {
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Tallyroot",
    ...signatureHeaders({ eventId, event, seconds: Math.floor(now / 1000), body }, secrets),
  };
  const { status, error } = await post.post(endpoint.url, headers, body, signal);
  if (status !== null && status >= 200 && status < 300) return { kind: "delivered", status } as const;
  return {
    kind: "failed",
    status,
    error: error ?? (status !== null && status >= 300 && status < 400 ? "REDIRECT" : "STATUS"),
    receiver: true,
  } as const;
}

async function tenantName({ store }: AttemptParts, id: number): Promise<string> {
  const tenant = await store.tenantById(id);
  if (!tenant) throw new Error(`tenant ${id} of a webhook is not stored`);
  return tenant.name;
}
