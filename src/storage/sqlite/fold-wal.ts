import type { Sqlite } from "./database.ts";

/** Milliseconds between two looks at the WAL. */
const LOOK_EVERY_MS = 100;
/** Pages of 4 KB that wait in the WAL until they are folded back: 32 MB. Pages that change often are written once for many commits. */
const FOLD_PAGES = 8_000;

/**
 * Folds the WAL back into the database from the thread that this is called in, whoever fills it: the thread that records has to wait for
 * its own commits only. What is written meanwhile stays, so a WAL that is written to without a pause grows until a commit of the
 * recording thread (see `MOST_WAL_PAGES`) finds little left to do.
 *
 * @returns what ends it. The connection MUST stay open until then.
 */
export function startFoldingWal(db: Sqlite): () => void {
  // No commit of this connection does it beside this.
  db.pragma("wal_autocheckpoint = 0");
  const timer = setInterval(() => {
    const [wal] = db.pragma("wal_checkpoint(NOOP)") as [{ log: number; checkpointed: number }];
    if (wal.log - wal.checkpointed >= FOLD_PAGES) db.pragma("wal_checkpoint(PASSIVE)");
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
