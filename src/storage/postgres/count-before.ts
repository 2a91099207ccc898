import type { Ledger } from "../../ledger/ports/ledgers.ts";
import type { Postgres } from "./database.ts";

/**
 * Milliseconds after which nobody can still be writing what it gave its time before: more than a transaction may last that records, its
 * statements and the waits between them together.
 */
const SETTLED_MS = 120_000;

type HeadRow = { count: number; recorded_at: number };

/**
 * Counts the deltas of a ledger before a time, so that the count does not change any more once that time has come; before a time that is
 * still to come, all that were given a time so far.
 *
 * A delta gets its time behind the lock of its ledger, and is there for others when its transaction ends. So whoever counts what a window
 * holds that has just ended, or is still open, waits for the lock as well: whoever takes it later gives a later time.
 *
 * @param locks `none` for a replica, which has no locks: it tells what was so a while ago.
 */
export function openCountBefore(
  { read }: Pick<Postgres, "read">,
  now: () => Promise<number>,
  locks: "of the ledger" | "none" = "of the ledger",
) {
  const headOf = async (ledger: Ledger, lock: "" | "FOR SHARE") =>
    (await read<HeadRow>(`SELECT count, recorded_at FROM ledger_heads WHERE ledger = $1 ${lock}`, [ledger.id]))[0];
  return async (ledger: Ledger, time: number): Promise<number> => {
    const settled = (await now()) - SETTLED_MS;
    const head = await headOf(ledger, "");
    if (!head) return 0;
    const mayBeFilling = locks !== "none" && time > settled && head.recorded_at < time;
    const { count } = mayBeFilling ? (await headOf(ledger, "FOR SHARE"))! : head;
    const [row] = await read<{ before: number }>("SELECT count_before($1, $2, $3) AS before", [ledger.id, time, count]);
    return row!.before;
  };
}
