import type { BulkResult } from "../answers.ts";
import type { BatchDelta } from "../requests.ts";
import { sentDelta } from "../sending.ts";

/** A delta as it is sent: its amount as text, and with an idempotency key, under which it is recorded once however often it is sent. */
export type SentDelta = Omit<BatchDelta, "delta"> & { delta: string };

/** What the server answers of a delta that is on record. */
export type RecordedDelta = BulkResult & { status: "QUEUED"; recordId: string; receiptId: string };

/** A delta that waits for its delivery. It is held as the text that is sent: what the caller does to the object later does not reach it. */
export type Entry = {
  /** 1, 2, 3 … in the order of the calls. */
  number: number;
  lane: number;
  text: string;
  /** Of the text in UTF-8. */
  bytes: number;
  /** When it was taken, in milliseconds of the clock that never jumps. */
  at: number;
  /** Whoever waits for its outcome. */
  result: { resolve: (recorded: RecordedDelta) => void; reject: (error: unknown) => void } | undefined;
};

const encoder = new TextEncoder();

/** The server takes a summary once under each reference; a key of its own would let a second recorder submit it again. */
const SUMMARY = "tenant_summary";

/**
 * Makes an entry of a delta. It gets an idempotency key of its own, where it has none: what a caller gets back undelivered may be on
 * record, and is then safe to be recorded again in another batch.
 *
 * @throws RangeError for an amount that is not exact; TypeError for what cannot be written as JSON.
 */
export function entryOf(
  delta: BatchDelta,
  { number, run, lanes, result }: Pick<Entry, "number" | "result"> & { run: string; lanes: number },
): Entry {
  const { submissionType } = (delta.metadata ?? {}) as { submissionType?: unknown };
  const isSummary = delta.referenceId !== undefined && submissionType === SUMMARY;
  const idempotencyKey = delta.idempotencyKey ?? (isSummary ? undefined : `${run}:${number}`);
  const text = JSON.stringify({ ...sentDelta(delta), idempotencyKey });
  return {
    number,
    lane: laneOf(delta.customerId, lanes),
    text,
    bytes: encoder.encode(text).length,
    at: performance.now(),
    result,
  };
}

/** The delta of an entry, with its idempotency key. */
export function deltaOf({ text }: Entry): SentDelta {
  return JSON.parse(text) as SentDelta;
}

/** Which lane a customer's deltas go through, always the same one (FNV-1a over UTF-16 units). */
function laneOf(customerId: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < customerId.length; i++) hash = Math.imul(hash ^ customerId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % lanes;
}
