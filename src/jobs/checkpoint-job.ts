import { setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openAnchorLog } from "../chain/anchor-log.ts";
import { waitCodeOf } from "../chain/waits.ts";
import { fromHex } from "../core/bytes.ts";
import { ChainUnavailableError, invariant } from "../core/errors.ts";
import { installKeccak } from "../core/keccak.ts";
import { fastKeccak } from "../fast-keccak.ts";
import { AnchoringHaltedError, anchorRound } from "../ledger/anchor.ts";
import { openContents } from "../ledger/contents.ts";
import { openDoubts } from "../ledger/doubts.ts";
import { RecordDamagedError } from "../ledger/ports/ledgers.ts";
import { sealingKey } from "../ledger/seal.ts";
import { openAnchorStore } from "../storage/sqlite/anchors.ts";
import { databaseFile, isStorageTrouble, openDatabase } from "../storage/sqlite/database.ts";
import { startFoldingWal } from "../storage/sqlite/fold-wal.ts";
import type { JobInput, JobNews, JobOrder } from "./job-messages.ts";
import { startWatchingChain } from "./watch-chain.ts";

/** The checkpoint job: a thread beside the API, so that no recording request waits for trees or for the chain. */

/** Milliseconds at most between two tries while the chain does not answer. */
const LONGEST_WAIT_MS = 30_000;
/**
 * How nice the thread is (0 to 19): where cores are short, whoever records goes first, and the job still gets a quarter of what each of
 * them gets, so that it does not fall behind for long.
 */
const NICENESS = 5;
/** Page cache of the job's connection, in KiB: it meets each new row once, and of what is older only the peaks of the trees. */
const CACHE_KIB = 8 * 1024;

invariant(parentPort !== null, "the checkpoint job runs in a worker thread");
const port = parentPort;
const input = workerData as JobInput;
const tell = (news: JobNews) => port.postMessage(news);

// Elsewhere this would be the priority of the whole process.
if (process.platform === "linux") setPriority(0, NICENESS);
installKeccak(await fastKeccak());
const db = openDatabase(databaseFile(input.dataDir));
db.pragma(`cache_size = -${CACHE_KIB}`);
const stopFolding = startFoldingWal(db, ({ message }) =>
  tell({ kind: "waiting", on: "disk", code: "DISK_TROUBLE", reason: message, at: Date.now() }),
);
const store = openAnchorStore(db);
const contents = openContents(store, sealingKey(fromHex(input.masterKey)));
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
const { signal } = stopping;
const doubts = openDoubts({ clock: Date.now, haltAfterMs: input.haltAfterMs });
const parts = { store, chain, contents, doubts, replaceAfterMs: input.replaceAfterMs, clock: Date.now, signal };

const watching = startWatchingChain(chain.watch, store, (health) => tell({ kind: "health", health }));

let troubles = 0;
while (!signal.aborted) {
  try {
    const { confirmed } = await anchorRound(parts);
    troubles = 0;
    tell({ kind: "round", confirmed: confirmed.map((anchor) => anchor.index), at: Date.now(), chainHead });
  } catch (error) {
    if (signal.aborted) break;
    if (error instanceof ChainUnavailableError) {
      troubles += 1;
      tell({ kind: "waiting", on: "chain", code: waitCodeOf(error), reason: error.message, at: Date.now() });
    } else if (isStorageTrouble(error)) {
      troubles += 1;
      tell({ kind: "waiting", on: "disk", code: "DISK_TROUBLE", reason: error.message, at: Date.now() });
    } else if (error instanceof AnchoringHaltedError || error instanceof RecordDamagedError) {
      const code = error instanceof AnchoringHaltedError ? error.code : "RECORD_DAMAGED";
      tell({ kind: "halted", code, reason: error.message, at: Date.now() });
      break;
    } else throw error;
  }
  const wait = Math.min(input.intervalMs * 2 ** Math.min(troubles, 10), Math.max(LONGEST_WAIT_MS, input.intervalMs));
  await sleep(wait, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
watching.stop();
stopFolding();
db.close();
port.close();
