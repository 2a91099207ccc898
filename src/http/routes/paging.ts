import type { Page } from "../../ledger/ports/ledgers.ts";
import { cursorAfter, expectOneWay, type List, offsetOfCursor } from "../../wire/cursor.ts";

/** A page of nothing: asked for where only the total is wanted. */
export const NOTHING: Page = { offset: 0, limit: 0 };

/** The page that a query names, by its offset or by a cursor. */
export async function pageOf(
  list: List,
  { cursor, offset, limit }: Page & { cursor?: string | undefined },
  total: () => Promise<number>,
): Promise<Page> {
  expectOneWay(cursor, offset > 0);
  return { limit, offset: cursor === undefined ? offset : offsetOfCursor(list, cursor, await total()) };
}

/** What an answer says of its page. */
export function paginationOf(list: List, { offset, limit }: Page, { shown, total }: { shown: number; total: number }) {
  return { total, offset, limit, nextCursor: cursorAfter(list, { offset, shown, total }) };
}
