/**
 * What every list of the client answers: a promise of the page that was asked for, and with `for await` every element from that page
 * on to the last, page after page as they are needed.
 *
 * @example
 * const { customers, pagination } = await pac.balance.customers();
 * for await (const customer of pac.balance.customers({ limit: 100 })) console.log(customer.customerId);
 */
export type Listing<Page, Element> = Promise<Page> & AsyncIterable<Element>;

/** Of a list's answer, what says where the next page is. */
export type Pagination = { total: number; limit: number; offset?: number; nextCursor?: string | null };

/** What a request adds for a further page. */
export type Place = { cursor?: string | undefined; offset?: number | undefined };

/** How one list is walked. */
export type Walk<Page, Element> = {
  ask(place: Place): Promise<Page>;
  elements(page: Page): readonly Element[];
  pagination(page: Page): Pagination;
};

/** Asks for the first page at once, and for each further one when its first element is wanted. */
export function listing<Page, Element>(walk: Walk<Page, Element>): Listing<Page, Element> {
  // Whatever is wrong with the request rejects the promise, as it would for the pages after it.
  const first = (async () => walk.ask({}))();
  async function* each(): AsyncGenerator<Element, void, undefined> {
    for (let page = await first; ; ) {
      const elements = walk.elements(page);
      yield* elements;
      const place = placeAfter(walk.pagination(page), elements.length);
      if (place === undefined) return;
      page = await walk.ask(place);
    }
  }
  return Object.assign(first, { [Symbol.asyncIterator]: each });
}

/** A cursor keeps its place whatever is added meanwhile; an offset is for the lists that have none, which are short. */
function placeAfter({ total, offset = 0, nextCursor }: Pagination, shown: number): Place | undefined {
  if (nextCursor !== undefined) return nextCursor === null ? undefined : { cursor: nextCursor };
  return shown === 0 || offset + shown >= total ? undefined : { offset: offset + shown };
}
