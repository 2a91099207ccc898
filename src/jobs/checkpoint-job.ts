import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openAnchorLog } from "../chain/anchor-log.ts";
import { fromHex } from "../core/bytes.ts";
import { ChainUnavailableError, invariant } from "../core/errors.ts";
import { installKeccak } from "../core/keccak.ts";
import { fastKeccak } from "../fast-keccak.ts";
import { AnchoringHaltedError, anchorRound } from "../ledger/anchor.ts";
import { openContents } from "../ledger/contents.ts";
import type { AnchorStore } from "../ledger/ports/anchoring.ts";
import { RecordDamagedError } from "../ledger/ports/ledgers.ts";
import { sealingKey } from "../ledger/seal.ts";
import type { JobInput, JobNews, JobOrder } from "./job-messages.ts";
import type { JobRecord, RecordListener } from "./job-record.ts";

/** The checkpoint job: a thread beside the API, so that no recording request waits for trees or for the chain. */

/** Milliseconds at most between two tries while the chain does not answer. */
const LONGEST_WAIT_MS = 30_000;
/**
 * How nice the thread is (0 to 19): where cores are short, whoever records goes first, and the job still gets a quarter of what each of
 * them gets, so that it does not fall behind for long.
 */
const NICENESS = 5;

invariant(parentPort !== null, "the checkpoint job runs in a worker thread");
const port = parentPort;
const input = workerData as JobInput;
const tell = (news: JobNews) => port.postMessage(news);

// Elsewhere this would be the priority of the whole process.
if (process.platform === "linux") setPriority(0, NICENESS);
installKeccak(await fastKeccak());
const listener: RecordListener = {
  standby: () => tell({ kind: "standby", at: Date.now() }),
  waiting: (on, reason) => tell({ kind: "waiting", on, reason, at: Date.now() }),
};
// Only the engine that is used is loaded.
const record: JobRecord =
  input.databaseUrl === undefined
    ? (await import("./sqlite-record.ts")).openSqliteRecord(input.dataDir, listener)
    : (await import("./postgres-record.ts")).openPostgresRecord(input.databaseUrl, listener);
const contents = openContents(record, sealingKey(fromHex(input.masterKey)));
let chainHead: number | null = null;
const chain = openAnchorLog({
  rpcUrl: input.rpcUrl,
  publisherKey: input.publisherKey,
  place: input.place,
  confirmations: input.confirmations,
  onHead: (block) => {
    chainHead = block;
  },
});

const stopping = new AbortController();
port.on("message", (order: JobOrder) => {
  if (order === "stop") stopping.abort();
  else contents.forget(order.forget);
});

/** One round after the other, until the signal ends it, or anchoring must stop. */
async function anchorOn(store: AnchorStore, signal: AbortSignal): Promise<void> {
  let troubles = 0;
  while (!signal.aborted) {
    try {
      const { confirmed } = await anchorRound({ store, chain, contents, clock: Date.now, signal });
      troubles = 0;
      tell({ kind: "round", confirmed: confirmed.map((anchor) => anchor.index), at: Date.now(), chainHead });
    } catch (error) {
      if (signal.aborted) return;
      const on = error instanceof ChainUnavailableError ? "chain" : record.troubleOf(error);
      if (on !== undefined) {
        troubles += 1;
        tell({ kind: "waiting", on, reason: (error as Error).message, at: Date.now() });
      } else if (error instanceof AnchoringHaltedError || error instanceof RecordDamagedError) {
        tell({ kind: "halted", reason: error.message, at: Date.now() });
        return;
      } else throw error;
    }
    const wait = Math.min(input.intervalMs * 2 ** Math.min(troubles, 10), Math.max(LONGEST_WAIT_MS, input.intervalMs));
    await sleep(wait, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

await record.anchoring(anchorOn, stopping.signal);
await record.close();
port.close();
