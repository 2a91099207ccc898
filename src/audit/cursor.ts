import type { Entry } from "./port.ts";

/** A list that is read a page at a time and looked at an element at a time. */
export type Cursor<T> = {
  /** The next element, where one is at hand; `fill` first when there is none. */
  peek(): T | undefined;
  take(): T;
  /** Reads the next page once the last one is used up. @returns whether there is an element. */
  fill(): Promise<boolean>;
};

/**
 * Walks a list from its beginning.
 *
 * @param page reads the elements after a key.
 */
export function openCursor<Key, Row>(
  page: (after: Key) => Promise<Entry<Key, Row>[]>,
  beforeFirst: Key,
): Cursor<Entry<Key, Row>> {
  let after = beforeFirst;
  let at = 0;
  let elements: Entry<Key, Row>[] = [];
  let ended = false;
  return {
    peek: () => elements[at],
    take() {
      const element = elements[at];
      if (element === undefined) throw new RangeError("taken beyond what is at hand");
      at += 1;
      return element;
    },
    async fill() {
      if (at < elements.length) return true;
      if (ended) return false;
      elements = await page(after);
      at = 0;
      ended = elements.length === 0;
      if (!ended) after = elements.at(-1)!.key;
      return !ended;
    },
  };
}

/** Every element of a list. */
export async function* each<Key, Row>(
  page: (after: Key) => Promise<Entry<Key, Row>[]>,
  beforeFirst: Key,
): AsyncGenerator<Entry<Key, Row>> {
  const cursor = openCursor(page, beforeFirst);
  while (await cursor.fill()) yield cursor.take();
}
