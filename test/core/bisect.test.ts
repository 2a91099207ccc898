import { expect } from "chai";
import * as fc from "fast-check";
import { drive, searchDivergence } from "#src/core/bisect.ts";
import { holds } from "./property.ts";

/** Runs a search and counts. */
function asked(count: number, perRound: number, agrees: (sequence: number) => boolean) {
  const search = searchDivergence(count, perRound);
  const questions: number[] = [];
  let rounds = 0;
  let round = search.next();
  while (!round.done) {
    rounds++;
    expect(round.value.length).to.be.within(1, perRound);
    expect(round.value).to.deep.equal([...new Set(round.value)].sort((a, b) => a - b));
    questions.push(...round.value);
    round = search.next(round.value.map(agrees));
  }
  return { found: round.value, rounds, questions };
}

describe("searchDivergence", () => {
  const history = fc
    .integer({ min: 1, max: 2_000_000 })
    .chain((count) => fc.tuple(fc.constant(count), fc.integer({ min: 1, max: count })));

  it("finds the first difference of histories that stay different, and never asks twice", () => {
    holds(
      fc.property(history, fc.integer({ min: 1, max: 200 }), ([count, first], perRound) => {
        const { found, questions } = asked(count, perRound, (sequence) => sequence < first);
        expect(found).to.equal(first);
        expect(new Set(questions).size).to.equal(questions.length);
        expect(questions.every((sequence) => sequence >= 1 && sequence <= count)).to.equal(true);
      }),
    );
  });

  it("finds a sequence that departs from an agreed predecessor where balances meet again", () => {
    holds(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 9 }),
        (answers, perRound) => {
          const agrees = (sequence: number) => sequence === 0 || answers[sequence - 1]!;
          const { found } = asked(answers.length, perRound, agrees);
          if (answers.at(-1)) expect(found).to.equal(undefined);
          else expect([agrees(found! - 1), agrees(found!)]).to.deep.equal([true, false]);
        },
      ),
    );
  });

  it("asks about 20 values among a million, and fewer rounds for more", () => {
    for (const first of [1, 2, 500_000, 777_777, 999_999, 1_000_000]) {
      for (const [perRound, rounds, questions] of [
        [1, 21, 21],
        [3, 11, 31],
        [9, 7, 55],
        [99, 4, 298],
      ] as const) {
        const search = asked(1_000_000, perRound, (sequence) => sequence < first);
        expect(search.found).to.equal(first);
        expect(search.rounds, `${perRound} per round`).to.be.at.most(rounds);
        expect(search.questions.length, `${perRound} per round`).to.be.at.most(questions);
      }
    }
  });

  it("asks one question where the party agrees at the end, and none about nothing", () => {
    expect(asked(1_000_000, 9, () => true)).to.deep.equal({ found: undefined, rounds: 1, questions: [1_000_000] });
    expect(asked(0, 9, () => false)).to.deep.equal({ found: undefined, rounds: 0, questions: [] });
    expect(drive(searchDivergence(1, 1), () => false)).to.equal(1);
  });

  it("stays exact up to the largest safe integer", () => {
    const first = Number.MAX_SAFE_INTEGER - 12_345;
    expect(drive(searchDivergence(Number.MAX_SAFE_INTEGER - 1, 7), (sequence) => sequence < first)).to.equal(first);
  });

  it("refuses other numbers, and answers that do not match the questions", () => {
    for (const count of [-1, 1.5, Number.NaN, 2 ** 53])
      expect(() => searchDivergence(count, 1).next()).to.throw(RangeError);
    for (const perRound of [0, -1, 0.5]) expect(() => searchDivergence(1, perRound).next()).to.throw(RangeError);
    const search = searchDivergence(10, 3);
    search.next();
    expect(() => search.next([true, false])).to.throw(RangeError);
  });
});
