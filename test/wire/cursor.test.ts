import { expect } from "chai";
import * as fc from "fast-check";
import { TallyrootError } from "#src/core/errors.ts";
import { cursorAfter, expectOneWay, type List, offsetOfCursor } from "#src/wire/cursor.ts";
import { holds } from "#test/core/property.ts";

const NEWEST: List = { name: "anchors", order: "newest-first" };
const OLDEST: List = { name: "deltas", order: "oldest-first" };

/** What a list shows when it is read page by page, while entries are added between two reads. */
function readThrough(list: List, start: number, limit: number, added: readonly number[]): number[] {
  const seen: number[] = [];
  let total = start;
  let text: string | null = null;
  for (let i = 0; ; i++) {
    const offset: number = text === null ? 0 : offsetOfCursor(list, text, total);
    const all = Array.from({ length: total }, (_, entry) => entry);
    const shown = (list.order === "newest-first" ? all.reverse() : all).slice(offset, offset + limit);
    seen.push(...shown);
    text = cursorAfter(list, { offset, shown: shown.length, total });
    if (text === null) return seen;
    total += added[i] ?? 0;
  }
}

describe("a cursor", () => {
  const growth = fc.array(fc.nat({ max: 5 }), { maxLength: 20 });

  it("shows every entry of a newest-first list once, whatever is added meanwhile", () => {
    holds(
      fc.property(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 7 }), growth, (start, limit, added) => {
        const entries = Array.from({ length: start }, (_, entry) => start - 1 - entry);
        expect(readThrough(NEWEST, start, limit, added)).to.deep.equal(entries);
      }),
    );
  });

  it("goes on into what was added to an oldest-first list, and shows nothing twice", () => {
    holds(
      fc.property(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 7 }), growth, (start, limit, added) => {
        const seen = readThrough(OLDEST, start, limit, added);
        expect(seen).to.deep.equal(Array.from(seen, (_, entry) => entry));
        expect(seen).to.have.length.of.at.least(start);
      }),
    );
  });

  const refused: [what: string, text: string][] = [
    ["of another list", cursorAfter(OLDEST, { offset: 0, shown: 2, total: 9 })!],
    ["from beyond the end", cursorAfter(NEWEST, { offset: 0, shown: 2, total: 90 })!],
    ["that is no base64", "A"],
    ["that says nothing", "AAAA"],
  ];
  for (const [what, text] of refused) {
    it(`${what} is refused`, () => {
      expect(() => offsetOfCursor(NEWEST, text, 9))
        .to.throw(TallyrootError)
        .with.property("code", "VALIDATION_ERROR");
    });
  }

  it("does not come with an offset", () => {
    expect(() => expectOneWay("AAAA", true))
      .to.throw(TallyrootError)
      .with.property("code", "INVALID_SCOPE_COMBINATION");
    expect(() => expectOneWay(undefined, true)).not.to.throw();
    expect(() => expectOneWay("AAAA", false)).not.to.throw();
  });
});
