import { Worker } from "node:worker_threads";
import { compileCacheOfThread } from "../compile-cache.ts";
import type { Log } from "../ledger/ports/log.ts";
import { type ChainHealth, healthChecks, UNKNOWN_HEALTH } from "./chain-health.ts";
import type { JobInput, JobNews, JobOrder } from "./job-messages.ts";
import { type HaltReason, REMEDIES, type WaitReason } from "./remedies.ts";

/** Milliseconds that the job may take to stop; it is ended after that, which loses nothing: the next start resumes it. */
const STOP_PATIENCE_MS = 5_000;

/** How it is, in a sentence; `ok` is false while it waits for the chain or the disk, or has halted, and `code` then says why. */
export type JobState = { ok: boolean; halted: boolean; code: WaitReason | HaltReason | null; detail: string };

/** The checkpoint job as the server sees it. */
export type CheckpointJob = {
  state(): JobState;
  /** How often it has had to wait for the chain, the latest block that it saw, and how chain and account are. */
  figures(): { rpcErrors: number; chainHead: number | null; health: ChainHealth };
  /** Makes it forget the open keys of a ledger, or, by undefined, of all. */
  forget(ledgerId: number | undefined): void;
  stop(): Promise<void>;
};

/** Who else hears of it. */
export type JobListener = { confirmed(): void; halted(code: HaltReason): void };

/** Starts the checkpoint job in its thread. A job that crashes counts as halted: recording goes on. */
export function startCheckpointJob(input: JobInput, log: Log, listener: JobListener): CheckpointJob {
  let state: JobState = { ok: true, halted: false, code: null, detail: "the first round is under way" };
  const figures: ReturnType<CheckpointJob["figures"]> = { rpcErrors: 0, chainHead: null, health: UNKNOWN_HEALTH };
  const halt = (code: HaltReason, reason: string, facts: object) => {
    state = { ok: false, halted: true, code, detail: `halted (${code}): ${reason}. ${REMEDIES[code]}` };
    log.error({ ...facts, next: REMEDIES[code] }, `anchoring halted: ${reason}`);
    listener.halted(code);
  };
  const worker = new Worker(new URL("./checkpoint-job.ts", import.meta.url), {
    workerData: input,
    execArgv: [],
    env: compileCacheOfThread(),
    name: "checkpoint-job",
  });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.on("message", (news: JobNews) => {
    switch (news.kind) {
      case "round":
        state = {
          ok: true,
          halted: false,
          code: null,
          detail: `the last round ended at ${new Date(news.at).toISOString()}`,
        };
        figures.chainHead = news.chainHead;
        if (news.confirmed.length === 0) return;
        log.info({ anchors: news.confirmed }, "anchored");
        listener.confirmed();
        return;
      case "waiting": {
        const next = REMEDIES[news.code];
        const detail = `waiting for the ${news.on}: ${news.reason}. ${next}`;
        // Where several nodes share a database, one that has halted goes on holding the lead, and hears when a connection breaks.
        if (!state.halted) state = { ok: false, halted: false, code: news.code, detail };
        if (news.on === "chain") figures.rpcErrors += 1;
        log.warn({ ...news, next }, `anchoring waits for the ${news.on}`);
        return;
      }
      case "standby":
        state = {
          ok: true,
          halted: false,
          code: null,
          detail: "another node anchors, and this one takes over when it is gone",
        };
        // Who anchors looks at chain and account; what this one saw of them grows old.
        figures.health = UNKNOWN_HEALTH;
        return;
      case "halted":
        halt(news.code, news.reason, news);
        return;
      case "health":
        warnOfChanges(log, figures.health, news.health);
        figures.health = news.health;
    }
  });
  worker.once("error", (error) => halt("JOB_CRASHED", "the checkpoint job crashed", { err: error }));
  return {
    state: () => state,
    figures: () => figures,
    forget: (ledgerId) => worker.postMessage({ forget: ledgerId } satisfies JobOrder),
    async stop() {
      worker.postMessage("stop" satisfies JobOrder);
      const patience = setTimeout(() => void worker.terminate(), STOP_PATIENCE_MS);
      await ended;
      clearTimeout(patience);
    },
  };
}

/** One line in the log for each thing that has become bad or good again, and none while it stays as it is. */
function warnOfChanges(log: Log, before: ChainHealth, after: ChainHealth): void {
  for (const { name, state, detail } of after.endpoints) {
    const was = before.endpoints.find((endpoint) => endpoint.name === name)?.state ?? "up";
    if (state !== was) log[state === "up" ? "info" : "warn"]({ endpoint: name, state }, detail);
  }
  if (after.dispute !== null && before.dispute === null) log.warn({ part: "endpoints" }, after.dispute);
  const now = Date.now();
  const [was, is] = [healthChecks(before, now).publisher, healthChecks(after, now).publisher];
  if (was.ok !== is.ok) log[is.ok ? "info" : "warn"]({ part: "publisher" }, `the publisher's account: ${is.detail}`);
}
