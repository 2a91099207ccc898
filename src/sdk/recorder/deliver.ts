import type { BatchAnswer } from "../answers.ts";
import { TallyrootApiError, TallyrootConnectionError } from "../errors.ts";
import { pauseBefore, sleep } from "../retry.ts";
import type { Transport } from "../transport.ts";
import { deltaOf, type Entry, type RecordedDelta, type SentDelta } from "./entry.ts";

/** What came of one delta; of one that was not confirmed, whether it may be on record nevertheless. */
export type Outcome =
  | { recorded: RecordedDelta }
  | { error: TallyrootApiError | TallyrootConnectionError; mayBeRecorded: boolean };

/** A batch that is about to be sent again. */
export type Retry = {
  error: TallyrootApiError | TallyrootConnectionError;
  /** Attempts made so far. */
  attempt: number;
  /** Deltas of the batch. */
  deltas: number;
  /** Milliseconds until the next attempt. */
  pauseMs: number;
};

/**
 * Begins the check of an answer before its request is sent: the answer need not know of what came later.
 *
 * @returns the check itself. It throws TallyrootVerificationError when the answer to a batch contradicts the evidence.
 */
export type BeginCheck = () => Promise<
  (batch: { sent: readonly SentDelta[]; data: BatchAnswer }, options: { signal: AbortSignal }) => Promise<void>
>;

export type DeliveryParts = {
  transport: Transport;
  beginCheck: BeginCheck | undefined;
  /** A random share from 0 to 1. */
  share: () => number;
  onRetry: (retry: Retry) => void;
  /** Milliseconds from a batch's first attempt, after which no further one is begun. Infinity: never. */
  giveUpAfterMs: number;
  signal: AbortSignal;
};

/**
 * Delivers one batch: sends it, under one idempotency key, until an answer has arrived whole. An attempt whose answer was lost may have
 * recorded the batch, or the beginning of it; the next one is answered for what is on record, and records the rest.
 *
 * @returns what came of each delta, in order.
 * @throws the reason of the signal, and what is no failure of a request.
 */
export async function deliver(
  parts: DeliveryParts,
  { entries, idempotencyKey }: { entries: readonly Entry[]; idempotencyKey: string },
): Promise<Outcome[]> {
  const { share, onRetry, giveUpAfterMs, signal } = parts;
  const end = performance.now() + giveUpAfterMs;
  const sent = entries.map(deltaOf);
  for (let attempt = 1; ; attempt++) {
    const { error, outcomes } = await attempted(parts, { sent, idempotencyKey });
    if (!error) return outcomes;
    if (!error.retryable) return entries.map(() => ({ error, mayBeRecorded: attempt > 1 }));
    const pauseMs = pauseBefore(attempt, share(), error instanceof TallyrootApiError ? error.retryAfterSeconds : null);
    if (performance.now() + pauseMs > end) return outcomes ?? entries.map(() => ({ error, mayBeRecorded: true }));
    onRetry({ error, attempt, deltas: entries.length, pauseMs });
    await sleep(pauseMs, signal);
  }
}

type Batch = { sent: readonly SentDelta[]; idempotencyKey: string };

/** What an attempt came to. With an error it has to be made again; its outcomes, where there are some, hold so far. */
type Attempt =
  | { error?: undefined; outcomes: Outcome[] }
  | { error: TallyrootApiError | TallyrootConnectionError; outcomes?: Outcome[] };

async function attempted(parts: DeliveryParts, batch: Batch): Promise<Attempt> {
  const check = await parts.beginCheck?.();
  let data: unknown;
  try {
    data = await posted(parts, batch);
  } catch (error) {
    if (isFailedRequest(error)) return { error };
    throw error;
  }
  const outcomes = outcomesOf(data, batch.sent.length);
  // Something in between made it: it tells nothing of what is on record.
  if (!outcomes) return { error: new TallyrootConnectionError("an answer that does not tell what came of each delta") };
  const error = outcomes.map((outcome) => ("error" in outcome ? outcome.error : undefined)).find((e) => e?.retryable);
  if (error) return { error, outcomes };
  try {
    await check?.({ sent: batch.sent, data: data as BatchAnswer }, { signal: parts.signal });
  } catch (error) {
    // A refusal here is not one of the batch.
    if (isFailedRequest(error) && error.retryable) return { error };
    throw error;
  }
  return { outcomes };
}

async function posted({ transport, signal }: DeliveryParts, { sent, idempotencyKey }: Batch): Promise<unknown> {
  const path = "/balance/delta/batch";
  const body = { deltas: sent };
  // The transport's own retries end some time, and know nothing of a batch that was recorded in part.
  const { data } = await transport.send({ method: "POST", path, body, idempotencyKey, signal, maxRetries: 0 });
  return data;
}

function isFailedRequest(error: unknown): error is TallyrootApiError | TallyrootConnectionError {
  return error instanceof TallyrootApiError || error instanceof TallyrootConnectionError;
}

/** Undefined for what is no answer to so many deltas. */
function outcomesOf(data: unknown, count: number): Outcome[] | undefined {
  const { results } = data as Partial<BatchAnswer>;
  const fits =
    Array.isArray(results) &&
    results.length === count &&
    results.every((one, i) => one?.index === i && (one.status === "QUEUED" || one.error !== undefined));
  if (!fits) return undefined;
  return results.map((one) =>
    one.error
      ? { error: refusalOf(one.error), mayBeRecorded: one.error.code === CUT_OFF }
      : { recorded: one as RecordedDelta },
  );
}

/** Of a delta that the server did not come to. It does when the batch comes again; every other refusal would be the same again. */
const CUT_OFF = "SERVICE_UNAVAILABLE";

function refusalOf({ code, message }: { code: string; message: string }): TallyrootApiError {
  const parts = { status: 201, requestId: null, details: {}, retryAfterSeconds: null };
  return new TallyrootApiError(code, message, { ...parts, retryable: code === CUT_OFF });
}
