import { readFileSync } from "node:fs";
import { formatAmount } from "#src/core/amount.ts";
import { fromHex, sameBytes } from "#src/core/bytes.ts";
import { type Content, commitmentOf } from "#src/core/content.ts";
import { openContent } from "#src/ledger/compose.ts";
import { openLedgerKey } from "#src/ledger/keyring.ts";
import { SealBrokenError, sealingKey } from "#src/ledger/seal.ts";
import { type DeltaRow, deltaOf, type LedgerRow, ledgerOf } from "#src/storage/rows.ts";
import { filesOfRecord, rowsBehind } from "#test/run/record-of.ts";
import { parsed } from "./forge.ts";
import type { Ground } from "./ground.ts";

/** What somebody finds who has the database file, and not the keys. */

/** The texts of customers that stand in the stolen file as they are. */
export async function readableIn({ dir, files }: Ground): Promise<string[]> {
  // The keys lie beside the database in a data directory, and say nothing of customers.
  const stolen = (await filesOfRecord(dir)).map((file) => readFileSync(file));
  const contents = Object.values(files.open)
    .flat()
    .map((bytes) => parsed(bytes).content as Content);
  const texts = contents.flatMap(({ customerId, reason, referenceId }) => [customerId, reason, referenceId!]);
  return [...new Set(texts)].filter((text) => stolen.some((bytes) => bytes.includes(text)));
}

/** Whether a content opens with a key of the thief's own, and with the master key. */
export async function opensWith({ dir }: Ground, masterKey: Uint8Array): Promise<boolean> {
  const [row] = await rowsBehind<DeltaRow>(dir, "SELECT * FROM deltas ORDER BY recorded_at, ledger, sequence LIMIT 1");
  const [owner] = await rowsBehind<LedgerRow>(dir, "SELECT * FROM ledgers WHERE id = ?", row!.ledger);
  const [sealed] = await rowsBehind<{ generation: number; wrapped: Buffer; sealed_customer_id: Buffer }>(
    dir,
    "SELECT * FROM ledger_keys WHERE ledger = ?",
    row!.ledger,
  );
  const ledger = ledgerOf(owner!);
  try {
    const key = openLedgerKey(sealingKey(masterKey), ledger, {
      ...sealed!,
      sealedCustomerId: sealed!.sealed_customer_id,
    });
    return key !== undefined && openContent(deltaOf(row!, ledger), key.key, key.customerId).customerId !== "";
  } catch (error) {
    if (!(error instanceof SealBrokenError)) throw error;
    return false;
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
