import type { KeyObject } from "node:crypto";
import { fromHex, toHex, utf8 } from "../../core/bytes.ts";
import { SealBrokenError, seal, unseal } from "../../ledger/seal.ts";
import { StorageRefusedError } from "../refused.ts";
import { MASTER_KEY_FACT, MASTER_KEY_PLACE } from "../sealed-places.ts";
import type { Postgres } from "./database.ts";
import { DEPARTURE, type Departure, departureText } from "./move-out/departure.ts";

/**
 * Makes sure that the master key is the one that the record is sealed with, by opening a sealed fact that the first start left. Of nodes
 * that start together for the first time, one leaves it.
 *
 * A record that is being moved in has its own, and comes with it: nothing is left in a database in which it is not all there yet.
 *
 * @throws StorageRefusedError for another key, and where a record is being moved in, or was moved out.
 */
export async function expectMasterKey(db: Postgres, master: KeyObject): Promise<void> {
  const [left] = await db.read<Departure>(DEPARTURE);
  if (left) throw new StorageRefusedError(departureText(left));
  const fresh = toHex(seal(master, MASTER_KEY_PLACE, utf8("tallyroot")));
  const known = await db.transaction(async (tx) => {
    tx.query("INSERT INTO facts (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", [MASTER_KEY_FACT, fresh]);
    // After the insert, which waits for a move that is just beginning.
    const moving = await tx.query("SELECT 1 FROM moving_in WHERE ended_at IS NULL");
    if (moving.length > 0)
      throw new StorageRefusedError(
        "a record is being moved into this database, and is not all there: run tallyroot migrate again until it says that it is, then start; nothing was recorded",
      );
    const [row] = await tx.query<{ value: string }>("SELECT value FROM facts WHERE name = $1", [MASTER_KEY_FACT]);
    return row!.value;
  });
  try {
    unseal(master, MASTER_KEY_PLACE, fromHex(known));
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    throw new StorageRefusedError(
      "the master key is not the one that this database was made with: set TALLYROOT_MASTER_KEY to that one, the same on every node",
    );
  }
}
