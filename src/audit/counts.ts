import type { LedgersSeen } from "./deltas-seen.ts";
import type { Findings } from "./findings.ts";
import { addRow, indexSum, prefixOf, sameSum } from "./index-sum.ts";
import type { AuditStore, KeyIndex } from "./port.ts";

/** Rows read at once. */
const PAGE = 10_000;
/** Holes that are named one by one. */
const MOST_HOLES = 10;

export const KEY_INDEXES: readonly KeyIndex[] = ["fingerprint_index", "request_index"];

type Parts = { store: AuditStore; findings: Findings; seen: LedgersSeen };

/** Holds what counts deltas against the deltas that are there: a delta that was cut off the end leaves no hole anywhere else. */
export async function auditCounts({ store, findings, seen }: Parts): Promise<void> {
  const { rows, last } = await store.arrivals();
  if (rows !== last) {
    for (const before of await store.holesBefore(MOST_HOLES)) {
      const problem = `no delta has this number, and one has number ${before}`;
      findings.add({ code: "ARRIVAL_MISSING", table: "deltas", row: { arrival: before - 1 }, problem });
    }
  }
  if (rows !== seen.deltas) {
    const problem = `${rows} rows are there, the index by ledger finds ${seen.deltas}`;
    findings.add({ code: "INDEX_WRONG", table: "deltas_by_ledger", row: {}, problem });
  }
  await auditUsage({ store, findings, seen });
}

async function auditUsage({ store, findings, seen }: Parts): Promise<void> {
  const usage = Map.groupBy(await store.usage(), ({ tenant }) => tenant);
  for (const tenant of new Set([...usage.keys(), ...seen.months.keys()])) {
    const counted = new Map(usage.get(tenant)?.map(({ period, deltas }) => [period, deltas]));
    const recorded = seen.months.get(tenant) ?? new Map<string, number>();
    // Counted is by the clock of the commit, recorded by times that never go back: a delta may be of a later month than it was counted
    // in, where a clock was set back, and never of an earlier one.
    let [counter, rows] = [0, 0];
    let behind: string | undefined;
    for (const period of [...new Set([...counted.keys(), ...recorded.keys()])].sort()) {
      counter += counted.get(period) ?? 0;
      rows += recorded.get(period) ?? 0;
      if (counter < rows) behind ??= period;
    }
    if (counter === rows && behind === undefined) continue;
    const problem = `${counter} deltas were counted, ${rows} are on record`;
    const row = { tenant, ...(behind !== undefined && { period: behind }) };
    findings.add({ code: "USAGE_WRONG", table: "usage", row, problem });
  }
}

/** Holds the indexes by fingerprint and by request id against the deltas, as far as they are filled. */
export async function auditIndexes({ store, findings, seen }: Parts): Promise<void> {
  for (const index of KEY_INDEXES) {
    const found = indexSum();
    const through = await store.indexedThrough(index);
    let strangers = 0;
    for (let after = { prefix: -1, delta: 0 }; ; ) {
      const rows = await store.indexRows(index, after, PAGE);
      for (const { prefix, delta } of rows) {
        if (delta <= through) addRow(found, prefix, delta);
        else if (!(await isOf(store, index, prefix, delta))) strangers += 1;
      }
      if (rows.length < PAGE) break;
      after = rows.at(-1)!;
    }
    if (strangers === 0 && sameSum(found, seen.indexes[index])) continue;
    const [there, due] = [found.count + strangers, seen.indexes[index].count];
    const problem = there === due ? "its rows are not those of the deltas" : `it has ${there} rows instead of ${due}`;
    findings.add({ code: "INDEX_WRONG", table: index, row: {}, problem });
  }
}

/** Whether a row beyond what is filled belongs to a delta: deltas go in a slice with each commit, by key, and count once all are in. */
async function isOf(store: AuditStore, index: KeyIndex, prefix: number, delta: number): Promise<boolean> {
  const key = await store.indexedKey(index, delta);
  return key !== undefined && prefixOf(key) === prefix;
}
