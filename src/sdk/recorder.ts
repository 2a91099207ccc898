import { newKeyFrom, type RandomSource, randomSource } from "./idempotency-key.ts";
import { type BeginCheck, type DeliveryParts, deliver, type Outcome, type Retry } from "./recorder/deliver.ts";
import { deltaOf, type Entry, entryOf, type RecordedDelta, type SentDelta } from "./recorder/entry.ts";
import { TallyrootRecorderError, TallyrootUndeliveredError } from "./recorder/errors.ts";
import { atProcessEnd } from "./recorder/process-end.ts";
import { type RecorderSettings, settingsOf } from "./recorder/settings.ts";
import type { BatchDelta } from "./requests.ts";
import type { Transport } from "./transport.ts";

/** A delta that is not on record, as far as is known, and why. Its idempotency key makes it safe to record it again. */
export type RefusedDelta = {
  delta: SentDelta;
  error: Error;
  /** An attempt whose answer never came may have recorded it. */
  mayBeRecorded: boolean;
};

export type RecorderOptions = Partial<RecorderSettings> & {
  /** Is told each delta that is not recorded; while it works, the deltas behind wait. When it throws, the recorder ends. */
  onRefused: (refused: RefusedDelta) => void | Promise<void>;
  /** Is told each time a batch is about to be sent again. */
  onRetry?: (retry: Retry) => void;
};

/** Deltas in memory and their bytes, callers waiting for room, and how many deltas came to which end. */
export type RecorderCounts = {
  pending: number;
  pendingBytes: number;
  waiting: number;
  recorded: number;
  refused: number;
};

export type Recorder = {
  /**
   * Takes a delta for delivery, and resolves once it is in memory: await it, and a server that is slow or away slows its caller.
   *
   * @throws TallyrootRecorderError CLOSED or FULL; TallyrootUndeliveredError once the recorder has ended; RangeError for an amount that
   * is not exact.
   */
  record(delta: BatchDelta): Promise<void>;
  /** The same, and resolves when the delta is on record. A refusal rejects this promise instead of going to `onRefused`. */
  recorded(delta: BatchDelta): Promise<RecordedDelta>;
  /** Sends at once what has been given so far, and resolves when it is known what came of all of it. */
  flush(): Promise<void>;
  /**
   * Takes nothing more, and flushes.
   *
   * @param options.deadlineMs after which it gives up; without one it goes on until all is delivered.
   * @throws TallyrootUndeliveredError with what is not confirmed by then.
   */
  close(options?: { deadlineMs?: number }): Promise<void>;
  counts(): RecorderCounts;
};

export type RecorderParts = {
  transport: Transport;
  crypto?: RandomSource | undefined;
  /** Holds each answer against the evidence, where nothing is trusted. Its refusal ends the recorder. */
  beginCheck?: BeginCheck | undefined;
};

/** Bytes of a batch: half of what the server takes. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

type Lane = {
  queue: Entry[];
  /** Of the queue. */
  bytes: number;
  /** The batch under way, as far as its end is not known. */
  flying: Entry[];
  busy: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
};
type Promised = { resolve: () => void; reject: (error: unknown) => void };

/**
 * Opens a recorder. It gathers deltas into batches by itself and delivers each of them once and in order per customer, through restarts of
 * the server, lost connections and answers that never arrive.
 *
 * Once, because each delta and each batch keeps its idempotency key over all attempts. In order, because a customer's deltas go through
 * one lane, which sends its next batch when the last one is answered. Memory is bounded: `record` waits while it is full. What is in
 * memory is lost with a process that is killed; `close` delivers it first, as do the end of the program and the signals that ask for it.
 *
 * @example
 * const recorder = client.recorder({ onRefused: ({ delta, error }) => keep(delta, error) });
 * for await (const use of uses) await recorder.record({ customerId: use.account, delta: -use.cost, reason: "usage" });
 * await recorder.close();
 */
