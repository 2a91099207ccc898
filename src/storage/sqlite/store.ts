import type { KeyObject } from "node:crypto";
import type { CheckpointStore } from "../../ledger/ports/checkpoints.ts";
import type { EffectStore } from "../../ledger/ports/effects.ts";
import type { ErasureStore } from "../../ledger/ports/erasure.ts";
import type { LedgerStore } from "../../ledger/ports/ledgers.ts";
import type { ProgressStore } from "../../ledger/ports/progress.ts";
import type { SurveyStore } from "../../ledger/ports/survey.ts";
import type { TenantStore } from "../../ledger/ports/tenants.ts";
import type { WebhookStore } from "../../ledger/ports/webhooks.ts";
import { openCheckpointStore } from "./checkpoints.ts";
import { databaseFile, emptyWal, foldWalAtOnce, openDatabase } from "./database.ts";
import { openEffectStore, openEffects } from "./effects.ts";
import { openErasureStore, openKeyDestruction } from "./erasure.ts";
import { digestLandedRequests } from "./landed-requests.ts";
import { expectMasterKey } from "./master-key.ts";
import { expectNotMoved } from "./moved-away.ts";
import { openProgressStore } from "./progress.ts";
import { openReader } from "./reader.ts";
import { startRecordingThread } from "./recording-thread.ts";
import { writing } from "./refused-write.ts";
import { openTailIndex } from "./tail-index.ts";
import { openTenantStore, storedRequestKey } from "./tenants.ts";
import { openSurveyStore } from "./usage.ts";
import { openUsageMeter } from "./usage-meter.ts";
import { expectWholeWal } from "./wal-damage.ts";
import { openWebhookStore } from "./webhooks.ts";
import { openWriter } from "./writer.ts";

/** Pages of the WAL at which a commit of the recording thread folds it back itself: 64 MB. Before that, the checkpoint job's thread does. */
const MOST_WAL_PAGES = 16_000;

export type SqliteStore = LedgerStore &
  EffectStore &
  TenantStore &
  CheckpointStore &
  SurveyStore &
  ErasureStore &
  WebhookStore &
  ProgressStore & {
    facts: Facts;
    /** Ends what is under way. Without a recording thread, everything is closed when this returns. */
    close(): Promise<void>;
  };

/** Named facts about this data directory, such as which contract its anchors are in; each is set once. */
export type Facts = {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  /** What may be noted again: the last counts. */
  note(name: string, value: string): Promise<void>;
  noted(name: string): Promise<string | undefined>;
};

/**
 * The record in one SQLite file. The caller holds the directory's lock.
 *
 * @param master the key that wraps every ledger's key.
 * @param clock Unix milliseconds.
 * @throws StorageRefusedError when the directory was made with another master key, is not of this version, has a damaged WAL, or its record
 *   was moved away.
 */
export function openSqliteStore(options: {
  dir: string;
  master: KeyObject;
  clock: () => number;
  report: (message: string, error: Error) => void;
  /** Deltas that a tenant may record in a UTC month; null, or not there, for no quota. */
  quota?: number | null;
  /** Records in a thread of its own: for a server, whose requests are answered meanwhile. */
  thread?: boolean;
}): SqliteStore {
  const { dir, master, clock, report, quota = null, thread = false } = options;
  // SQLite would cut it at the damage when it opens it.
  expectWholeWal(databaseFile(dir));
  const db = openDatabase(databaseFile(dir));
  try {
    expectNotMoved(db);
    expectMasterKey(db, master);
    digestLandedRequests(db, { master, requestKeyOf: (tenantId) => storedRequestKey(db, master, tenantId) });
    // An erasure that was cut off has left old pages in the WAL.
    if (!emptyWal(db))
      report("old pages could not be overwritten at the start", new Error("the database is being read"));
  } catch (error) {
    db.close();
    throw error;
  }
  const fingerprints = openTailIndex(db, "fingerprint_index", "fingerprint");
  const requestIds = openTailIndex(db, "request_index", "request_id");
  const reader = openReader(db, { fingerprints, requestIds });
  const effects = openEffects(db, master);
  const indexes = { fingerprints, requestIds };
  if (thread) db.pragma(`wal_autocheckpoint = ${MOST_WAL_PAGES}`);
  const writer = thread
    ? startRecordingThread({
        input: { dir, master, quota, walPages: MOST_WAL_PAGES },
        reader,
        ...indexes,
        latest: reader.lastArrival(),
        clock,
      })
    : openWriter(db, {
        reader,
        ...indexes,
        effects,
        usage: openUsageMeter(db, quota),
        master,
        destroyKeys: openKeyDestruction(db, reader),
        clock,
      });
  const { close: closeTenants, forgetKeysOf, ...tenants } = openTenantStore(db, { master, effects, report });
  const readFact = db.prepare<[string], { value: string }>("SELECT value FROM facts WHERE name = ?");
  const writeFact = db.prepare("INSERT INTO facts (name, value) VALUES (?, ?)");
  const noteFact = db.prepare(
    "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );
  return {
    now: async () => clock(),
    record: writer.record,
    ledger: async (tenantId, address) => reader.ledger(tenantId, address),
    ledgerById: async (id) => reader.ledgerById(id),
    ledgers: async (tenantId, page) => reader.ledgers(tenantId, page),
    ledgerCount: async (tenantId) => reader.ledgerCount(tenantId),
    keysOf: async (ledgerId) => reader.keysOf(ledgerId),
    delta: async (ledger, sequence) => reader.delta(ledger, sequence),
    lastDelta: async (ledger) => reader.lastDelta(ledger),
    deltas: async (ledger, first, limit) => reader.deltas(ledger, first, limit),
    deltaByFingerprint: async (fingerprint) => reader.deltaByFingerprint(fingerprint),
    deltaByRequestId: async (requestId) => reader.deltaByRequestId(requestId),
    async countBefore(ledger, time) {
      await writer.writtenBefore(time);
      return reader.countBefore(ledger, time);
    },
    fingerprints: async (ledger, first, limit) => reader.fingerprints(ledger, first, limit),
    headIn: async (ledgerId, anchorIndex) => reader.headIn(ledgerId, anchorIndex),
    nodes: async (ledger, positions) => reader.nodes(ledger, positions),
    anchoredCounts: async (ledgerId) => reader.anchoredCounts(ledgerId),
    headsFrom: async (ledgerId, sequence, limit) => reader.headsFrom(ledgerId, sequence, limit),
    anchor: async (index) => reader.anchor(index),
    anchors: async (page) => reader.anchors(page),
    anchorNodes: async (index, positions) => reader.anchorNodes(index, positions),
    ...openEffectStore(effects),
    ...tenants,
    ...openSurveyStore(db),
    ...openProgressStore(db),
    ...openErasureStore(db, { writer, forgetKeysOf }),
    ...openCheckpointStore(db, { reader, effects }),
    ...openWebhookStore(db, { reader, effects, master }),
    facts: {
      get: (name) => readFact.get(name)?.value,
      set(name, value) {
        writeFact.run(name, value);
        // Into the database at once: without them, a WAL that has lost its end would look like a first start.
        foldWalAtOnce(db, "RESTART");
      },
      async note(name, value) {
        writing(() => noteFact.run(name, value));
      },
      noted: async (name) => readFact.get(name)?.value,
    },
    close() {
      const rest = () => {
        closeTenants();
        db.close();
      };
      const written = writer.close();
      if (thread) return written.then(rest);
      rest();
      return written;
    },
  };
}
