import { statfsSync } from "node:fs";
import { foldWalAtOnce, isStorageTrouble, type Sqlite } from "./database.ts";

/** Milliseconds between two looks at the WAL. */
const LOOK_EVERY_MS = 50;
/** Pages of 4 KB that wait in the WAL until they are folded back: 16 MB. */
const FOLD_PAGES = 4_000;
/** Pages at which the WAL begins anew once it is folded back: 32 MB. */
const RESTART_PAGES = 8_000;
/** Pages that the WAL has room for from the start: as far as it grows while it is folded back in time. */
const ROOM_PAGES = 10_000;
/** Bytes of that in the file: each page with its header. */
const ROOM_BYTES = ROOM_PAGES * (4_096 + 24);
/** How many times that must be free: room is a convenience, and whatever else is written needs the rest of a disk more. */
const LEAST_FREE = 4;

/**
 * Folds the WAL back into the database from the thread that this is called in, whoever fills it: the thread that records has to wait for
 * its own commits only. Most of the pages are copied while others write; then, with little left, nobody writes for as long as it takes
 * to copy that, and the next commit begins the WAL anew.
 *
 * @param report is told when the disk refuses; it is tried again at the next look.
 * @returns what ends it. The connection MUST stay open until then.
 */
export function startFoldingWal(db: Sqlite, report: (error: Error) => void): () => void {
  // No commit of this connection does it beside this.
  db.pragma("wal_autocheckpoint = 0");
  const fold = () => {
    const [wal] = db.pragma("wal_checkpoint(NOOP)") as [{ log: number; checkpointed: number }];
    if (wal.log - wal.checkpointed < FOLD_PAGES) return;
    db.pragma("wal_checkpoint(PASSIVE)");
    if (wal.log >= RESTART_PAGES) foldWalAtOnce(db, "RESTART");
  };
  const timer = setInterval(() => {
    try {
      fold();
    } catch (error) {
      if (!isStorageTrouble(error)) throw error;
      report(error);
    }
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Whether a file system has so much free that the WAL's room is nothing to it. */
export function hasRoom({ bavail, bsize }: { bavail: number; bsize: number }): boolean {
  return bavail * bsize >= LEAST_FREE * ROOM_BYTES;
}

/**
 * Makes room in the WAL's file before it is needed: to wait for the disk takes twice as long where the file has grown, since the file
 * system writes down its new size as well.
 *
 * A transaction that is larger than the page cache writes into the WAL before it is committed. This one is rolled back, so what it
 * leaves is the size of the file.
 *
 * @returns false where the disk has little room, or a lock does not allow it now: then the file grows as it is needed, and whoever records is told of a
 *   disk that is full.
 */
export function makeRoomInWal(db: Sqlite): boolean {
  if (!hasRoom(statfsSync(db.name))) return false;
  const cache = db.pragma("cache_size", { simple: true }) as number;
  db.pragma("cache_size = 10");
  try {
    db.exec("BEGIN IMMEDIATE");
    db.exec("CREATE TABLE room (page BLOB)");
    const fill = db.prepare("INSERT INTO room (page) VALUES (zeroblob(3900))");
    for (let page = 0; page < ROOM_PAGES; page++) fill.run();
    return true;
  } catch (error) {
    if (!isStorageTrouble(error)) throw error;
    return false;
  } finally {
    // A full disk has ended it already.
    if (db.inTransaction) db.exec("ROLLBACK");
    db.pragma(`cache_size = ${cache}`);
  }
}
