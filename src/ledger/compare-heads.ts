import { sameBytes } from "../core/bytes.ts";
import { rootAt } from "./consistency.ts";
import { openPause } from "./in-steps.ts";
import type { Ledger, LedgerStore } from "./ports/ledgers.ts";
import { balanceAfter } from "./scope.ts";

/** What a party has after one of a ledger's deltas. Balance in units of 10^-18; the root is over the leaves of deltas 1 … sequence. */
export type ClaimedHead = { sequence: number; balance?: bigint | undefined; root?: Uint8Array | undefined };

/** The record at that sequence, and whether what was sent agrees with it; undefined where nothing was sent to agree with. */
export type ComparedHead = {
  sequence: number;
  /** Undefined where the record has no such delta yet. */
  recorded: { balance: bigint; root: Uint8Array } | undefined;
  balanceAgrees: boolean | undefined;
  rootAgrees: boolean | undefined;
  /** On record, and nothing that was sent is different. */
  agrees: boolean;
};

/**
 * Compares a party's balances or tree roots at chosen sequences with the record: O(log n) reads for each head.
 *
 * Equal roots are equal histories, up to the amount and time of every single delta. So a party that keeps its receipts finds the
 * first delta that differs among a million by asking about twenty roots, and sends nothing else.
 *
 * @param count how many deltas the ledger has.
 * @see core/bisect.ts for the search
 */
export async function compareHeads(
  store: LedgerStore,
  ledger: Ledger,
  count: number,
  heads: readonly ClaimedHead[],
): Promise<ComparedHead[]> {
  const pause = openPause();
  const compared: ComparedHead[] = [];
  for (const { sequence, balance, root } of heads) {
    const recorded =
      sequence > count
        ? undefined
        : { balance: await balanceAfter(store, ledger, sequence), root: (await rootAt(store, ledger, sequence))! };
    const balanceAgrees = balance === undefined ? undefined : balance === recorded?.balance;
    const rootAgrees = root === undefined ? undefined : recorded !== undefined && sameBytes(root, recorded.root);
    const agrees = recorded !== undefined && balanceAgrees !== false && rootAgrees !== false;
    compared.push({ sequence, recorded, balanceAgrees, rootAgrees, agrees });
    await pause();
  }
  return compared;
}
