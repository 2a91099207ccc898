import { fromHex } from "#src/core/bytes.ts";
import { sealingKey } from "#src/ledger/seal.ts";
import { openDataDirectory } from "#src/storage/data-directory.ts";
import { openSqliteStore, type SqliteStore } from "#src/storage/sqlite/store.ts";
import { type Members, type Reply, send } from "#test/http/call.ts";
import { type BankAccount, readBank } from "../../scripts/demo/bank.ts";

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

/** Some accounts of the bank, with their rows in posting order. */
export function bankAccounts(count: number): BankAccount[] {
  return readBank(new URL("../../scripts/demo/bank-transactions.csv", import.meta.url)).slice(0, count);
}

/** Rows of the bank as deltas of a batch. */
export function deltasOf(accounts: readonly BankAccount[]): Members[] {
  return accounts.flatMap(({ customerId, rows }) =>
    rows.map(({ amountText, reason, transaction }) => ({
      customerId,
      delta: amountText,
      reason,
      referenceId: transaction,
      metadata: { transaction },
    })),
  );
}

/** Answers of a server, by what was asked. */
export type Answers = Map<string, string>;

/** What a server answers to each of these paths. */
export async function answersTo(url: string, key: string, paths: readonly string[]): Promise<Answers> {
  const answers: Answers = new Map();
  for (const path of paths) answers.set(path, told(await send(url, { path: `/api/v1${path}`, key })));
  return answers;
}

/** An answer whole, but for what is of the request, and what an anchor or a delivery that goes on meanwhile changes. */
export const told = ({ status, text }: Reply) =>
  `${status} ${text.replace(/"(?:requestId|lastUsedAt|lastTriggered|failureCount)":("[^"]*"|null|\d+)/g, "")}`;

/** What of these answers is not the same. */
export function differencesIn(before: Answers, now: Answers): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((path) => now.get(path) !== before.get(path));
}
