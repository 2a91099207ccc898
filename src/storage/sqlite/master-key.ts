import type { KeyObject } from "node:crypto";
import { fromHex, toHex, utf8 } from "../../core/bytes.ts";
import { SealBrokenError, seal, unseal } from "../../ledger/seal.ts";
import { StorageRefusedError } from "../refused.ts";
import { MASTER_KEY_FACT, MASTER_KEY_PLACE } from "../sealed-places.ts";
import type { Sqlite } from "./database.ts";

/**
 * Makes sure that the master key is the one that the record is sealed with, by opening a sealed fact that the first start left.
 * A wrong key would otherwise show only when something is read, and by then new ledgers would be sealed with it.
 *
 * @throws StorageRefusedError for another key.
 */
export function expectMasterKey(db: Sqlite, master: KeyObject): void {
  const known = db.prepare<[string], { value: string }>("SELECT value FROM facts WHERE name = ?").get(MASTER_KEY_FACT);
  if (!known) {
    db.prepare("INSERT INTO facts (name, value) VALUES (?, ?)").run(
      MASTER_KEY_FACT,
      toHex(seal(master, MASTER_KEY_PLACE, utf8("tallyroot"))),
    );
    return;
  }
  try {
    unseal(master, MASTER_KEY_PLACE, fromHex(known.value));
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    throw new StorageRefusedError(
      "the master key is not the one that this data directory was made with: set TALLYROOT_MASTER_KEY to that one, or put back the file master-key",
    );
  }
}
