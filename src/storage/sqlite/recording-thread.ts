import { Worker } from "node:worker_threads";
import { compileCacheOfThread } from "../../compile-cache.ts";
import { invariant, type TallyrootError } from "../../core/errors.ts";
import type { Erasure } from "../../ledger/ports/erasure.ts";
import type { RecordOutcome, RecordRequest } from "../../ledger/ports/ledgers.ts";
import { busy, MOST_WAITING, stopping } from "../writer-refusals.ts";
import type { SqliteReader } from "./reader.ts";
import type { RecordingInput } from "./recording-job.ts";
import {
  type Done,
  deltaIn,
  type EraseOrder,
  errorOf,
  type OutcomeReport,
  openOrder,
  type Report,
} from "./recording-messages.ts";
import type { TailIndex } from "./tail-index.ts";
import type { SqliteWriter } from "./writer.ts";

type Waiting = {
  /** When it was asked for, in Unix milliseconds: no delta of it is recorded as of before that. */
  since: number;
  requests: readonly RecordRequest[];
  resolve(outcomes: RecordOutcome[]): void;
  reject(error: Error): void;
};

type Parts = {
  input: RecordingInput;
  /** This thread's own view of the record. */
  reader: SqliteReader;
  fingerprints: TailIndex;
  requestIds: TailIndex;
  /** The number of the last delta that is stored. */
  latest: number;
  /** Unix milliseconds. */
  clock: () => number;
};

/**
 * The writer in a thread of its own: composing, sealing, hashing and waiting for the disk are not in the way of whoever is answered
 * meanwhile, and what arrives during a commit shares the next one.
 *
 * What one turn of the event loop brings goes over in one message.
 */
export function startRecordingThread({ input, reader, fingerprints, requestIds, latest, clock }: Parts): SqliteWriter {
  const worker = new Worker(new URL("./recording-job.ts", import.meta.url), {
    workerData: input,
    execArgv: [],
    env: compileCacheOfThread(),
    name: "recording",
  });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  const units = new Map<number, Waiting>();
  const erasures = new Map<number, PromiseWithResolvers<Erasure>>();
  /** Whoever waits for what was asked for before: until no unit up to `through` is left. */
  let watchers: { through: number; resolve(): void }[] = [];
  let lastId = 0;
  let waitingRequests = 0;
  let arrivals = latest;
  let closed = false;
  let order: ReturnType<typeof openOrder> | undefined;

  function send(): void {
    if (order) worker.postMessage(order.order);
    order = undefined;
  }

  function tellAll(report: Report): void {
    let [delta, outcome] = [0, 0];
    for (const { id, size, failure } of report.units) {
      const unit = units.get(id);
      invariant(unit !== undefined, "the recording thread answers what it was asked");
      units.delete(id);
      waitingRequests -= unit.requests.length;
      if (failure) {
        unit.reject(errorOf(failure));
        continue;
      }
      const outcomes: RecordOutcome[] = [];
      for (const [i, came] of report.outcomes.slice(outcome, outcome + size).entries()) {
        const { amount, requestId = null } = unit.requests[i]!;
        if (came === 0) {
          const recorded = deltaIn(report, delta++, amount);
          // Deltas are numbered by arrival without holes, and reported in that order.
          arrivals += 1;
          fingerprints.add(recorded.fingerprint, arrivals);
          requestIds.add(requestId, arrivals);
          outcomes.push({ kind: "recorded", delta: recorded });
        } else outcomes.push(earlier(came));
      }
      outcome += size;
      unit.resolve(outcomes);
    }
    fingerprints.forgetWritten();
    requestIds.forgetWritten();
    if (watchers.length > 0) tellWatchers();
  }

  function tellWatchers(): void {
    const oldest = units.keys().next().value ?? Number.POSITIVE_INFINITY;
    for (const { through, resolve } of watchers) if (through < oldest) resolve();
    watchers = watchers.filter(({ through }) => through >= oldest);
  }

  function earlier(came: Exclude<OutcomeReport, 0>): RecordOutcome {
    if (!("ledger" in came)) return { kind: "refused", error: errorOf(came) as TallyrootError };
    const delta = reader.delta(came.ledger, came.sequence);
    invariant(delta !== undefined, "what was replayed is stored");
    return { kind: "replayed", delta };
  }

  worker.on("message", (news: Report | Done) => {
    if (news.kind === "recorded") return tellAll(news);
    const erasure = erasures.get(news.id);
    invariant(erasure !== undefined, "the recording thread answers what it was asked");
    erasures.delete(news.id);
    if (news.failure) erasure.reject(errorOf(news.failure));
    else erasure.resolve(news.result as Erasure);
  });
  // Nobody may go on as if recording did: the process ends, as it does with any other mistake of ours.
  worker.once("error", (error) => {
    throw error;
  });

  return {
    record(requests, atomic, { request, allNew = false } = {}) {
      if (closed) return Promise.reject(stopping());
      if (waitingRequests + requests.length > MOST_WAITING) return Promise.reject(busy());
      return new Promise((resolve, reject) => {
        lastId += 1;
        waitingRequests += requests.length;
        if (!order) {
          order = openOrder(clock());
          setImmediate(send);
        }
        units.set(lastId, { since: order.order.now, requests, resolve, reject });
        order.add({ id: lastId, atomic, allNew, request }, requests);
      });
    },
    writtenBefore(time) {
      const oldest = units.values().next().value;
      if (!oldest || oldest.since >= time) return undefined;
      return new Promise((resolve) => watchers.push({ through: lastId, resolve }));
    },
    eraseKeys(tenantId, customerId, ledger, at) {
      if (closed) return Promise.reject(stopping());
      // What came before is recorded before.
      send();
      lastId += 1;
      const erasure = Promise.withResolvers<Erasure>();
      erasures.set(lastId, erasure);
      worker.postMessage({ kind: "erase", id: lastId, tenantId, customerId, ledger, at } satisfies EraseOrder);
      return erasure.promise;
    },
    async close() {
      if (!closed) {
        closed = true;
        send();
        worker.postMessage({ kind: "close" });
      }
      await ended;
    },
  };
}
