import { expect } from "chai";
import * as fc from "fast-check";
import { TallyrootError } from "#src/core/errors.ts";
import { atOnce } from "#src/core/steps.ts";
import { parseJson } from "#src/wire/json.ts";
import { parsingJson } from "#src/wire/json-in-steps.ts";
import { holds } from "#test/core/property.ts";

/** The value, or that it was refused: messages and places may differ. */
function outcomeOf(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch (error) {
    if (!(error instanceof TallyrootError)) throw error;
    return "refused";
  }
}

const expectSame = (text: string) =>
  expect(outcomeOf(() => atOnce(parsingJson(text)))).to.deep.equal(outcomeOf(() => parseJson(text)));

/** Enough elements that a list is cut many times: a piece is 16 KB. */
const PADDING = Array.from({ length: 4_000 }, (_, i) => ({ sequence: i, note: '] , "[{\\', delta: "1.5" }));

describe("JSON in steps", () => {
  const values = fc.jsonValue({ maxDepth: 3 });
  const objects = fc.dictionary(fc.string(), values, { maxKeys: 6 });

  it("gives what the plain parser gives, for any object with long lists in it", () => {
    holds(
      fc.property(objects, fc.array(values, { maxLength: 5 }), fc.nat({ max: 2 }), (object, list, indent) => {
        expectSame(JSON.stringify({ ...object, yours: [...list, ...PADDING], theirs: list }, null, indent));
      }),
      0.1,
    );
  }).timeout(60_000);

  it("keeps the digits of numbers that a double might not hold", () => {
    const text = `{"yours":[${"0.1234567890123456789,".repeat(2_000)}1e400]}`;
    expectSame(text);
    const { yours } = atOnce(parsingJson(text)) as { yours: { text: string }[] };
    expect([yours.length, yours[0]!.text, yours.at(-1)!.text]).to.deep.equal([2_001, "0.1234567890123456789", "1e400"]);
  });

  it("refuses what the plain parser refuses, wherever one character is changed", () => {
    const text = JSON.stringify({ a: { list: [1] }, yours: PADDING.slice(0, 800), b: [[]], c: "]" });
    const change = fc.record({ at: fc.nat({ max: text.length - 1 }), by: fc.constantFrom(...'[]{},":\\ 0x', "") });
    holds(
      fc.property(change, ({ at, by }) => void expectSame(text.slice(0, at) + by + text.slice(at + 1))),
      0.1,
    );
  });

  const long = `"${"a".repeat(20_000)}"`;
  const MALFORMED: readonly (readonly [claim: string, text: string])[] = [
    ["a comma at the end of a list that was cut", `{"a":[${long},]}`],
    ["two commas where a list is cut", `{"a":[${long},,1]}`],
    ["nothing but space between two commas far apart", `{"a":[1,${" ".repeat(40_000)},2]}`],
    ["a comma at the beginning", `{"a":[,${long}]}`],
    ["a list that is not closed", `{"a":[${long},1`],
    ["a list closed as an object", `{"a":[${long}}`],
    ["an object closed as a list", `{"a":[{"b":${long}]}`],
    ["a text that is not closed", `{"a":[${long},"b]}`],
    ["a list as a name", `{[1]:${long}}`],
    ["a list beside a list", `{"a":[1][${long}]}`],
    ["more after the end", `{"a":[${long}]}]`],
    ["another object after the end", `{"a":[${long}]}{"b":[1]}`],
  ];
  for (const [claim, text] of MALFORMED) {
    it(`refuses ${claim}`, () => {
      expect(outcomeOf(() => parseJson(text))).to.equal("refused");
      expect(outcomeOf(() => atOnce(parsingJson(text)))).to.equal("refused");
    });
  }

  it("takes the last of two members of one name, and a member called __proto__ as data", () => {
    expectSame(`{"a":[1,${long}],"a":[2],"__proto__":[${long}]}`);
  });

  const LARGE: readonly (readonly [claim: string, text: string])[] = [
    ["one element", `{"a":[{"b":"${"x".repeat(300_000)}"},1]}`],
    ["one element of many small parts", `{"a":[[${"1,".repeat(200_000)}1]]}`],
    ["what is in no list", `{"a":"${"x".repeat(70_000)}"}`],
    ["an object within the object", `{"a":{"b":[${"1,".repeat(40_000)}1]}}`],
    ["space around it", `${" ".repeat(70_000)}7`],
  ];
  for (const [claim, text] of LARGE) {
    it(`refuses ${claim} that alone is too large to be parsed in one go`, () => {
      expect(() => atOnce(parsingJson(text)))
        .to.throw(TallyrootError, /larger than/)
        .with.property("code", "BODY_TOO_LARGE");
    });
  }

  it("lets others in between every few thousand characters", () => {
    const steps = parsingJson(JSON.stringify({ yours: PADDING }));
    let yields = 0;
    while (!steps.next().done) yields += 1;
    expect(yields).to.be.at.least(10);
  });
});
