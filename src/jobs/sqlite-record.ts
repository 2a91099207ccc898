import { openAnchorStore } from "../storage/sqlite/anchors.ts";
import { databaseFile, isStorageTrouble, openDatabase } from "../storage/sqlite/database.ts";
import { startFoldingWal } from "../storage/sqlite/fold-wal.ts";
import type { JobRecord, RecordListener } from "./job-record.ts";

/** Page cache of the job's connection, in KiB: it meets each new row once, and of what is older only the peaks of the trees. */
const CACHE_KIB = 8 * 1024;

/** The record in a data directory, which is this process's alone, and so is anchoring. */
export function openSqliteRecord(dataDir: string, { waiting }: RecordListener): JobRecord {
  const db = openDatabase(databaseFile(dataDir));
  db.pragma(`cache_size = -${CACHE_KIB}`);
  const stopFolding = startFoldingWal(db, ({ message }) => waiting("disk", message));
  const store = openAnchorStore(db);
  return {
    keysOf: store.keysOf,
    anchoring: (work, signal) => work({ store, signal, expectAlone: async () => {} }),
    troubleOf: (error) => (isStorageTrouble(error) ? "disk" : undefined),
    async close() {
      stopFolding();
      db.close();
    },
  };
}
