import { randomInt } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AttemptOutcome, Deliverer, Delivery, WebhookEndpoint } from "../ledger/webhook-ports.ts";
import { whyRefused } from "./address-guard.ts";
import { type AttemptParts, attemptDelivery, testEndpoint } from "./attempt.ts";
import { delayAfter, TRY_FOR_MS } from "./schedule.ts";

/** Rows that one transaction makes or looks at: recording waits no longer than that takes. */
const ROWS_PER_STEP = 100;
/** Outcomes that share one commit. */
const OUTCOMES_PER_COMMIT = 50;
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
/** Milliseconds that attempts under way get to end when the server stops. */
const DRAIN_MS = 2_000;
/** Milliseconds for which events and their deliveries are kept, and between two rounds of dropping older ones. */
const KEEP_MS = 30 * 86_400_000;
const TIDY_EVERY_MS = 3_600_000;
const ENDPOINTS_PER_READ = 100;
/** Milliseconds between two looks for confirmed anchors: news of them comes at the end of a round only, and a round may be long. */
const ANCHORS_EVERY_MS = 1_000;

export type DeliveryParts = AttemptParts & {
  /** Whether the operator allows plain http and addresses of its own network. */
  allowPrivate: boolean;
};

export type Deliveries = Deliverer & {
  /** Begins: before, nothing is sent but tests. */
  start(): void;
  /** Anchoring has halted: whoever wants to know is told. */
  halted(): void;
  /** Ends; what was under way is sent again after the next start. */
  stop(): Promise<void>;
};

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

/**
 * Delivers what happened to whoever wants to know, beside the API: at least once, and the events of a ledger in order.
 *
 * Everything that must not be forgotten is in the store: events are made from confirmed anchors behind a cursor, and a delivery is
 * pending until its outcome is stored. A process that is killed goes on after the next start where the store stands. Endpoints do not
 * wait for each other, and one that is down is asked rarely.
 */
