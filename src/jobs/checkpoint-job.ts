import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openAnchorLog } from "../chain/anchor-log.ts";
import { waitCodeOf } from "../chain/waits.ts";
import { fromHex } from "../core/bytes.ts";
import { ChainUnavailableError, invariant } from "../core/errors.ts";
import { installKeccak } from "../core/keccak.ts";
import { fastKeccak } from "../fast-keccak.ts";
import { AnchoringHaltedError, type AnchorParts, anchorRound } from "../ledger/anchor.ts";
import { openContents } from "../ledger/contents.ts";
import { openDoubts } from "../ledger/doubts.ts";
import { RecordDamagedError } from "../ledger/ports/ledgers.ts";
import { sealingKey } from "../ledger/seal.ts";
import type { JobInput, JobNews, JobOrder } from "./job-messages.ts";
import type { JobRecord, Lead, RecordListener } from "./job-record.ts";
import { startWatchingChain } from "./watch-chain.ts";

/** The checkpoint job: a thread beside the API, so that no recording request waits for trees or for the chain. */

/** Milliseconds at most between two tries while the chain does not answer. */
const LONGEST_WAIT_MS = 30_000;
/**
 * How nice the thread is (0 to 19): where cores are short, whoever records goes first, and the job still gets a quarter of what each of
 * them gets, so that it does not fall behind for long.
 */
const NICENESS = 5;

/** What waiting for the record is called, by what keeps it. */
const TROUBLES = { disk: "DISK_TROUBLE", database: "DATABASE_TROUBLE" } as const;

invariant(parentPort !== null, "the checkpoint job runs in a worker thread");
const port = parentPort;
const input = workerData as JobInput;
const tell = (news: JobNews) => port.postMessage(news);

// Elsewhere this would be the priority of the whole process.
if (process.platform === "linux") setPriority(0, NICENESS);
installKeccak(await fastKeccak());
const listener: RecordListener = {
  standby: () => tell({ kind: "standby", at: Date.now() }),
  waiting: (on, reason) => tell({ kind: "waiting", on, code: TROUBLES[on], reason, at: Date.now() }),
};
// Only the engine that is used is loaded.
const record: JobRecord =
  input.database === undefined
    ? (await import("./sqlite-record.ts")).openSqliteRecord(input.dataDir, listener)
    : (await import("./postgres-record.ts")).openPostgresRecord(input.database, listener);
const contents = openContents(record, sealingKey(fromHex(input.masterKey)));
let chainHead: number | null = null;
const chain = openAnchorLog({
  rpcUrl: input.rpcUrls,
  publisherKey: input.publisherKey,
  place: input.place,
  confirmations: input.confirmations,
  maxFee: input.maxFee,
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
async function anchorOn({ store, signal, expectAlone }: Lead): Promise<void> {
  const { haltAfterMs, replaceAfterMs } = input;
  // Kept for as long as this is the one that anchors: what another has looked at since is no doubt of its own any more.
  const doubts = openDoubts({ clock: Date.now, haltAfterMs });
  const parts = { store, chain, contents, doubts, replaceAfterMs, clock: Date.now, signal };
  const watching = startWatchingChain(chain.watch, store, {
    troubleOf: record.troubleOf,
    tell: (health) => tell({ kind: "health", health }),
  });
  try {
    await anchorInRounds(parts, expectAlone);
  } finally {
    watching.stop();
  }
}

const isContradiction = (error: unknown): error is AnchoringHaltedError | RecordDamagedError =>
  error instanceof AnchoringHaltedError || error instanceof RecordDamagedError;

async function anchorInRounds(parts: AnchorParts, expectAlone: Lead["expectAlone"]): Promise<void> {
  const { signal } = parts;
  let troubles = 0;
  while (!signal.aborted) {
    try {
      const { confirmed } = await anchorRound(parts).catch(async (error: unknown) => {
        const isOutside = error instanceof ChainUnavailableError || record.troubleOf(error) !== undefined;
        if (!isOutside && !signal.aborted) await expectAlone();
        throw error;
      });
      troubles = 0;
      tell({ kind: "round", confirmed: confirmed.map((anchor) => anchor.index), at: Date.now(), chainHead });
    } catch (error) {
      if (signal.aborted) return;
      const trouble = record.troubleOf(error);
      if (error instanceof ChainUnavailableError) {
        troubles += 1;
        tell({ kind: "waiting", on: "chain", code: waitCodeOf(error), reason: error.message, at: Date.now() });
      } else if (trouble !== undefined) {
        troubles += 1;
        listener.waiting(trouble, (error as Error).message);
      } else if (isContradiction(error)) {
        const code = error instanceof AnchoringHaltedError ? error.code : "RECORD_DAMAGED";
        tell({ kind: "halted", code, reason: error.message, at: Date.now() });
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
