import type { BatchAnswer, BulkResult } from "./answers.ts";
import type { Api } from "./api.ts";
import { TallyrootBatchError } from "./errors.ts";
import type { BatchDelta } from "./requests.ts";
import { sentDelta } from "./sending.ts";
import type { CallOptions } from "./transport.ts";

/** Deltas that the server takes at once. */
const MAX_ITEMS = 10_000;
/** Bytes that one request has at most: the server takes 8 MiB. */
const MAX_BYTES = 7 * 1024 * 1024;

export type BatchOptions = CallOptions & {
  /** `atomic`: all or none, which only one request can promise; `independent`: one bad delta does not harm the others. */
  mode?: "independent" | "atomic" | undefined;
};

/** Deltas cut into as many requests as they need, in order, always at the same places. */
function* parts(deltas: readonly BatchDelta[]): Generator<{ start: number; deltas: readonly BatchDelta[] }> {
  const encoder = new TextEncoder();
  let [start, bytes] = [0, 0];
  for (const [i, delta] of deltas.entries()) {
    const size = encoder.encode(JSON.stringify(sentDelta(delta))).length + 1;
    if (i - start === MAX_ITEMS || (bytes + size > MAX_BYTES && i > start)) {
      yield { start, deltas: deltas.slice(start, i) };
      [start, bytes] = [i, 0];
    }
    bytes += size;
  }
  yield { start, deltas: deltas.slice(start) };
}

/**
 * Records any number of deltas: one request after another, each under a key of its own that follows from the call's.
 *
 * @throws RangeError for none, for an amount that is none, and for an atomic batch that one request cannot hold;
 * TallyrootBatchError when a later request fails after earlier ones were answered.
 */
export async function emitBatch(
  api: Api,
  deltas: readonly BatchDelta[],
  { mode = "independent", idempotencyKey, ...options }: BatchOptions,
  newKey: () => string,
): Promise<BatchAnswer> {
  if (deltas.length === 0) throw new RangeError("a batch has at least one delta");
  const requests = [...parts(deltas)];
  if (mode === "atomic" && requests.length > 1)
    throw new RangeError(`an atomic batch has at most ${MAX_ITEMS} deltas and ${MAX_BYTES} bytes`);
  const key = idempotencyKey ?? newKey();
  const answers: BatchAnswer[] = [];
  const results: BulkResult[] = [];
  for (const [i, part] of requests.entries()) {
    try {
      const answer = await api.post<BatchAnswer>(
        "/balance/delta/batch",
        { deltas: part.deltas.map(sentDelta), mode },
        { ...options, idempotencyKey: i === 0 ? key : `${key}:${i}` },
        (data) => ({ kind: "batch", sent: part.deltas, data }),
      );
      answers.push(answer);
      for (const result of answer.results) results.push({ ...result, index: part.start + result.index });
    } catch (error) {
      if (i === 0) throw error;
      throw new TallyrootBatchError(results, deltas.length, key, error);
    }
  }
  const sum = (count: (answer: BatchAnswer) => number) => answers.reduce((total, answer) => total + count(answer), 0);
  return {
    totalQueued: sum(({ totalQueued }) => totalQueued),
    totalFailed: sum(({ totalFailed }) => totalFailed),
    results,
    ...(answers.every(({ idempotent }) => idempotent) && { idempotent: true }),
  };
}
