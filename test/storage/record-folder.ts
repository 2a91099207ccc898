import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Contents, openContents } from "#src/ledger/contents.ts";
import type { AnchorStore } from "#src/ledger/ports/anchoring.ts";
import type { RecordOutcome, RecordRequest, StoredDelta, Tenant } from "#src/ledger/ports/ledgers.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { openAnchorStore } from "#src/storage/sqlite/anchors.ts";
import { databaseFile, openDatabase, type Sqlite } from "#src/storage/sqlite/database.ts";
import { openSqliteStore, type SqliteStore } from "#src/storage/sqlite/store.ts";

export const MASTER = sealingKey(Buffer.alloc(32, 7));

/** A record in a folder of its own, open: the store, and beside it what the checkpoint job has. */
export type OpenRecord = {
  dir: string;
  store: SqliteStore;
  contents: Contents;
  anchors: AnchorStore;
  /** The connection of the anchoring side. */
  db: Sqlite;
  /** Unix milliseconds, as the store sees them. */
  clock: { now: number };
  /** What the store reported as going wrong behind the record. */
  reported: string[];
  tenant: Tenant;
  /** What runs in this thread is closed when it returns. */
  close(): Promise<void>;
};

export function temporaryFolder(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "tallyroot-record-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Opens the record in a folder, which may be empty. */
export async function openRecord(
  dir: string,
  clock = { now: 1_700_000_000_000 },
  options: { thread?: boolean } = {},
): Promise<OpenRecord> {
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

/** A plain SQL client on the record, as an intruder has one. */
export function sqlClient(dir: string): Sqlite {
  return new Database(databaseFile(dir));
}

/** Changes the record behind its back: the triggers are dropped first. */
export function tamper(dir: string, change: (db: Sqlite) => void): void {
  const db = sqlClient(dir);
  const triggers = db.prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'trigger'").all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  change(db);
  db.close();
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
