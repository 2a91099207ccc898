import { openCursor } from "./cursor.ts";
import { type LedgersSeen, nothingSeen, openCounting } from "./deltas-seen.ts";
import { type LedgerParts, watchLedger } from "./ledger-watch.ts";
import type { DeltaKey, HeadKey } from "./port.ts";
import { reportRow } from "./row-problem.ts";

/** Rows read at once. */
const PAGE = 1_000;

const BEFORE_HEADS: HeadKey = { ledger: 0, count: -1, anchor: 0, position: -1 };

/**
 * Derives every ledger anew from its deltas' own fields, in order of sequence, and holds its anchored heads and the checkpoints over its
 * windows against what comes out. A ledger is left at its first wrong delta, since nothing after it can be judged; the others go on.
 */
export async function auditLedgers(parts: LedgerParts): Promise<LedgersSeen> {
  const { store, findings, onProgress } = parts;
  const seen = nothingSeen();
  const count = openCounting(seen, parts.indexedThrough);
  const ledgers = openCursor((after: number) => store.ledgers(after, PAGE), 0);
  const deltas = openCursor((after: DeltaKey) => store.deltas(after, PAGE), { ledger: 0, sequence: -1 });
  const heads = openCursor((after: HeadKey) => store.heads(after, PAGE), BEFORE_HEADS);

  /** Heads and deltas of ledgers before this one belong to none. */
  async function reportOrphans(before: number): Promise<void> {
    let last = 0;
    for (; (await deltas.fill()) && deltas.peek()!.key.ledger < before; deltas.take()) {
      const { ledger, sequence } = deltas.peek()!.key;
      seen.deltas += 1;
      if (ledger === last) continue;
      last = ledger;
      const problem = "there is no ledger of this number";
      findings.add({ code: "DELTA_ORPHANED", table: "deltas", row: { "ledger number": ledger, sequence }, problem });
    }
    for (; (await heads.fill()) && heads.peek()!.key.ledger < before; heads.take()) {
      const { anchor, position } = heads.peek()!.key;
      const problem = "it is of a ledger that is not there";
      findings.add({ code: "HEAD_WRONG", table: "anchor_leaves", row: { anchor, position }, problem });
    }
  }

  for (; await ledgers.fill(); ledgers.take()) {
    const entry = ledgers.peek()!;
    await reportOrphans(entry.key);
    seen.ledgers += 1;
    if (!entry.row) reportRow(findings, "ledgers", { "ledger number": entry.key }, entry);
    const watch = entry.row && (await watchLedger(parts, seen, entry.row));
    while ((deltas.peek() || (await deltas.fill())) && deltas.peek()!.key.ledger === entry.key) {
      // The heads of a ledger are judged as its deltas reach them: the next one must be at hand.
      if (!heads.peek()) await heads.fill();
      const delta = deltas.take();
      count(delta, entry.row);
      watch?.delta(delta, heads.peek());
      while (watch?.reaches(heads.peek())) {
        watch.head(heads.take());
        await heads.fill();
      }
      if (seen.deltas % PAGE === 0) await onProgress?.(seen.deltas);
    }
    for (; (await heads.fill()) && heads.peek()!.key.ledger === entry.key; heads.take())
      watch?.unreached(heads.peek()!);
    watch?.end();
  }
  await reportOrphans(Number.POSITIVE_INFINITY);
  await onProgress?.(seen.deltas);
  return seen;
}
