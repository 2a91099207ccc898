import type { KeysView } from "../../sdk/operating-answers.ts";
import type { Tallyroot } from "../../sdk/tallyroot.ts";

/**
 * One page of the keys, newest first. The server lists the oldest first, so the page is counted from the end of its list.
 *
 * @param page from 0 on; one that is not there any more is the last one.
 */
export async function newestKeys(pac: Tallyroot, page: number, perPage: number): Promise<KeysView> {
  const { pagination } = await pac.keys.list({ limit: 1 });
  const { total } = pagination;
  const before = Math.min(page * perPage, Math.max(0, total - 1));
  const end = total - before;
  const offset = Math.max(0, end - perPage);
  const { keys } = await pac.keys.list({ offset, limit: Math.max(1, end - offset) });
  return { keys: keys.toReversed(), pagination: { total, offset: before, limit: perPage } };
}