export function openRecorder({ transport, crypto, beginCheck }: RecorderParts, options: RecorderOptions): Recorder {
  const settings = settingsOf(options);
  const random = randomSource(crypto);
  const run = newKeyFrom(random);
  const lanes = Array.from({ length: settings.lanes }, newLane);
  const waiting: (Promised & { entry: Entry })[] = [];
  let flushes: (Promised & { upTo: number })[] = [];
  const counts = { pending: 0, pendingBytes: 0, recorded: 0, refused: 0 };
  /** Numbers of the last delta that was given, of the last that is to be sent at once, and of the last batch. */
  let given = 0;
  let urgent = 0;
  let batches = 0;
  let closed = false;
  /** Why nothing more is delivered. */
  let ended: TallyrootUndeliveredError | undefined;
  const stopping = new AbortController();
  const forget = settings.atProcessEnd ? atProcessEnd({ flush, finish }) : undefined;
  const delivery: DeliveryParts = {
    transport,
    beginCheck,
    share: () => random.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32,
    onRetry: options.onRetry ?? (() => {}),
    giveUpAfterMs: settings.giveUpAfterMs,
    signal: stopping.signal,
  };

  async function take(delta: BatchDelta, result?: Entry["result"]): Promise<void> {
    if (ended) throw ended;
    if (closed) throw new TallyrootRecorderError("CLOSED", "the recorder is closed and takes nothing more");
    const entry = entryOf(delta, { number: given + 1, run, lanes: lanes.length, result });
    const mustWait = waiting.length > 0 || !hasRoom(entry);
    if (mustWait && waiting.length >= settings.maxWaiting) {
      throw new TallyrootRecorderError("FULL", `${waiting.length} callers wait for room: await each record()`);
    }
    given++;
    if (!mustWait) {
      admit(entry);
      consider(lanes[entry.lane]!);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      waiting.push({ entry, resolve, reject });
      // Without room there is nothing to gain from waiting for fuller batches.
      for (const lane of lanes) consider(lane);
    });
  }

  function hasRoom({ bytes }: Entry): boolean {
    const { pending, pendingBytes } = counts;
    return pending === 0 || (pending < settings.maxPending && pendingBytes + bytes <= settings.maxPendingBytes);
  }

  function admit(entry: Entry): void {
    const lane = lanes[entry.lane]!;
    lane.queue.push(entry);
    lane.bytes += entry.bytes;
    counts.pending++;
    counts.pendingBytes += entry.bytes;
  }

  /** Begins with a lane whose next batch is due; otherwise sees to it that the lane is looked at when it will be. */
  function consider(lane: Lane): void {
    const [oldest] = lane.queue;
    if (lane.busy || !oldest || ended) return;
    const left = oldest.at + settings.maxAgeMs - performance.now();
    const isFull = lane.queue.length >= settings.maxBatch || lane.bytes >= MAX_BATCH_BYTES;
    if (isFull || left <= 0 || oldest.number <= urgent || waiting.length > 0) {
      clearTimeout(lane.timer);
      lane.timer = undefined;
      lane.busy = true;
      deliverNext(lane).then(() => {
        lane.busy = false;
        consider(lane);
      }, end);
    } else if (lane.timer === undefined) {
      lane.timer = setTimeout(() => {
        lane.timer = undefined;
        consider(lane);
      }, left);
      // At the end of the program the lane is flushed without waiting for its time.
      if (forget) (lane.timer as { unref?: () => void }).unref?.();
    }
  }

  async function deliverNext(lane: Lane): Promise<void> {
    const entries = nextBatch(lane);
    lane.flying = entries;
    batches++;
    const outcomes = await deliver(delivery, { entries, idempotencyKey: `${run}:batch:${batches}` });
    for (const [i, outcome] of outcomes.entries()) {
      if (ended) return;
      const told = tell(entries[i]!, outcome);
      if (told) {
        lane.flying = entries.slice(i);
        await told;
      }
    }
    if (ended) return;
    lane.flying = [];
    for (const { bytes } of entries) counts.pendingBytes -= bytes;
    counts.pending -= entries.length;
    letIn();
  }

  function nextBatch(lane: Lane): Entry[] {
    let size = 0;
    let bytes = 0;
    while (size < Math.min(lane.queue.length, settings.maxBatch)) {
      const more = lane.queue[size]!.bytes;
      if (size > 0 && bytes + more > MAX_BATCH_BYTES) break;
      bytes += more;
      size++;
    }
    lane.bytes -= bytes;
    return lane.queue.splice(0, size);
  }

  function tell(entry: Entry, outcome: Outcome): void | Promise<void> {
    if ("recorded" in outcome) {
      counts.recorded++;
      entry.result?.resolve(outcome.recorded);
      return;
    }
    counts.refused++;
    if (entry.result) entry.result.reject(outcome.error);
    else return options.onRefused({ delta: deltaOf(entry), ...outcome });
  }

  /** Gives the room that a batch has left to those who wait for it, and lets those know who wait for its end. */
  function letIn(): void {
    let count = 0;
    while (count < waiting.length && hasRoom(waiting[count]!.entry)) admit(waiting[count++]!.entry);
    for (const { resolve } of waiting.splice(0, count)) resolve();
    const oldest = oldestNumber();
    for (const { upTo, resolve } of flushes) if (upTo < oldest) resolve();
    flushes = flushes.filter(({ upTo }) => upTo >= oldest);
    for (const lane of lanes) consider(lane);
  }

  /** Of the deltas whose end is not known. */
  function oldestNumber(): number {
    const first = lanes.map(({ flying, queue }) => (flying[0] ?? queue[0])?.number ?? Number.POSITIVE_INFINITY);
    return Math.min(...first, waiting[0]?.entry.number ?? Number.POSITIVE_INFINITY);
  }

  async function flush(): Promise<void> {
    if (ended) throw ended;
    if (oldestNumber() > given) return;
    urgent = given;
    await new Promise<void>((resolve, reject) => {
      flushes.push({ upTo: given, resolve, reject });
      for (const lane of lanes) consider(lane);
    });
  }

  async function close({ deadlineMs }: { deadlineMs?: number } = {}): Promise<void> {
    closed = true;
    const late = () => end(new Error(`not delivered within ${deadlineMs} ms`));
    const timer = deadlineMs === undefined ? undefined : setTimeout(late, deadlineMs);
    try {
      await flush();
    } finally {
      clearTimeout(timer);
      forget?.();
    }
  }

  /** Stops for good: everybody who waits for something is told, with the deltas of which nothing is known. */
  function end(cause: unknown): void {
    if (ended) return;
    const left = lanes.flatMap(({ flying, queue }) => [...flying, ...queue]).sort((a, b) => a.number - b.number);
    const why = cause instanceof Error ? cause.message : String(cause);
    ended = new TallyrootUndeliveredError(`${left.length} deltas are not confirmed: ${why}`, left.map(deltaOf), {
      cause,
    });
    stopping.abort(ended);
    for (const { result } of left) result?.reject(ended);
    for (const { reject } of [...waiting.splice(0), ...flushes.splice(0)]) reject(ended);
    for (const lane of lanes) {
      clearTimeout(lane.timer);
      Object.assign(lane, newLane());
    }
    Object.assign(counts, { pending: 0, pendingBytes: 0 });
  }

  /** What a signal leaves time for; the rest is reported like what is refused. */
  async function finish(): Promise<void> {
    try {
      await close({ deadlineMs: settings.signalDeadlineMs });
    } catch (error) {
      if (!(error instanceof TallyrootUndeliveredError)) throw error;
      for (const delta of error.undelivered) await options.onRefused({ delta, error, mayBeRecorded: true });
    }
  }

  return {
    record: (delta) => take(delta),
    recorded: (delta) =>
      new Promise<RecordedDelta>((resolve, reject) => {
        take(delta, { resolve, reject }).catch(reject);
      }),
    flush,
    close,
    counts: () => ({ ...counts, waiting: waiting.length }),
  };
}

function newLane(): Lane {
  return { queue: [], bytes: 0, flying: [], busy: false, timer: undefined };
}
