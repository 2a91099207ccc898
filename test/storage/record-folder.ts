import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Contents, openContents } from "#src/ledger/contents.ts";
import type { AnchorStore } from "#src/ledger/ports/anchoring.ts";
import type { RecordOutcome, RecordRequest, StoredDelta, Tenant } from "#src/ledger/ports/ledgers.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import type { PostgresStore } from "#src/storage/postgres/store.ts";
import { openAnchorStore } from "#src/storage/sqlite/anchors.ts";
import { databaseFile, openDatabase, type Sqlite } from "#src/storage/sqlite/database.ts";
import { openSqliteStore, type SqliteStore } from "#src/storage/sqlite/store.ts";
import { databaseOf, dropDatabaseOf } from "#test/run/engine.ts";
import { openPostgresRecord } from "./postgres/record.ts";

export const MASTER = sealingKey(Buffer.alloc(32, 7));

/** A record in a folder of its own or in the folder's database, open: the store, and beside it what the checkpoint job has. */
export type OpenRecord = {
  dir: string;
  store: SqliteStore | PostgresStore;
  contents: Contents;
  anchors: AnchorStore;
  /** Unix milliseconds, as the store sees them. */
  clock: { now: number };
  /** What the store reported as going wrong behind the record. */
  reported: string[];
  tenant: Tenant;
  close(): Promise<void>;
};

/** The same in the folder's SQLite file. What runs in this thread is closed when `close` returns. */
export type OpenRecordFile = OpenRecord & {
  store: SqliteStore;
  /** The connection of the anchoring side. */
  db: Sqlite;
};

export function temporaryFolder(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "tallyroot-record-"));
  return {
    dir,
    remove() {
      rmSync(dir, { recursive: true, force: true });
      dropDatabaseOf(dir);
    },
  };
}

/** Opens the record of a folder, which may be empty, in the engine of this run. */
export async function openRecord(dir: string, clock?: { now: number }): Promise<OpenRecord> {
  const url = await databaseOf(dir);
  return url === undefined ? openRecordFile(dir, clock) : { dir, ...(await openPostgresRecord(url, clock)) };
}

/** Opens the SQLite file of a folder, which may be empty. */
export async function openRecordFile(
  dir: string,
  clock = { now: 1_700_000_000_000 },
  options: { thread?: boolean } = {},
): Promise<OpenRecordFile> {
  const reported: string[] = [];
  const report = (message: string) => void reported.push(message);
  const store = openSqliteStore({ dir, master: MASTER, clock: () => clock.now, report, ...options });
  const db = openDatabase(databaseFile(dir));
  const anchors = openAnchorStore(db);
  const tenant = (await store.tenantByName("default")) ?? (await store.addTenant("default", clock.now));
  const close = () => {
    db.close();
    return store.close();
  };
  return { dir, store, contents: openContents(anchors, MASTER), anchors, db, clock, reported, tenant, close };
}

/** A plain SQL client on the SQLite file of a folder, as an intruder has one. */
export function sqlClient(dir: string): Sqlite {
  return new Database(databaseFile(dir));
}

/** A request to record one whole unit, unless told otherwise. */
export function request(tenant: Tenant, customerId: string, more: Partial<RecordRequest> = {}): RecordRequest {
  return { tenant, customerId, amount: 10n ** 18n, reason: "usage", ...more };
}

/** The deltas of outcomes that must all be there. */
export function deltasOf(outcomes: readonly RecordOutcome[]): StoredDelta[] {
  return outcomes.map((outcome) => {
    if (outcome.kind === "refused") throw outcome.error;
    // A writer in the same thread gives the whole row.
    return outcome.delta as StoredDelta;
  });
}
