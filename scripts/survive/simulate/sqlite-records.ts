import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { openContents } from "../../../src/ledger/contents.ts";
import { openAnchorStore } from "../../../src/storage/sqlite/anchors.ts";
import { openAuditView } from "../../../src/storage/sqlite/audit-view.ts";
import { databaseFile, openDatabase } from "../../../src/storage/sqlite/database.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/store.ts";
import { type Clock, findingsIn, MASTER, type Records, type SimulatedRecord, tenantsOf } from "./record.ts";

/** Records in files of a place: a kill leaves them as they are on disk, or with the end of the last writing missing. */
export function openSqliteRecords(place: string): Records {
  const empty = join(place, "empty");
  let opened = 0;

  /** An empty directory for the next one: a directory is never used twice at a time. */
  function nextDir(): string {
    opened += 1;
    const dir = join(place, `record-${opened % 2}`);
    remove(dir);
    return dir;
  }

  async function open(dir: string, clock: Clock): Promise<SimulatedRecord> {
    const report = (message: string, cause: Error) => {
      throw new Error(message, { cause });
    };
    const store = openSqliteStore({ dir, master: MASTER, clock: () => clock.now, report });
    const db = openDatabase(databaseFile(dir));
    const anchors = openAnchorStore(db);
    const close = async () => {
      if (db.inTransaction) db.exec("ROLLBACK");
      db.close();
      await store.close();
    };
    return {
      store,
      contents: openContents(store, MASTER),
      anchors,
      anchoringContents: openContents(anchors, MASTER),
      tenants: await tenantsOf(store, clock),
      isReading: () => db.inTransaction,
      standing: () => walSize(dir),
      async killed(random, since) {
        const now = walSize(dir);
        const cut = since !== undefined && now > since ? random.between(since, now + 1) : undefined;
        const next = nextDir();
        copyAsKilled(dir, next, cut);
        await close();
        remove(dir);
        return open(next, clock);
      },
      async reopened() {
        await close();
        return open(dir, clock);
      },
      strayStatements: async () =>
        db
          .prepare(
            "SELECT checkpoint, count(*) AS anchors FROM anchor_leaves WHERE checkpoint IS NOT NULL GROUP BY checkpoint HAVING anchors <> 1",
          )
          .all(),
      audited: () => auditCopy(dir),
      close,
      async remove() {
        await close();
        remove(dir);
      },
    };
  }

  return {
    async first(clock) {
      remove(empty);
      mkdirSync(empty);
      return open(empty, clock);
    },
    async fresh(clock) {
      const dir = nextDir();
      copyAsKilled(empty, dir);
      return open(dir, clock);
    },
  };
}

const walFile = (dir: string) => `${databaseFile(dir)}-wal`;

/** Bytes of the WAL: what is on disk beyond what was folded back. */
function walSize(dir: string): number {
  const file = walFile(dir);
  return existsSync(file) ? statSync(file).size : 0;
}

/** Copies the files of a record as they are on disk now: what a kill leaves. @param cut bytes of the WAL that had not got there yet are left out. */
function copyAsKilled(from: string, to: string, cut?: number): void {
  mkdirSync(to, { recursive: true });
  copyFileSync(databaseFile(from), databaseFile(to));
  if (!existsSync(walFile(from))) return;
  copyFileSync(walFile(from), walFile(to));
  if (cut !== undefined) truncateSync(walFile(to), cut);
}

function remove(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** What an audit of a copy of the record finds. */
async function auditCopy(dir: string): Promise<string[]> {
  const copy = join(dir, "audited");
  copyAsKilled(dir, copy);
  const db = openDatabase(databaseFile(copy));
  try {
    return await findingsIn(openAuditView(db));
  } finally {
    db.close();
    remove(copy);
  }
}
