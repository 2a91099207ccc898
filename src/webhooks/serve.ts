import { randomInt } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AttemptOutcome, Delivery, WebhookEndpoint } from "../ledger/ports/webhooks.ts";
import { type AttemptParts, attemptDelivery } from "./attempt.ts";
import type { Background } from "./background.ts";
import { openOutcomes } from "./outcomes.ts";
import { delayAfter, TRY_FOR_MS } from "./schedule.ts";

/** Attempts under way to one endpoint at once, each of another ledger; and to all together. */
const PER_ENDPOINT = 4;
const ALTOGETHER = 256;
/** Deliveries of one endpoint that are looked at together. */
const LOOKED_AT = 100;
/** Attempts in a row that fail until an endpoint counts as down: it is then tried with one delivery at a time, more and more rarely. */
const DOWN_AFTER = 3;
/** Milliseconds until what is not so at the moment, or what the disk refused to take, is looked at again. */
const SOON_MS = 5_000;
/** Milliseconds at most until an endpoint's time is looked at again: clocks are set, timers have limits. */
const LONGEST_TIMER_MS = 60_000;

/** An endpoint as it is served. */
type Served = {
  id: string;
  tenantId: number;
  /** Attempts in a row that failed. A restart forgets it, which costs an endpoint that is down a few attempts. */
  failures: number;
  /** Nothing is sent before, in Unix milliseconds. */
  notBefore: number;
  underWay: Set<number>;
  looking: boolean;
  lookAgain: boolean;
  timer: NodeJS.Timeout | undefined;
};

export type Serving = {
  /** Looks what is due for an endpoint, now or as soon as the look that is under way ends. */
  look(endpoint: { id: string; tenantId: number }): void;
  stop(): void;
};

/**
 * Serves each endpoint by itself: none waits for another, and one that is down is asked rarely.
 *
 * @param cut cuts off attempts that are under way; nothing is stored of them.
 */
export function openServing(parts: AttemptParts, background: Background, cut: AbortSignal): Serving {
  const { store, clock } = parts;
  const outcomes = openOutcomes(store);
  const served = new Map<string, Served>();
  /** Those that had no room altogether, the longest waiting first. */
  const starving = new Set<Served>();
  let underWay = 0;

  function look({ id, tenantId }: { id: string; tenantId: number }): void {
    const one = served.get(id) ?? {
      id,
      tenantId,
      failures: 0,
      notBefore: 0,
      underWay: new Set(),
      looking: false,
      lookAgain: false,
      timer: undefined,
    };
    served.set(id, one);
    lookSoon(one);
  }

  function lookSoon(one: Served): void {
    one.lookAgain = true;
    if (one.looking) return;
    background.run("deliveries of an endpoint could not be looked at", async () => {
      one.looking = true;
      try {
        while (one.lookAgain && background.isOpen()) {
          one.lookAgain = false;
          await lookNow(one);
          if (one.lookAgain) await nextTurn();
        }
      } catch (error) {
        setTimer(one, clock() + SOON_MS);
        throw error;
      } finally {
        one.looking = false;
      }
    });
  }

  function setTimer(one: Served, at: number | undefined): void {
    clearTimeout(one.timer);
    if (at === undefined || !background.isOpen()) return;
    one.timer = setTimeout(() => lookSoon(one), Math.min(Math.max(at - clock(), 1), LONGEST_TIMER_MS)).unref();
  }

  async function lookNow(one: Served): Promise<void> {
    const endpoint = await store.endpoint(one.tenantId, one.id);
    if (!endpoint?.enabled) {
      clearTimeout(one.timer);
      if (!endpoint && one.underWay.size === 0) served.delete(one.id);
      return;
    }
    const now = clock();
    const isDown = one.failures >= DOWN_AFTER;
    // What ends while the store is asked may be in an answer from before its end: it is looked at again.
    const taken = new Set(one.underWay);
    const due = (await store.dueDeliveries(one.id, now, LOOKED_AT)).filter(({ event }) => !taken.has(event.id));
    const overdue = due.filter((delivery) => now >= lastTime(endpoint, delivery) && (isDown || delivery.attempts > 0));
    if (overdue.length > 0) {
      await store.settle(overdue.map((delivery) => givenUp(delivery, now)));
      // The next of their ledgers have their turn.
      one.lookAgain = true;
      return;
    }
    const room = now < one.notBefore ? 0 : (isDown ? 1 : PER_ENDPOINT) - one.underWay.size;
    for (const delivery of due.slice(0, Math.max(room, 0))) {
      if (underWay >= ALTOGETHER) {
        starving.add(one);
        return;
      }
      begin(one, endpoint, delivery);
    }
    // What is under way looks again when it ends.
    const next = one.underWay.size > 0 ? undefined : await store.nextDueAt(one.id);
    setTimer(one, next === undefined ? undefined : Math.max(next, one.notBefore));
  }

  function begin(one: Served, endpoint: WebhookEndpoint, delivery: Delivery): void {
    one.underWay.add(delivery.event.id);
    underWay += 1;
    background.run("the outcome of a delivery could not be stored: it will be sent again", async () => {
      try {
        await outcomes.store(await outcomeOf(one, endpoint, delivery));
      } catch (error) {
        if (cut.aborted) return;
        one.notBefore = clock() + SOON_MS;
        throw error;
      } finally {
        one.underWay.delete(delivery.event.id);
        underWay -= 1;
        lookSoon(one);
        const [next] = starving;
        if (next) {
          starving.delete(next);
          lookSoon(next);
        }
      }
    });
  }

  async function outcomeOf(one: Served, endpoint: WebhookEndpoint, delivery: Delivery): Promise<AttemptOutcome> {
    const attempted = await attemptDelivery(parts, endpoint, delivery, cut);
    const at = clock();
    const named = { event: delivery.event.id, endpointId: delivery.endpointId, at };
    if (attempted.kind === "untrue") return { ...named, kind: "put-off", nextAttemptAt: at + SOON_MS };
    if (attempted.kind === "delivered") {
      one.failures = 0;
      one.notBefore = 0;
      return { ...named, ...attempted };
    }
    const { status, error, receiver } = attempted;
    if (receiver) {
      one.failures += 1;
      if (one.failures >= DOWN_AFTER) one.notBefore = at + delayAfter(one.failures - DOWN_AFTER + 1, chance());
    }
    const nextAttemptAt = at + delayAfter(delivery.attempts + 1, chance());
    if (nextAttemptAt > lastTime(endpoint, delivery))
      return { ...named, kind: "parked", status, error, attempted: true };
    return { ...named, kind: "failed", status, error, nextAttemptAt };
  }

  return {
    look,
    stop() {
      for (const one of served.values()) clearTimeout(one.timer);
    },
  };
}

/** When a delivery has been tried long enough, in Unix milliseconds. While its endpoint is paused, the time does not run. */
function lastTime(endpoint: WebhookEndpoint, { since }: Delivery): number {
  return Math.max(since, endpoint.resumedAt) + TRY_FOR_MS;
}

function givenUp({ event, endpointId, lastStatus, lastError }: Delivery, at: number): AttemptOutcome {
  return {
    event: event.id,
    endpointId,
    at,
    kind: "parked",
    status: lastStatus,
    error: lastError ?? "ENDPOINT_DOWN",
    attempted: false,
  };
}

/** A number from 0 to 1, evenly spread. */
function chance(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}
