import type { Log } from "../ledger/ports/log.ts";

/** Work of which nobody waits for the end. */
export type Background = {
  /** Whether work is begun: between start and stop. */
  isOpen(): boolean;
  /** Begins work; what goes wrong is reported, and `what` says in a sentence what that means. */
  run(what: string, work: () => Promise<void>): void;
  /** The same again and again, and once at once. */
  every(milliseconds: number, what: string, work: () => Promise<void>): void;
  start(): void;
  /** Begins nothing more, and waits for what was begun. */
  stop(): Promise<void>;
};

export function openBackground(log: Log): Background {
  const running = new Set<Promise<void>>();
  const timers: NodeJS.Timeout[] = [];
  let isOpen = false;

  function run(what: string, work: () => Promise<void>): void {
    if (!isOpen) return;
    const done = work()
      .catch((error: unknown) => log.error({ err: error }, what))
      .finally(() => running.delete(done));
    running.add(done);
  }

  return {
    isOpen: () => isOpen,
    run,
    every(milliseconds, what, work) {
      timers.push(setInterval(() => run(what, work), milliseconds).unref());
      run(what, work);
    },
    start() {
      isOpen = true;
    },
    async stop() {
      isOpen = false;
      for (const timer of timers) clearInterval(timer);
      while (running.size > 0) await Promise.all(running);
    },
  };
}
