import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { parseAmount, parseDeltaAmount } from "../../src/core/amount.ts";
import { DemoFailure } from "./failure.ts";

const COLUMNS = ["transaction", "account", "date", "amount", "balance", "operation", "symbol"] as const;

/** One row of the bank: one signed change of one account. Balance in units of 10^-18, as the bank states it. */
export type BankRow = {
  readonly transaction: string;
  readonly date: string;
  /** The digits as the file has them: they are what is sent. */
  readonly amountText: string;
  readonly amount: bigint;
  readonly balance: bigint;
  readonly reason: string;
};

export type BankAccount = { readonly customerId: string; readonly rows: readonly BankRow[] };

/**
 * The accounts of the bank's file, each with its rows in posting order.
 *
 * @throws DemoFailure for a file with other columns; TallyrootError for a figure that is no exact amount.
 */
export function readBank(file: string | URL): BankAccount[] {
  return bankAccounts(readFileSync(file, "utf8"));
}

export function bankAccounts(csv: string): BankAccount[] {
  const [header = [], ...lines] = parse(csv, { skip_empty_lines: true }) as string[][];
  if (header.join() !== COLUMNS.join()) {
    throw new DemoFailure(`the bank's file must have the columns ${COLUMNS.join()}`);
  }
  const accounts = new Map<string, BankRow[]>();
  for (const line of lines) {
    const [transaction, account, date, amountText, balance, operation, symbol] = line as [string, ...string[]] &
      string[];
    const customerId = `acct_${account}`;
    const rows = accounts.get(customerId) ?? [];
    accounts.set(customerId, rows);
    rows.push({
      transaction,
      date: date!,
      amountText: amountText!,
      amount: parseDeltaAmount(amountText!),
      balance: parseAmount(balance!),
      reason: [operation, symbol].filter((code) => code !== "").join(" / ") || "transaction",
    });
  }
  return [...accounts].map(([customerId, rows]) => ({ customerId, rows }));
}
