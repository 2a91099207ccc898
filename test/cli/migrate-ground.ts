import { fromHex } from "#src/core/bytes.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { openDataDirectory } from "#src/storage/data-directory.ts";
import { openSqliteStore, type SqliteStore } from "#src/storage/sqlite/store.ts";

/** Settings of a server whose record is in its directory, whichever engine the others under test have. */
export const IN_SQLITE = { TALLYROOT_DATABASE_URL: "" };

/** The store of a data directory that no server runs on. */
export function sqliteStoreIn(dir: string): SqliteStore {
  return openSqliteStore({
    dir,
    master: sealingKey(fromHex(openDataDirectory(dir).key("master-key"), 32)),
    clock: Date.now,
    report: (message, cause) => {
      throw new Error(message, { cause });
    },
  });
}