export function openDeliveries(parts: DeliveryParts): Deliveries {
  const { store, clock, log, post, allowPrivate } = parts;
  const served = new Map<string, Served>();
  const starving = new Set<Served>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  let stopped = true;
  let underWay = 0;

  /** Background work of which nobody waits for the end: what goes wrong is reported, and everything stored stays as it is. */
  function run(what: string, work: () => Promise<void>): void {
    if (stopped) return;
    const done = work()
      .catch((error: unknown) => log.error({ err: error }, what))
      .finally(() => running.delete(done));
    running.add(done);
  }

  // Events.
  let making = false;
  let makeAgain = false;
  async function makeEvents(): Promise<void> {
    makeAgain = true;
    if (making) return;
    making = true;
    try {
      while (makeAgain && !stopped) {
        makeAgain = false;
        for (let more = true; more && !stopped; await nextTurn()) {
          const step = await store.makeEvents(ROWS_PER_STEP, clock());
          more = step.more;
          if (step.made > 0) await lookAtAll();
        }
      }
    } finally {
      making = false;
    }
  }

  async function lookAtAll(): Promise<void> {
    for (let after = ""; !stopped; ) {
      const page = await store.enabledEndpoints(after, ENDPOINTS_PER_READ);
      for (const { id, tenantId } of page) lookSoon(servedAs(id, tenantId));
      after = page.at(-1)?.id ?? "";
      if (page.length < ENDPOINTS_PER_READ) return;
      await nextTurn();
    }
  }

  function servedAs(id: string, tenantId: number): Served {
    const known = served.get(id);
    if (known) return known;
    const fresh: Served = {
      id,
      tenantId,
      failures: 0,
      notBefore: 0,
      underWay: new Set(),
      looking: false,
      lookAgain: false,
      timer: undefined,
    };
    served.set(id, fresh);
    return fresh;
  }

  // One endpoint.
  function lookSoon(one: Served): void {
    one.lookAgain = true;
    if (one.looking) return;
    one.looking = true;
    run("deliveries of an endpoint could not be looked at", async () => {
      try {
        while (one.lookAgain && !stopped) {
          one.lookAgain = false;
          await look(one);
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
    if (at === undefined || stopped) return;
    one.timer = setTimeout(() => lookSoon(one), Math.min(Math.max(at - clock(), 1), LONGEST_TIMER_MS)).unref();
  }

  async function look(one: Served): Promise<void> {
    const endpoint = await store.endpoint(one.tenantId, one.id);
    if (!endpoint?.enabled) {
      clearTimeout(one.timer);
      if (!endpoint && one.underWay.size === 0) served.delete(one.id);
      return;
    }
    const now = clock();
    const isDown = one.failures >= DOWN_AFTER;
    const due = (await store.dueDeliveries(one.id, now, LOOKED_AT)).filter(({ event }) => !one.underWay.has(event.id));
    const overdue = due.filter((delivery) => now >= lastTime(endpoint, delivery) && (isDown || delivery.attempts > 0));
    if (overdue.length > 0) {
      await store.settle(
        overdue.map((delivery) => ({
          ...nameOf(delivery, now),
          kind: "parked",
          status: delivery.lastStatus,
          error: delivery.lastError ?? "ENDPOINT_DOWN",
          attempted: false,
        })),
      );
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
    // Whatever is under way looks again when it ends.
    if (one.underWay.size > 0) clearTimeout(one.timer);
    else {
      const next = await store.nextDueAt(one.id);
      setTimer(one, next === undefined ? undefined : Math.max(next, one.notBefore));
    }
  }

  function begin(one: Served, endpoint: WebhookEndpoint, delivery: Delivery): void {
    one.underWay.add(delivery.event.id);
    underWay += 1;
    run("the outcome of a delivery could not be stored: it will be sent again", async () => {
      try {
        await settle(await outcomeOf(one, endpoint, delivery));
      } catch (error) {
        if (stopping.signal.aborted) return;
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
    const attempted = await attemptDelivery(parts, endpoint, delivery, stopping.signal);
    const at = clock();
    const named = nameOf(delivery, at);
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

  // Outcomes of one turn of the event loop share a commit.
  let waiting: AttemptOutcome[] = [];
  let commit: Promise<void> | undefined;
  function settle(outcome: AttemptOutcome): Promise<void> {
    waiting.push(outcome);
    commit ??= nextTurn().then(storeOutcomes);
    return commit;
  }

  async function storeOutcomes(): Promise<void> {
    const outcomes = waiting;
    waiting = [];
    commit = undefined;
    for (let from = 0; from < outcomes.length; from += OUTCOMES_PER_COMMIT) {
      if (from > 0) await nextTurn();
      await store.settle(outcomes.slice(from, from + OUTCOMES_PER_COMMIT));
    }
  }

  async function dropOld(): Promise<void> {
    while (!stopped && (await store.tidy(clock() - KEEP_MS, ROWS_PER_STEP))) await nextTurn();
  }

  let haltedEarly = false;
  async function tellOfHalt(): Promise<void> {
    if ((await store.makeHaltedEvents(clock())) > 0) await lookAtAll();
  }

  function wake(): void {
    run("webhook events could not be made", makeEvents);
    run("endpoints could not be looked at", lookAtAll);
  }

  const timers: NodeJS.Timeout[] = [];
  function every(milliseconds: number, what: string, work: () => Promise<void>): void {
    timers.push(setInterval(() => run(what, work), milliseconds).unref());
    run(what, work);
  }

  return {
    start() {
      stopped = false;
      every(ANCHORS_EVERY_MS, "webhook events could not be made", makeEvents);
      every(TIDY_EVERY_MS, "old webhook events could not be dropped", dropOld);
      if (haltedEarly) run("nobody could be told that anchoring has halted", tellOfHalt);
      wake();
    },
    wake,
    whyRefused: (url) => whyRefused(url, allowPrivate),
    test: (endpoint, eventId) => testEndpoint(parts, endpoint, eventId, stopping.signal),
    halted() {
      if (stopped) haltedEarly = true;
      run("nobody could be told that anchoring has halted", tellOfHalt);
    },
    async stop() {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
      for (const one of served.values()) clearTimeout(one.timer);
      const patience = setTimeout(() => stopping.abort(), DRAIN_MS);
      while (running.size > 0) await Promise.all(running);
      clearTimeout(patience);
      post.close();
    },
  };
}

function nameOf({ event, endpointId }: Delivery, at: number): { event: number; endpointId: string; at: number } {
  return { event: event.id, endpointId, at };
}

/** When a delivery has been tried long enough, in Unix milliseconds. While its endpoint is paused, the time does not run. */
function lastTime(endpoint: WebhookEndpoint, { since }: Delivery): number {
  return Math.max(since, endpoint.resumedAt) + TRY_FOR_MS;
}

/** A number from 0 to 1, evenly spread. */
function chance(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}
