import { expect } from "chai";
import * as fc from "fast-check";
import { keccak256, toHex as textToHex } from "viem";
import { toHex } from "#src/core/bytes.ts";
import { type Content, canonicalContent, commitmentOf, isJson, type Json, MAX_JSON_DEPTH } from "#src/core/content.ts";
import { contentOf } from "./evidence.ts";
import { holds } from "./property.ts";

/** RFC 8785 written down once more: JSON.stringify's primitives, members sorted by UTF-16 code units. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join(",")}}`;
}

const json = fc.jsonValue({ noUnicodeString: false, stringUnit: "grapheme" }) as fc.Arbitrary<Json>;
const metadata = fc.dictionary(fc.string({ unit: "grapheme" }), json);

function deep(levels: number): Json {
  let value: Json = 1;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

describe("content", () => {
  it("a commitment is the keccak of the canonical JSON, as a second implementation of RFC 8785 has it", () => {
    holds(
      fc.property(metadata, fc.string({ unit: "grapheme", minLength: 1 }), (value, reason) => {
        const content: Content = { ...contentOf(1, 5n), metadata: value, reason };
        expect(canonicalContent(content)).to.equal(canonical(content as unknown as Json));
        expect(toHex(commitmentOf(content))).to.equal(keccak256(textToHex(canonical(content as unknown as Json))));
      }),
    );
  });

  it("members sort by UTF-16 code units and numbers are written as ECMAScript writes them", () => {
    const value = { "\u20ac": 1, "\ufb33": 2, "\u{1f600}": 3, "\r": 4, "1": 5, n: [1e30, 4.5, 2e-3, 1e-27, -0, 1e21] };
    expect(canonicalContent({ ...contentOf(1, 5n), metadata: value })).to.include(
      '"metadata":{"\\r":4,"1":5,"n":[1e+30,4.5,0.002,1e-27,0,1e+21],"\u20ac":1,"\u{1f600}":3,"\ufb33":2}',
    );
  });

  it("the order of members does not change the commitment, any value does", () => {
    const content = contentOf(1, 5n);
    const reversed = Object.fromEntries(Object.entries(content).reverse()) as Content;
    expect(toHex(commitmentOf(reversed))).to.equal(toHex(commitmentOf(content)));
    const changed: Content[] = [
      { ...content, customerId: "cust_002" },
      { ...content, delta: "6" },
      { ...content, reason: "usage_charge " },
      { ...content, referenceId: "inv_01" },
      { ...content, metadata: { ...content.metadata, calls: "1" } },
      { ...content, adjusts: { referenceId: "rec_1" } },
      { ...content, salt: `0x${"00".repeat(32)}` },
    ];
    const commitments = new Set([content, ...changed].map((one) => toHex(commitmentOf(one))));
    expect(commitments.size).to.equal(changed.length + 1);
  });

  it("only what has a canonical form is JSON", () => {
    holds(
      fc.property(json, (value) => {
        expect(isJson(value, 1000)).to.equal(true);
      }),
    );
    const refused = [
      undefined,
      Number.NaN,
      Infinity,
      "\ud800",
      { "\udfff": 1 },
      [undefined],
      1n,
      () => 1,
      { a: [Infinity] },
    ];
    for (const value of refused) expect(isJson(value), String(value)).to.equal(false);
    expect(isJson(deep(MAX_JSON_DEPTH))).to.equal(true);
    expect(isJson(deep(MAX_JSON_DEPTH + 1))).to.equal(false);
    expect(isJson(deep(1_000_000))).to.equal(false);
  });
});
