import { on } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { addSeen, type LedgersSeen, nothingSeen } from "../../audit/deltas-seen.ts";
import type { LedgerParts } from "../../audit/ledger-watch.ts";
import { auditLedgers, type LedgerRange } from "../../audit/ledgers.ts";
import { FileDamagedError } from "../../audit/port.ts";
import { compileCacheOfThread } from "../../compile-cache.ts";
import type { ThreadInput, ThreadNews, ThreadOrder } from "./ledger-messages.ts";

/** More threads than these would wait for the one file. */
const MOST_THREADS = 4;
/** Ranges for each thread: so many that the last of them ends soon after the others, so few that their edges cost nothing. */
const RANGES_PER_THREAD = 16;
/** Deltas below which threads take longer to start than they save. */
const WORTH_THREADS = 20_000;
/** MB for new objects in a thread. A row is garbage as soon as it was looked at: more would save no time. */
const YOUNG_MB = 24;

type Settings = { threads?: number; worthThreads?: number };

type Done = Extract<ThreadNews, { kind: "done" }>;

/**
 * Audits ledgers in several threads: ledgers share nothing, so each thread takes ranges of them, over a connection of its own. What
 * they find is put together in the order of the ledgers, and is what one pass over all of them finds.
 *
 * @param file the copy that `store` reads, which nothing writes meanwhile.
 */
export function auditInThreads(file: string, settings: Settings = {}): (parts: LedgerParts) => Promise<LedgersSeen> {
  const { threads = Math.min(MOST_THREADS, availableParallelism()), worthThreads = WORTH_THREADS } = settings;
  return async (parts) => {
    const { last } = await parts.store.arrivals();
    if (threads < 2 || last < worthThreads) return auditLedgers(parts);
    const ranges = rangesOf(await parts.store.lastLedger(), threads * RANGES_PER_THREAD);
    const done = await auditRanges(file, parts, ranges, Math.min(threads, ranges.length));
    return together(parts, done);
  };
}

/** Ranges that follow each other, from the first ledger on and without an end. */
function rangesOf(lastLedger: number, most: number): LedgerRange[] {
  const count = Math.max(1, Math.min(most, lastLedger));
  const edge = (i: number) => Math.floor((i * lastLedger) / count);
  return Array.from({ length: count }, (_, i) => ({
    after: edge(i),
    upTo: i + 1 === count ? Number.POSITIVE_INFINITY : edge(i + 1),
  }));
}

/** @returns what came of each range; none after the first that cannot be read, since one pass would have ended there. */
async function auditRanges(
  file: string,
  { master, namespaces, throughs, indexedThrough, onProgress }: LedgerParts,
  ranges: readonly LedgerRange[],
  threads: number,
): Promise<(Done | undefined)[]> {
  const input: ThreadInput = { file, master, namespaces, throughs, indexedThrough };
  const done: (Done | undefined)[] = ranges.map(() => undefined);
  const looked = ranges.map(() => 0);
  let next = 0;
  let end = ranges.length;

  async function work(worker: Worker): Promise<void> {
    const ask = (order: ThreadOrder) => worker.postMessage(order);
    let range = next++;
    ask(ranges[range]!);
    for await (const [news] of on(worker, "message", { close: ["exit"] }) as AsyncIterable<[ThreadNews]>) {
      looked[range] = news.kind === "progress" ? news.deltas : news.seen.deltas;
      await onProgress?.(looked.reduce((sum, deltas) => sum + deltas));
      if (news.kind === "progress") continue;
      done[range] = news;
      if (news.damage !== undefined) end = Math.min(end, range + 1);
      range = next++;
      ask(range < end ? ranges[range]! : "end");
    }
  }

  const workers = Array.from(
    { length: threads },
    () =>
      new Worker(new URL("./ledger-thread.ts", import.meta.url), {
        workerData: input,
        execArgv: [],
        env: compileCacheOfThread(),
        name: "audit",
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      }),
  );
  try {
    await Promise.all(workers.map(work));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return done;
}

/** @throws FileDamagedError where one pass over all ledgers would have. */
function together({ findings }: LedgerParts, done: readonly (Done | undefined)[]): LedgersSeen {
  const seen = nothingSeen();
  for (const part of done) {
    if (part === undefined) throw new Error("a thread of the audit ended without an answer");
    findings.addPart(part.found);
    if (part.damage !== undefined) throw new FileDamagedError(part.damage);
    addSeen(seen, part.seen);
  }
  return seen;
}
