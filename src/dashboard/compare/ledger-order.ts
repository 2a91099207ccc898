import type { LocalEntry } from "../../sdk/local-comparison.ts";
import type { Table } from "./table.ts";

/**
 * A list in the ledger's order from its first delta on, as comparing by bisection needs it. What is missing or twice shows in the
 * comparison itself, as the first place where both part.
 *
 * @returns why it cannot be compared so, in words.
 */
export function ledgerOrder({
  entries,
  columns,
}: Pick<Table, "entries" | "columns">): { local: LocalEntry[] } | { wrong: string } {
  const counted = columns.sequence !== undefined;
  const inOrder = counted ? entries.toSorted((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0)) : entries;
  const first = inOrder[0]?.sequence;
  if (counted && first !== 1)
    return {
      wrong: `A list of this length is compared from the ledger's first delta on, and this one begins with ${first === undefined ? "a row without a sequence" : `delta ${first}`}.`,
    };
  const byReceipt = entries.every(({ receiptId }) => receiptId !== undefined);
  if (!byReceipt && entries.some(({ delta, balance }) => delta === undefined && balance === undefined))
    return { wrong: "A list of this length needs an amount, a balance or a receipt id in every row." };
  return {
    local: inOrder.map(({ delta, balance, receiptId }) => ({ delta, balance, ...(byReceipt && { receiptId }) })),
  };
}
