import type { KeyObject } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../core/errors.ts";
import { installKeccak } from "../../core/keccak.ts";
import { fastKeccak } from "../../fast-keccak.ts";
import { databaseFile, openDatabase } from "./database.ts";
import { openEffects } from "./effects.ts";
import { openKeyDestruction } from "./erasure.ts";
import { makeRoomInWal } from "./fold-wal.ts";
import { openReader } from "./reader.ts";
import { type Done, type EraseOrder, failureOf, type Order, openReport, unitsOf } from "./recording-messages.ts";
import { openTailIndex } from "./tail-index.ts";
import { openUsageMeter } from "./usage-meter.ts";
import { openWriter } from "./writer.ts";

/** The recording thread: the one writer of deltas over a connection of its own, beside the thread that answers requests. */

invariant(parentPort !== null, "recording runs in a worker thread");
const port = parentPort;
const { dir, master, quota, walPages } = workerData as RecordingInput;

/** What the thread is started with. `walPages`: the WAL's size at which a commit folds it back itself. */
export type RecordingInput = { dir: string; master: KeyObject; quota: number | null; walPages: number };

installKeccak(await fastKeccak());
const db = openDatabase(databaseFile(dir));
db.pragma(`wal_autocheckpoint = ${walPages}`);
makeRoomInWal(db);
const fingerprints = openTailIndex(db, "fingerprint_index", "fingerprint");
const requestIds = openTailIndex(db, "request_index", "request_id");
const reader = openReader(db, { fingerprints, requestIds });
const report = openReport();
/** When the latest order was sent: one clock for both threads. */
let now = 0;
const writer = openWriter(db, {
  reader,
  fingerprints,
  requestIds,
  effects: openEffects(db, master),
  usage: openUsageMeter(db, quota),
  master,
  destroyKeys: openKeyDestruction(db, reader),
  clock: () => now,
  committed: tell,
});

function tell(): void {
  const news = report.take();
  if (news) port.postMessage(news, [news.numbers.buffer, news.hashes.buffer]);
}

function record(order: Order): void {
  now = order.now;
  for (const { id, requests, atomic, allNew, request } of unitsOf(order)) {
    writer.enqueue({
      requests,
      atomic,
      allNew,
      request,
      resolve: (outcomes) => report.came(id, outcomes),
      reject: (error) => report.failed(id, error),
    });
  }
}

async function erase({ id, tenantId, customerId, ledger, at }: EraseOrder): Promise<void> {
  const [outcome] = await Promise.allSettled([writer.eraseKeys(tenantId, customerId, ledger, at)]);
  const done: Done =
    outcome.status === "fulfilled"
      ? { kind: "done", id, result: outcome.value, failure: undefined }
      : { kind: "done", id, result: undefined, failure: failureOf(outcome.reason) };
  port.postMessage(done);
}

port.on("message", (order: Order | EraseOrder | { kind: "close" }) => {
  if (order.kind === "record") record(order);
  else if (order.kind === "erase") void erase(order);
  else {
    void writer.close();
    tell();
    db.close();
    port.close();
  }
});
