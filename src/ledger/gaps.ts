import { setImmediate as nextTurn } from "node:timers/promises";
import { TallyrootError } from "../core/errors.ts";
import type { Ledger, LedgerStore } from "./ports/ledgers.ts";
import type { SurveyStore } from "./ports/survey.ts";

/** Sequences counted at once. */
const STEP = 5_000;
/** The most sequences that one request looks at. */
export const MOST_SEQUENCES = 10_000_000;

export type Gap = { from: number; to: number };

/** Which sequences of a range have no row. `expected` and `present` count the range; `gaps` are the first ones. */
export type Gaps = { expected: number; present: number; gaps: Gap[] };

/**
 * Looks for holes in a ledger, by counting its rows: neither the last sequence nor any stored count is believed.
 *
 * @param from the first sequence that must be there; 1 where it is undefined.
 * @param to the last one. Where it is undefined: the last row, or the last sequence that was anchored, whichever is higher, so that rows cut
 *   off at the end are missed too.
 * @param limit gaps told at most.
 * @throws TallyrootError VALIDATION_ERROR, SCOPE_TOO_WIDE
 */
export async function findGaps(
  store: LedgerStore & SurveyStore,
  ledger: Ledger,
  { from = 1, to, limit }: { from?: number | undefined; to?: number | undefined; limit: number },
): Promise<Gaps> {
  const last = (await store.lastDelta(ledger))?.sequence ?? 0;
  const end = to ?? Math.max(last, (await store.anchoredCounts(ledger.id)).underWay, from - 1);
  if (end < from - 1) throw new TallyrootError("VALIDATION_ERROR", "fromSequence must not be after toSequence");
  // Beyond the last row there is nothing to look at, only one gap.
  const lastLooked = Math.min(end, last);
  if (lastLooked - from >= MOST_SEQUENCES) {
    throw new TallyrootError(
      "SCOPE_TOO_WIDE",
      `at most ${MOST_SEQUENCES} sequences are looked at in one request: use fromSequence and toSequence`,
      { maxSequences: MOST_SEQUENCES },
    );
  }
  const found: Gap[] = [];
  // A gap that goes on across steps is one gap; one more than the limit is kept, so that the last one told is whole.
  const add = (gap: Gap) => {
    const before = found.at(-1);
    if (before?.to === gap.from - 1) before.to = gap.to;
    else if (found.length <= limit) found.push({ ...gap });
  };
  let present = 0;
  for (let first = from; first <= lastLooked; first += STEP) {
    const through = Math.min(lastLooked, first + STEP - 1);
    const count = await store.countSequences(ledger, first, through);
    present += count;
    if (count !== through - first + 1)
      for (const gap of gapsBetween(await store.sequences(ledger, first, through), first, through)) add(gap);
    await nextTurn();
  }
  const beyond = Math.max(from, lastLooked + 1);
  if (end >= beyond) add({ from: beyond, to: end });
  return { expected: end - from + 1, present, gaps: found.slice(0, limit) };
}

function gapsBetween(present: number[], first: number, last: number): Gap[] {
  const found: Gap[] = [];
  let next = first;
  for (const sequence of [...present, last + 1]) {
    if (sequence > next) found.push({ from: next, to: sequence - 1 });
    next = sequence + 1;
  }
  return found;
}
