import type { IncomingMessage, ServerResponse } from "node:http";
import { TallyrootError } from "../core/errors.ts";
import type { Log } from "../ledger/ports/log.ts";
import { answerError, JSON_TYPE, refusalBody, sendWhole } from "./answer.ts";
import { accepts, type Exchange } from "./exchange.ts";
import type { Route } from "./route.ts";
import { openStandingQueue } from "./standing-queue.ts";
import { STATUSES } from "./statuses.ts";
import { openTurn } from "./turn.ts";

/** Bytes of large bodies that are being read or worked on at the same time; parsed, they are several times as much. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What a stream of lines holds at most: a chunk, a line, and a group that is being recorded. */
const STREAM_BYTES = 256 * 1024;
/** Seconds after which a refused caller may try again: by then the queue is another. */
const RETRY_SECONDS = 1;
/** Milliseconds between two lines of the log about the same. */
const LOG_MS = 5_000;

const BUSY = new TallyrootError(
  "SERVICE_UNAVAILABLE",
  "the server has as much to do as it can: try again in a second",
  {
    retryAfterSeconds: RETRY_SECONDS,
  },
);
/** The refusal as text, to be filled with a request id: it is sent when there is no time for anything. */
const [BEFORE_ID, AFTER_ID] = refusalBody(BUSY, "@").split('"@"') as [string, string];
const HEADERS = { "Retry-After": String(RETRY_SECONDS), "Cache-Control": "no-store" };

export type Admission = {
  /** Whether a request is to be refused now, before anything of it is looked at but its head. */
  isRefused(line: Pick<Route, "bodyLimit" | "takes" | "queues">, request: IncomingMessage): boolean;
  /** Answers a request that is refused. */
  refuse(exchange: Exchange): void;
  /** Waits in the route's queue while the work is done. */
  queued<T>(line: Pick<Route, "queues">, work: () => Promise<T>): Promise<T>;
  /** Counts the bytes of a large body for as long as its request is under way. @returns what is to be called at its end. @throws TallyrootError SERVICE_UNAVAILABLE */
  hold(line: Pick<Route, "bodyLimit" | "takes">, request: IncomingMessage): () => void;
};

/** Decides what is let in: a server that takes everything answers nothing in time. */
export function openAdmission(log: Log): Admission {
  const queue = openStandingQueue();
  const turn = openTurn();
  let held = 0;
  let [refused, loggedAt] = [0, Number.NEGATIVE_INFINITY];

  function note(now: number): void {
    refused += 1;
    if (now - loggedAt < LOG_MS) return;
    log.warn({ refused }, "more is asked than can be recorded: requests are refused");
    [refused, loggedAt] = [0, now];
  }

  /** One alone is let in, whatever it is: its route has a limit. */
  const isTooMuch = (bytes: number) => bytes > 0 && held > 0 && held + bytes > MOST_BYTES;

  return {
    isRefused(line, request) {
      const now = performance.now();
      const isFull = line.queues ? queue.isFull(turn(now), now) : isTooMuch(bytesOf(line, request));
      if (isFull) note(now);
      return isFull;
    },
    refuse({ request, response, requestId, headers }) {
      if (accepts(request, "application/problem+json")) {
        answerError(response as ServerResponse, BUSY, true, headers);
        return;
      }
      const body = `${BEFORE_ID}"${requestId}"${AFTER_ID}`;
      sendWhole(response, STATUSES[BUSY.code], { ...headers, ...HEADERS }, { mediaType: JSON_TYPE, body });
    },
    async queued(line, work) {
      if (!line.queues) return work();
      const leave = queue.enter(turn(performance.now()));
      try {
        return await work();
      } finally {
        leave();
      }
    },
    hold(line, request) {
      const bytes = bytesOf(line, request);
      // Many may have come at once, before any of them was counted.
      if (isTooMuch(bytes)) throw BUSY;
      held += bytes;
      return () => {
        held -= bytes;
      };
    },
  };
}

/** By its own word, or the most that it may be: a body in chunks, or in an encoding, does not say. */
function bytesOf({ bodyLimit, takes }: Pick<Route, "bodyLimit" | "takes">, { headers }: IncomingMessage): number {
  if (takes === "lines") return STREAM_BYTES;
  if (bodyLimit === undefined) return 0;
  const said = headers["content-encoding"] === undefined ? Number(headers["content-length"] ?? Number.NaN) : Number.NaN;
  return said <= bodyLimit ? said : bodyLimit;
}
