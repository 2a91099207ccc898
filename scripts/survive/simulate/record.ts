import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { auditRecord } from "../../../src/audit/audit.ts";
import { logIdOf, readAppend } from "../../../src/chain/read-append.ts";
import { type Contents, openContents } from "../../../src/ledger/contents.ts";
import type { AnchorStore } from "../../../src/ledger/ports/anchoring.ts";
import type { Tenant } from "../../../src/ledger/ports/ledgers.ts";
import { sealingKey } from "../../../src/ledger/seal.ts";
import { openAnchorStore } from "../../../src/storage/sqlite/anchors.ts";
import { openAuditView } from "../../../src/storage/sqlite/audit-view.ts";
import { databaseFile, openDatabase, type Sqlite } from "../../../src/storage/sqlite/database.ts";
import { openSqliteStore, type SqliteStore } from "../../../src/storage/sqlite/store.ts";

const MASTER = sealingKey(new Uint8Array(32).fill(7));
/** The tenants of every run, whose customers have the same ids. */
export const TENANTS = ["one", "two", "three"] as const;

/** A clock that a run owns, in Unix milliseconds. */
export type Clock = { now: number };

/** A record as a server has it open: one connection that records, and that of the checkpoint job. */
export type SimulatedRecord = {
  dir: string;
  store: SqliteStore;
  contents: Contents;
  anchors: AnchorStore;
  /** What the checkpoint job opens contents with. */
  anchoringContents: Contents;
  db: Sqlite;
  tenants: Tenant[];
  close(): void;
};

export async function openSimulatedRecord(dir: string, clock: Clock): Promise<SimulatedRecord> {
  const report = (message: string, cause: Error) => {
    throw new Error(message, { cause });
  };
  const store = openSqliteStore({ dir, master: MASTER, clock: () => clock.now, report });
  const db = openDatabase(databaseFile(dir));
  const anchors = openAnchorStore(db);
  const tenants: Tenant[] = [];
  for (const name of TENANTS)
    tenants.push((await store.tenantByName(name)) ?? (await store.addTenant(name, clock.now)));
  return {
    dir,
    store,
    contents: openContents(store, MASTER),
    anchors,
    anchoringContents: openContents(anchors, MASTER),
    db,
    tenants,
    close() {
      if (db.inTransaction) db.exec("ROLLBACK");
      db.close();
      void store.close();
    },
  };
}

const walFile = (dir: string) => `${databaseFile(dir)}-wal`;

/** Bytes of the WAL: what is on disk beyond what was folded back. */
export function walSize(dir: string): number {
  const file = walFile(dir);
  return existsSync(file) ? statSync(file).size : 0;
}

/** Copies the files of a record as they are on disk now: what a kill leaves. @param cut bytes of the WAL that had not got there yet are left out. */
export function copyAsKilled(from: string, to: string, cut?: number): void {
  mkdirSync(to, { recursive: true });
  copyFileSync(databaseFile(from), databaseFile(to));
  if (!existsSync(walFile(from))) return;
  copyFileSync(walFile(from), walFile(to));
  if (cut !== undefined) truncateSync(walFile(to), cut);
}

export function removeRecord(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** What an audit of a copy of the record finds. */
export async function auditCopy(record: SimulatedRecord): Promise<string[]> {
  const copy = join(record.dir, "audited");
  copyAsKilled(record.dir, copy);
  const db = openDatabase(databaseFile(copy));
  try {
    const { findings } = await auditRecord({
      store: openAuditView(db),
      master: MASTER,
      readAppend: { read: readAppend, logOf: logIdOf },
      clock: () => 0,
    });
    return findings.map((finding) => JSON.stringify(finding));
  } finally {
    db.close();
    removeRecord(copy);
  }
}
