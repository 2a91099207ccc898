import { expect } from "chai";
import * as fc from "fast-check";
import { concatBytes, utf8 } from "#src/core/bytes.ts";
import { JsonTextError, MAX_FILE_BYTES, MAX_FILE_DEPTH, parseStrictJson } from "#src/core/strict-json.ts";
import { holds } from "./property.ts";

function parsed(text: string): unknown {
  return parseStrictJson(utf8(text));
}

/** Why a text is refused; undefined when it is not. */
function refusal(bytes: Uint8Array | string): string | undefined {
  try {
    parseStrictJson(typeof bytes === "string" ? utf8(bytes) : bytes);
  } catch (error) {
    if (error instanceof JsonTextError) return error.message;
    throw error;
  }
  return undefined;
}

describe("parseStrictJson", () => {
  it("takes every JSON text for the value that it is, however it is laid out", () => {
    holds(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parsed(` \r\n\t${text}\n`)).to.deep.equal(JSON.parse(text));
      }),
    );
  });

  it("takes names, brackets and quotes inside of texts for text", () => {
    for (const value of [
      { a: '","a":"', b: "{[", 'a"': 1, "a\\": 2, "a\\\\": 3 },
      [{ a: 1 }, { a: 1 }, { a: { a: ["a", "a"] } }],
      { a: [], "": { "": "}" } },
    ])
      expect(parsed(JSON.stringify(value))).to.deep.equal(value);
  });

  const TWICE: [spelling: string, text: string][] = [
    ["the same letters", '{"a":1,"a":1}'],
    ["an escape", '{"a":1,"\\u0061":2}'],
    ["escapes of two kinds", '{"/\\n":1,"\\/\\u000A":2}'],
    ["a surrogate pair", '{"😀":1,"\\ud83d\\uDE00":2}'],
    ["white space between", '{"a" : {"b":[1,{}]} , "c":"a",\n"a"\t:2}'],
    ["a name that objects have of themselves", '{"__proto__":1,"__proto__":2}'],
    ["a name without letters", '{"":1,"":2}'],
    ["lone surrogates", '{"\\ud800":1,"\\uD800":2}'],
  ];
  for (const [spelling, text] of TWICE) {
    it(`refuses one name twice in an object, by ${spelling}, at any level`, () => {
      for (const nested of [text, `[${text}]`, `{"x":[0,{"y":${text}}]}`])
        expect(refusal(nested)).to.match(/two members named/);
    });
  }

  it("finds a repeated name wherever it is put", () => {
    holds(
      fc.property(
        fc.uniqueArray(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        fc.nat(),
        (names, which, where) => {
          const members = names.map((name) => `${JSON.stringify(name)}:0`);
          expect(refusal(`{${members}}`)).to.equal(undefined);
          const again = members.toSpliced(where % (members.length + 1), 0, members[which % members.length]!);
          expect(refusal(`{${again}}`)).to.match(/two members named/);
        },
      ),
    );
  });

  it(`takes ${MAX_FILE_DEPTH} levels and no more, of lists and of objects`, () => {
    const lists = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
    const objects = (levels: number) => `${'{"a":'.repeat(levels)}0${"}".repeat(levels)}`;
    for (const nested of [lists, objects, (levels: number) => `[{},[],${lists(levels - 1)}]`]) {
      expect(refusal(nested(MAX_FILE_DEPTH))).to.equal(undefined);
      expect(refusal(nested(MAX_FILE_DEPTH + 1))).to.match(/deeper/);
    }
    expect(refusal(lists(1_000_000))).to.match(/deeper/);
    expect(refusal(JSON.stringify("[".repeat(1000)))).to.equal(undefined);
    expect(refusal(`[${Array(1000).fill("[]")}]`)).to.equal(undefined);
  });

  it("refuses what is not UTF-8, and a byte order mark", () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]])
      expect(refusal(concatBytes(utf8('"'), Uint8Array.from(bytes), utf8('"')))).to.equal("the file is not UTF-8");
    expect(refusal("\ufeff{}")).to.match(/byte order mark/);
    expect(refusal(Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0))).to.equal("the file is not UTF-8");
  });

  it(`refuses more than ${MAX_FILE_BYTES} bytes before it looks at them`, () => {
    expect(refusal(new Uint8Array(MAX_FILE_BYTES + 1))).to.match(/more than 67108864 bytes/);
  });

  it("refuses what is no JSON", () => {
    const texts = [
      "",
      " ",
      "{",
      "[1,]",
      '{"a":1,}',
      "{a:1}",
      "{'a':1}",
      "01",
      "1.",
      "+1",
      ".5",
      "NaN",
      "Infinity",
      "//\n1",
      "1 2",
    ];
    const strings = [
      '"',
      '"\\"',
      '"\\x"',
      '{"\\u00zz":1}',
      '"\t"',
      "\u00a01",
      "undefined",
      "{]",
      "[}",
      '{"a"}',
      '{"a":1 "b":2}',
    ];
    for (const text of [...texts, ...strings]) expect(refusal(text), text).to.match(/^the file is not JSON/);
  });

  it("answers to any bytes with a value or its own error", () => {
    holds(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(refusal(bytes)).to.satisfy((message: unknown) => message === undefined || typeof message === "string");
      }),
    );
    const token = fc.constantFrom('"', '"a"', "\\", "{", "}", "[", "]", ",", ":", "1", " ", "\\u0061");
    holds(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        expect(refusal(tokens.join(""))).to.satisfy((message: unknown) => message !== null);
      }),
    );
  });
});
