import { Worker } from "node:worker_threads";
import { compileCacheOfThread } from "../compile-cache.ts";
import type { Log } from "../ledger/ports/log.ts";
import type { JobInput, JobNews, JobOrder } from "./job-messages.ts";

/** Milliseconds that the job may take to stop; it is ended after that, which loses nothing: the next start resumes it. */
const STOP_PATIENCE_MS = 5_000;

/** The checkpoint job as the server sees it. */
export type CheckpointJob = {
  /** How it is, in a sentence; `ok` is false while it waits for the chain or the disk, or has halted. */
  state(): { ok: boolean; halted: boolean; detail: string };
  /** How often it has had to wait for the chain, and the latest block that it saw. */
  figures(): { rpcErrors: number; chainHead: number | null };
  /** Makes it forget the open keys of a ledger, or, by undefined, of all. */
  forget(ledgerId: number | undefined): void;
  stop(): Promise<void>;
};

/** Who else hears of it. */
export type JobListener = { confirmed(): void; halted(): void };

/** Starts the checkpoint job in its thread. A job that crashes counts as halted: recording goes on. */
export function startCheckpointJob(input: JobInput, log: Log, listener: JobListener): CheckpointJob {
  let state = { ok: true, halted: false, detail: "the first round is under way" };
  const figures: ReturnType<CheckpointJob["figures"]> = { rpcErrors: 0, chainHead: null };
  const halt = (detail: string, facts: object) => {
    state = { ok: false, halted: true, detail };
    log.error(facts, `anchoring halted: ${detail}`);
    listener.halted();
  };
  const worker = new Worker(new URL("./checkpoint-job.ts", import.meta.url), {
    workerData: input,
    execArgv: [],
    env: compileCacheOfThread(),
    name: "checkpoint-job",
  });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.on("message", (news: JobNews) => {
    if (news.kind === "round") {
      state = { ok: true, halted: false, detail: `the last round ended at ${new Date(news.at).toISOString()}` };
      figures.chainHead = news.chainHead;
      if (news.confirmed.length > 0) {
        log.info({ anchors: news.confirmed }, "anchored");
        listener.confirmed();
      }
    } else if (news.kind === "standby") {
      state = { ok: true, halted: false, detail: "another node anchors, and this one takes over when it is gone" };
    } else if (news.kind === "waiting") {
      state = { ok: false, halted: false, detail: `waiting for the ${news.on}: ${news.reason}` };
      if (news.on === "chain") figures.rpcErrors += 1;
      log.warn(news, `anchoring waits for the ${news.on}`);
    } else halt(news.reason, news);
  });
  worker.once("error", (error) => halt("the checkpoint job crashed", { err: error }));
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
