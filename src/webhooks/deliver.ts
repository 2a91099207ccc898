import { setImmediate as nextTurn } from "node:timers/promises";
import type { Deliverer } from "../ledger/ports/webhooks.ts";
import { whyRefused } from "./address-guard.ts";
import { type AttemptParts, testEndpoint } from "./attempt.ts";
import { openBackground } from "./background.ts";
import { openServing } from "./serve.ts";

/** Rows that one transaction makes, looks at or drops: recording waits no longer than that takes. */
const ROWS_PER_STEP = 50;
const ENDPOINTS_PER_READ = 100;
/** Milliseconds between two looks for confirmed anchors: news of them comes at the end of a round only, and a round may be long. */
const ANCHORS_EVERY_MS = 1_000;
/** Milliseconds for which events and their deliveries are kept, and between two rounds of dropping older ones. */
const KEEP_MS = 30 * 86_400_000;
const TIDY_EVERY_MS = 3_600_000;
/** Milliseconds that attempts under way get to end when the server stops. */
const DRAIN_MS = 2_000;

export type DeliveryParts = AttemptParts & {
  /** Whether the operator allows plain http and addresses of its own network. */
  allowPrivate: boolean;
  /** `DRAIN_MS` unless a drill needs less. */
  drainMs?: number;
};

export type Deliveries = Deliverer & {
  /** Begins: before, nothing is sent but tests. */
  start(): void;
  /**
   * Anchoring has halted: whoever wants to know is told.
   *
   * @param note stores why, before anybody is told: a delivery says what is stored, on whichever node it is made.
   */
  halted(note: () => Promise<void>): void;
  /** Ends; what was under way is sent again after the next start. */
  stop(): Promise<void>;
};

/**
 * Delivers what happened to whoever wants to know, beside the API: at least once, and the events of a ledger in order.
 *
 * Everything that must not be forgotten is in the store: events are made from confirmed anchors behind a cursor, and a delivery is
 * pending until its outcome is stored. A process that is killed goes on after the next start where the store stands.
 */
export function openDeliveries(parts: DeliveryParts): Deliveries {
  const { store, clock, log, post, allowPrivate, drainMs = DRAIN_MS } = parts;
  const background = openBackground(log);
  const cutting = new AbortController();
  const serving = openServing(parts, background, cutting.signal);
  let haltedEarly: (() => Promise<void>) | undefined;

  let making = false;
  let makeAgain = false;
  async function makeEvents(): Promise<void> {
    makeAgain = true;
    if (making) return;
    making = true;
    try {
      while (makeAgain && background.isOpen()) {
        makeAgain = false;
        for (let more = true; more && background.isOpen(); await nextTurn()) {
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
    for (let after = ""; background.isOpen(); await nextTurn()) {
      const page = await store.enabledEndpoints(after, ENDPOINTS_PER_READ);
      for (const endpoint of page) serving.look(endpoint);
      if (page.length < ENDPOINTS_PER_READ) return;
      after = page.at(-1)!.id;
    }
  }

  async function tellOfHalt(note: () => Promise<void>): Promise<void> {
    await note();
    if ((await store.makeHaltedEvents(clock())) > 0) await lookAtAll();
  }

  async function dropOld(): Promise<void> {
    while (background.isOpen() && (await store.tidy(clock() - KEEP_MS, ROWS_PER_STEP))) await nextTurn();
  }

  function wake(): void {
    background.run("webhook events could not be made", makeEvents);
    background.run("endpoints could not be looked at", lookAtAll);
  }

  function halted(note: () => Promise<void>): void {
    if (background.isOpen()) background.run("nobody could be told that anchoring has halted", () => tellOfHalt(note));
    else haltedEarly = note;
  }

  return {
    wake,
    endpointDeleted: () => background.run("what waited for a deleted webhook could not be parked", dropOld),
    whyRefused: (url) => whyRefused(url, allowPrivate),
    test: (endpoint, eventId) => testEndpoint(parts, endpoint, eventId, cutting.signal),
    start() {
      background.start();
      background.every(ANCHORS_EVERY_MS, "webhook events could not be made", makeEvents);
      background.every(TIDY_EVERY_MS, "old webhook events could not be dropped", dropOld);
      if (haltedEarly) halted(haltedEarly);
      wake();
    },
    halted,
    async stop() {
      const patience = setTimeout(() => cutting.abort(), drainMs);
      await background.stop();
      clearTimeout(patience);
      serving.stop();
      post.close();
    },
  };
}
