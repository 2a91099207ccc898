import { formatAmount, parseAmount } from "../../src/core/amount.ts";
import { derivation } from "../../src/wire/derivation.ts";
import type { BankAccount } from "./bank.ts";
import type { Client } from "./client.ts";
import { DemoFailure } from "./failure.ts";

/** Deltas per page: the most that the API gives. */
const PAGE = 1000;

const page = derivation.pick({ deltasCount: true, verifiedCount: true, pendingCount: true, deltas: true });

/** One recorded delta as the server shows it. Amount and balance in units of 10^-18. */
export type RecordedRow = {
  readonly sequence: number;
  readonly receiptId: string;
  readonly referenceId: string | null;
  readonly amount: bigint;
  readonly balance: bigint;
  readonly status: string;
};

export type Counts = { readonly deltas: number; readonly verified: number; readonly pending: number };

/** Every delta of a customer's ledger, in order; none where there is no such ledger yet. */
export async function readLedger(client: Client, customerId: string): Promise<RecordedRow[]> {
  const rows: RecordedRow[] = [];
  for (;;) {
    const derived = await client.find(derivePath(customerId, PAGE, rows.length), page);
    if (!derived || derived.deltas.length === 0) return rows;
    for (const delta of derived.deltas) {
      const { sequence, receiptId, referenceId, status } = delta;
      const [amount, balance] = [parseAmount(delta.deltaExact), parseAmount(delta.balanceExact)];
      rows.push({ sequence, receiptId, referenceId, amount, balance, status });
    }
    if (rows.length >= derived.deltasCount) return rows;
  }
}

/** How far a customer's ledger is verified. */
export async function readCounts(client: Client, customerId: string): Promise<Counts> {
  const derived = await client.get(derivePath(customerId, 1, 0), page);
  return { deltas: derived.deltasCount, verified: derived.verifiedCount, pending: derived.pendingCount };
}

function derivePath(customerId: string, limit: number, offset: number): string {
  return `/api/v1/balance/derive/${encodeURIComponent(customerId)}?limit=${limit}&offset=${offset}`;
}

/**
 * Makes sure that a ledger holds rows of this account and nothing else, from the first one on. Another history under the same
 * customer would make every later balance another one.
 *
 * @throws DemoFailure naming the first delta that is not the bank's.
 */
export function requireBanksOwn({ customerId, rows }: BankAccount, recorded: readonly RecordedRow[]): void {
  for (const [i, { sequence, referenceId, amount }] of recorded.entries()) {
    const row = rows[i];
    if (row && referenceId === row.transaction && amount === row.amount) continue;
    const found = `delta ${sequence} is ${formatAmount(amount)} with reference ${referenceId ?? "none"}`;
    const expected = row ? `${formatAmount(row.amount)} with reference ${row.transaction}` : "none";
    throw new DemoFailure(
      `the ledger of ${customerId} already holds other deltas than the bank's rows: ${found}, the bank has ${expected}. ` +
        "Run the demo over a data directory of its own: TALLYROOT_DATA_DIR=./data/demo npm run demo",
    );
  }
}
