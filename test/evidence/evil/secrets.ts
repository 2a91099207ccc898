import { readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { formatAmount } from "#src/core/amount.ts";
import { fromHex, sameBytes } from "#src/core/bytes.ts";
import { type Content, commitmentOf } from "#src/core/content.ts";
import { openContent } from "#src/ledger/compose.ts";
import { openLedgerKey } from "#src/ledger/keyring.ts";
import { SealBrokenError, sealingKey } from "#src/ledger/seal.ts";
import { type DeltaRow, deltaOf } from "#src/storage/rows.ts";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { parsed } from "./forge.ts";
import type { Ground } from "./ground.ts";

/** What somebody finds who has the database file, and not the keys. */

/** The texts of customers that stand in the stolen file as they are. */
export function readableIn({ dir, files }: Ground): string[] {
  const stolen = readFileSync(databaseFile(dir));
  const contents = Object.values(files.open)
    .flat()
    .map((bytes) => parsed(bytes).content as Content);
  const texts = contents.flatMap(({ customerId, reason, referenceId }) => [customerId, reason, referenceId!]);
  return [...new Set(texts)].filter((text) => stolen.includes(text));
}

/** Whether a content opens with a key of the thief's own, and with the master key. */
export function opensWith({ dir }: Ground, masterKey: Uint8Array): boolean {
  const db = new Database(databaseFile(dir), { readonly: true });
  try {
    const row = db.prepare<[], DeltaRow>("SELECT * FROM deltas WHERE id = 1").get()!;
    const owner = db
      .prepare<[number], { tenant: number; address: Buffer; opened_at: number }>("SELECT * FROM ledgers WHERE id = ?")
      .get(row.ledger)!;
    const sealed = db
      .prepare<[number], { generation: number; wrapped: Buffer; sealed_customer_id: Buffer }>(
        "SELECT * FROM ledger_keys WHERE ledger = ?",
      )
      .get(row.ledger)!;
    const ledger = { id: row.ledger, tenantId: owner.tenant, address: owner.address, openedAt: owner.opened_at };
    const key = openLedgerKey(sealingKey(masterKey), ledger, {
      ...sealed,
      sealedCustomerId: sealed.sealed_customer_id,
    });
    return key !== undefined && openContent(deltaOf(row, ledger), key.key, key.customerId).customerId !== "";
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    return false;
  } finally {
    db.close();
  }
}

/** How many of a blind receipt's contents are found by trying every customer and every reason there is, without the salt. */
export function guessed({ files, customers }: Ground, salts: (content: Content) => readonly string[]): number {
  const opens = Object.values(files.open).flatMap((list) => list.slice(0, 2).map((bytes) => parsed(bytes)));
  const reasons = new Set(opens.map(({ content }) => content.reason as string));
  return opens.filter(({ delta, content }) =>
    [...reasons].some((reason) =>
      customers.some((customerId) =>
        salts(content).some((salt) => {
          const guess = {
            customerId,
            delta: formatAmount(BigInt(delta.amount)),
            reason,
            referenceId: content.referenceId,
            salt,
          };
          return sameBytes(commitmentOf(guess), fromHex(delta.commitment));
        }),
      ),
    ),
  ).length;
}
