import { setImmediate as nextTurn } from "node:timers/promises";
import type { AttemptOutcome, WebhookStore } from "../ledger/ports/webhooks.ts";

/** Outcomes that share one commit at most: recording waits no longer than that takes. */
const PER_COMMIT = 50;

/** Stores outcomes; those of one turn of the event loop share a commit, and the wait for the disk. */
export function openOutcomes(store: Pick<WebhookStore, "settle">): { store(outcome: AttemptOutcome): Promise<void> } {
  let waiting: AttemptOutcome[] = [];
  let commit: Promise<void> | undefined;

  async function storeAll(): Promise<void> {
    const outcomes = waiting;
    waiting = [];
    commit = undefined;
    for (let from = 0; from < outcomes.length; from += PER_COMMIT) {
      if (from > 0) await nextTurn();
      await store.settle(outcomes.slice(from, from + PER_COMMIT));
    }
  }

  return {
    store(outcome) {
      waiting.push(outcome);
      commit ??= nextTurn().then(storeAll);
      return commit;
    },
  };
}
