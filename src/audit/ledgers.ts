import { openCursor } from "./cursor.ts";
import { type LedgersSeen, nothingSeen, openCounting } from "./deltas-seen.ts";
import { type LedgerParts, watchLedger } from "./ledger-watch.ts";
import type { DeltaKey, HeadKey } from "./port.ts";
import { reportRow } from "./row-problem.ts";

/** Rows read at once: few, so that they are garbage before they are old, which costs memory and time. */
const PAGE = 200;
/** Deltas after which it is told how many have been looked at. */
const TELL_EVERY = 1_000;

/** Ledgers by their numbers: those after one, up to another one. */
export type LedgerRange = { after: number; upTo: number };

export const ALL_LEDGERS: LedgerRange = { after: 0, upTo: Number.POSITIVE_INFINITY };

/** Behind all that a ledger can have. */
const LAST = Number.MAX_SAFE_INTEGER;

/**
 * Derives every ledger anew from its deltas' own fields, in order of sequence, and holds its anchored heads and the checkpoints over its
 * windows against what comes out. A ledger is left at its first wrong delta, since nothing after it can be judged; the others go on.
 *
 * @param range ledgers share nothing, so ranges of them that follow each other find together what one pass over all of them finds.
 */
export async function auditLedgers(parts: LedgerParts, range = ALL_LEDGERS): Promise<LedgersSeen> {
  const { store, findings, onProgress } = parts;
  const seen = nothingSeen();
  const count = openCounting(seen, parts.indexedThrough);
  const ledgers = openCursor((after: number) => store.ledgers(after, PAGE), range.after);
  const [deltasAfter, headsAfter] = keysBefore(range);
  const deltas = openCursor((after: DeltaKey) => store.deltas(after, PAGE), deltasAfter);
  const heads = openCursor((after: HeadKey) => store.heads(after, PAGE), headsAfter);

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

  // What a damaged file has behind all that a ledger can have belongs to the range before.
  if (range.after > 0) {
    for (; (await deltas.fill()) && deltas.peek()!.key.ledger <= range.after; ) deltas.take();
    for (; (await heads.fill()) && heads.peek()!.key.ledger <= range.after; ) heads.take();
  }
  for (; await ledgers.fill(); ledgers.take()) {
    const entry = ledgers.peek()!;
    if (entry.key > range.upTo) break;
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
      if (seen.deltas % TELL_EVERY === 0) await onProgress?.(seen.deltas);
    }
    for (; (await heads.fill()) && heads.peek()!.key.ledger === entry.key; heads.take())
      watch?.unreached(heads.peek()!);
    watch?.end();
  }
  await reportOrphans(range.upTo + 1);
  await onProgress?.(seen.deltas);
  return seen;
}

/** The keys after which the deltas and the heads of a range begin. */
function keysBefore({ after }: LedgerRange): [DeltaKey, HeadKey] {
  if (after === 0)
    return [
      { ledger: 0, sequence: -1 },
      { ledger: 0, count: -1, anchor: 0, position: -1 },
    ];
  return [
    { ledger: after, sequence: LAST },
    { ledger: after, count: LAST, anchor: LAST, position: LAST },
  ];
}
