import type { LedgerPlace } from "./ledger-place.ts";

/** A page of a period's deltas, as the API is asked for it: it counts from the oldest, from 0. */
export type PageWindow = {
  offset: number;
  limit: number;
  /** The first delta shown and the last, counted from 1 from the oldest. */
  top: number;
  bottom: number;
};

type Asked = Pick<LedgerPlace, "newestFirst" | "size" | "top">;

/** The page that an address names, of `count` deltas. What is beyond the record is the nearest page that there is. */
export function windowOf({ newestFirst, size, top }: Asked, count: number): PageWindow {
  const first = Math.min(top ?? (newestFirst ? count : 1), count);
  if (!newestFirst) {
    const last = Math.min(count, first + size - 1);
    return { offset: Math.max(0, first - 1), limit: size, top: first, bottom: last };
  }
  const last = Math.max(1, first - size + 1);
  return { offset: last - 1, limit: Math.max(1, first - last + 1), top: first, bottom: last };
}

/** Where the pages before and after begin, and the last one; undefined is the beginning of the list, null where there is none. */
export type Neighbours = { before: number | undefined | null; after: number | null; end: number | null };

export function neighboursOf(asked: Asked, count: number): Neighbours {
  const { newestFirst, size } = asked;
  const { top, bottom } = windowOf(asked, count);
  if (newestFirst) {
    const before = top >= count ? null : top + size >= count ? undefined : top + size;
    const after = bottom > 1 ? bottom - 1 : null;
    return { before, after, end: after === null ? null : Math.min(size, count) };
  }
  const before = top <= 1 ? null : top - size <= 1 ? undefined : top - size;
  const after = bottom < count ? bottom + 1 : null;
  return { before, after, end: after === null ? null : Math.max(1, count - size + 1) };
}
