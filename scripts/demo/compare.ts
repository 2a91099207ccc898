import { formatAmount } from "../../src/core/amount.ts";
import type { BankAccount } from "./bank.ts";
import type { RecordedRow } from "./ledgers.ts";

/** The first row of an account at which the bank states another balance than the record. Units of 10^-18. */
export type Divergence = {
  readonly customerId: string;
  /** Counted from 1: the delta's sequence in the ledger. */
  readonly row: number;
  readonly transaction: string;
  readonly date: string;
  readonly receiptId: string;
  readonly ours: bigint;
  readonly theirs: bigint;
};

/** Compares the record's running balance with the bank's, row for row, exactly. */
export function firstDivergence(
  { customerId, rows }: BankAccount,
  recorded: readonly RecordedRow[],
): Divergence | undefined {
  const at = rows.findIndex(({ balance }, i) => recorded[i]?.balance !== balance);
  const [row, delta] = [rows[at], recorded[at]];
  if (!row || !delta) return undefined;
  const { transaction, date, balance: theirs } = row;
  return { customerId, row: at + 1, transaction, date, receiptId: delta.receiptId, ours: delta.balance, theirs };
}

/** The first divergence of each account that has one: by date, and by transaction within a day. */
export function divergencesOf(
  accounts: readonly BankAccount[],
  ledgers: ReadonlyMap<string, readonly RecordedRow[]>,
): Divergence[] {
  return accounts
    .flatMap((account) => firstDivergence(account, ledgers.get(account.customerId) ?? []) ?? [])
    .sort((a, b) => (a.date === b.date ? Number(a.transaction) - Number(b.transaction) : a.date < b.date ? -1 : 1));
}

export const DIVERGENCE_COLUMNS = ["customer", "row", "date", "transaction", "recorded", "bank", "difference"] as const;

/** A divergence as texts, one per column; the difference is the bank's balance minus the recorded one. */
export function divergenceCells({ customerId, row, date, transaction, ours, theirs }: Divergence): string[] {
  return [
    customerId,
    String(row),
    date,
    transaction,
    formatAmount(ours),
    formatAmount(theirs),
    formatAmount(theirs - ours),
  ];
}

/** None of the cells can contain a comma, a quote or a line end. */
export function divergencesCsv(divergences: readonly Divergence[]): string {
  return [DIVERGENCE_COLUMNS, ...divergences.map(divergenceCells)].map((cells) => `${cells.join()}\n`).join("");
}
