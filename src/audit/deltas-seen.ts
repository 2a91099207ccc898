import { periodOf } from "../ledger/calendar.ts";
import { addKey, addSum, type IndexSum, indexSum } from "./index-sum.ts";
import type { LedgerKeys } from "./keys.ts";
import type { DeltaKey, DeltaRow, Entry, KeyIndex, LedgerRow } from "./port.ts";

/** What was seen of the ledgers: for the report, and for what counts or indexes deltas. Plain data: it goes from thread to thread. */
export type LedgersSeen = {
  ledgers: number;
  deltas: number;
  heads: number;
  /** Deltas whose content was opened, was erased, or was left closed for want of the master key. */
  contents: { opened: number; erased: number; closed: number };
  withoutDigest: number;
  /** Deltas by tenant and UTC month of recording. */
  months: Map<number, Map<string, number>>;
  /** What the two indexes must add up to, as far as they are filled. */
  indexes: Record<KeyIndex, IndexSum>;
};

export function nothingSeen(): LedgersSeen {
  return {
    ledgers: 0,
    deltas: 0,
    heads: 0,
    contents: { opened: 0, erased: 0, closed: 0 },
    withoutDigest: 0,
    months: new Map(),
    indexes: { fingerprint_index: indexSum(), request_index: indexSum() },
  };
}

/** Adds what was seen of other ledgers. */
export function addSeen(seen: LedgersSeen, part: LedgersSeen): void {
  for (const figure of ["ledgers", "deltas", "heads", "withoutDigest"] as const) seen[figure] += part[figure];
  for (const figure of ["opened", "erased", "closed"] as const) seen.contents[figure] += part.contents[figure];
  for (const [tenant, counted] of part.months) {
    const months = seen.months.get(tenant) ?? new Map<string, number>();
    for (const [month, deltas] of counted) months.set(month, (months.get(month) ?? 0) + deltas);
    seen.months.set(tenant, months);
  }
  for (const index of ["fingerprint_index", "request_index"] as const) addSum(seen.indexes[index], part.indexes[index]);
}

export function noteContent({ contents }: LedgersSeen, keys: LedgerKeys, row: DeltaRow): void {
  const key = keys.get(row.generation);
  if (typeof key === "object") contents.opened += 1;
  else if (key === "erased") contents.erased += 1;
  else contents.closed += 1;
}

/** Counts every delta that is there, also of ledgers that were left. */
export function openCounting(seen: LedgersSeen, indexedThrough: Readonly<Record<KeyIndex, number>>) {
  // Deltas that follow each other are mostly of one month: its bounds spare naming it each time.
  let month = { name: "", from: 0, to: 0 };
  return ({ row }: Entry<DeltaKey, DeltaRow>, ledger: LedgerRow | undefined): void => {
    seen.deltas += 1;
    if (!row) return;
    const { fingerprint, requestId, arrival, recordedAt } = row;
    if (row.digest === "none") seen.withoutDigest += 1;
    if (recordedAt < month.from || recordedAt >= month.to) month = monthAt(recordedAt);
    if (ledger) {
      const months = seen.months.get(ledger.tenant) ?? new Map<string, number>();
      months.set(month.name, (months.get(month.name) ?? 0) + 1);
      seen.months.set(ledger.tenant, months);
    }
    if (arrival === undefined) return;
    if (arrival <= indexedThrough.fingerprint_index) addKey(seen.indexes.fingerprint_index, fingerprint, arrival);
    if (requestId && arrival <= indexedThrough.request_index) addKey(seen.indexes.request_index, requestId, arrival);
  };
}

/** The latest time that a date can have, in Unix milliseconds. */
const LAST_TIME = 8.64e15;

function monthAt(time: number): { name: string; from: number; to: number } {
  if (time > LAST_TIME) return { name: "beyond", from: time, to: time + 1 };
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { name: periodOf(time), from: Date.UTC(year, month), to: Date.UTC(year, month + 1) };
}
