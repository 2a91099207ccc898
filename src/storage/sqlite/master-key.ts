import type { KeyObject } from "node:crypto";
import { fromHex, toHex, utf8 } from "../../core/bytes.ts";
import { SealBrokenError, seal, unseal } from "../../ledger/seal.ts";
import { type Sqlite, StorageRefusedError } from "./database.ts";

const FACT = "master-key.check";
const PLACE = utf8(FACT);

/**
 * Makes sure that the master key is the one that the record is sealed with, by opening a sealed fact that the first start left.
 * A wrong key would otherwise show only when something is read, and by then new ledgers would be sealed with it.
 *
 * @throws StorageRefusedError for another key.
 */
export function expectMasterKey(db: Sqlite, master: KeyObject): void {
  const known = db.prepare<[string], { value: string }>("SELECT value FROM facts WHERE name = ?").get(FACT);
  if (!known) {
    db.prepare("INSERT INTO facts (name, value) VALUES (?, ?)").run(
      FACT,
      toHex(seal(master, PLACE, utf8("tallyroot"))),
    );
    return;
  }
  try {
    unseal(master, PLACE, fromHex(known.value));
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    throw new StorageRefusedError(
      "the master key is not the one that this data directory was made with: set TALLYROOT_MASTER_KEY to that one, or put back the file master-key",
    );
  }
}
