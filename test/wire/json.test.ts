import { expect } from "chai";
import * as fc from "fast-check";
import { formatAmount, parseAmount } from "#src/core/amount.ts";
import { isJson, MAX_JSON_DEPTH } from "#src/core/content.ts";
import { TallyrootError } from "#src/core/errors.ts";
import { recordRequest } from "#src/wire/delta.ts";
import { exactNumber, NumberText, parseJson, plainJson, plainJsonBytes } from "#src/wire/json.ts";
import { holds, int256 } from "#test/core/property.ts";

/** How a number may be spelled in JSON: the value is `units` of 10^-18, whatever the spelling. */
const spelled = fc
  .record({
    units: fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }).filter((units) => units !== 0n),
    decimals: fc.integer({ min: 0, max: 18 }),
    zeros: fc.integer({ min: 0, max: 3 }),
    shift: fc.integer({ min: -20, max: 20 }),
    exponent: fc.constantFrom("", "e", "E"),
    plus: fc.boolean(),
  })
  .map(({ units: wide, decimals, zeros, shift, exponent, plus }) => {
    const step = 10n ** BigInt(18 - decimals);
    const units = (wide / step) * step || step;
    if (exponent === "") return { units, text: padded(formatAmount(units), Math.min(zeros, 18 - decimalsOf(units))) };
    // Moving the point to the right and saying so in the exponent changes nothing; decimals are counted as they are written.
    const places = Math.min(Math.abs(shift), 18);
    const moved = formatAmount(units * 10n ** BigInt(places));
    if ((moved.split(".")[1]?.length ?? 0) + places <= 18) return { units, text: `${moved}${exponent}-${places}` };
    return { units, text: `${formatAmount(units)}${exponent}${plus ? "+" : ""}0` };
  });

function decimalsOf(units: bigint): number {
  return formatAmount(units).split(".")[1]?.length ?? 0;
}

function padded(text: string, zeros: number): string {
  if (zeros === 0) return text;
  return `${text}${text.includes(".") ? "" : "."}${"0".repeat(zeros)}`;
}

const deltaOf = (literal: string) =>
  recordRequest.safeParse(parseJson(`{"customerId":"c","reason":"r","delta":${literal}}`));

/** The request with this metadata, as the route reads it. */
const withMetadata = (text: string) =>
  recordRequest.safeParse(parseJson(`{"customerId":"c","reason":"r","delta":1,"metadata":${text}}`));

const refusal = (result: ReturnType<typeof deltaOf>) => (result.success ? "accepted" : result.error.issues[0]!.message);

const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`;

describe("numbers in JSON", () => {
  it("are recorded digit for digit, however they are spelled, as number and as text", () => {
    holds(
      fc.property(spelled, ({ units, text }) => {
        expect(deltaOf(text).data?.delta, text).to.equal(units);
        expect(deltaOf(`"${text}"`).data?.delta, text).to.equal(units);
      }),
    );
  });

  it("come out as literals with the exact digits, and go in again as the same amount", () => {
    holds(
      fc.property(int256, (units) => {
        const text = JSON.stringify({ amount: exactNumber(units) });
        expect(text).to.equal(`{"amount":${formatAmount(units)}}`);
        expect(parseAmount(text.slice(10, -1))).to.equal(units);
      }),
    );
  });

  for (const [literal, units] of [
    ["0.1", 10n ** 17n],
    ["1e-18", 1n],
    ["0.000000000000000001", 1n],
    ["999999999.999999999999999999", 10n ** 27n - 1n],
    ["-123456789.123456789123456789", -123456789123456789123456789n],
    ["1E9", 10n ** 27n],
    ["100000000000000000000e-12", 10n ** 26n],
    ["0.0000001", 10n ** 11n],
  ] as const) {
    it(`${literal} is ${units} units`, () => {
      expect(deltaOf(literal).data?.delta).to.equal(units);
    });
  }

  for (const literal of ["0.0000000000000000001", "1e-19", "1.0000000000000000000"]) {
    it(`${literal} has too many decimals and is refused as not exact`, () => {
      const result = deltaOf(literal);
      expect(result.error?.issues[0]).to.have.nested.property("params.code", "AMOUNT_NOT_EXACT");
    });
  }

  for (const literal of [
    "0",
    "-0",
    "0e5",
    "1e10",
    "-1000000000.000000000000000001",
    "1e999999999",
    "true",
    "null",
    "[1]",
    "{}",
    '""',
    '"+1"',
    '" 1"',
    '"0x1"',
    '"1_000"',
    '"NaN"',
  ]) {
    it(`${literal} is no delta`, () => {
      expect(deltaOf(literal).success).to.equal(false);
    });
  }

  for (const text of [
    "",
    "{",
    '{"a":01}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":1.}',
    '{"a":NaN}',
    "{'a':1}",
    '{"a":1e}',
    '{"a":1234567890123456789}}',
  ]) {
    it(`${text || "nothing"} is not JSON, and is refused as such`, () => {
      expect(() => parseJson(text))
        .to.throw(TallyrootError, "not JSON")
        .with.property("code", "VALIDATION_ERROR");
    });
  }

  it("keep their digits wherever they stand, and texts that look like numbers stay texts", () => {
    const number = fc.oneof(
      fc.stringMatching(/^-?(0|[1-9][0-9]{0,24})([.][0-9]{1,24})?([eE][+-]?[0-9]{1,3})?$/),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    );
    const space = fc.constantFrom("", " ", "\n", "\t", "\r\n");
    const value = fc.oneof(
      number,
      fc.string().map((text) => JSON.stringify(text)),
      fc.constantFrom('"1e5"', '", 1e5"', "null"),
    );
    const element = fc.tuple(space, value, space).map((parts) => parts.join(""));
    const text = fc.oneof(
      element,
      fc.array(element, { minLength: 1 }).map((elements) => `[${elements.join(",")}]`),
      fc.array(element, { minLength: 1 }).map((elements) => `{${elements.map((one, i) => `"${i}":${one}`).join(",")}}`),
    );
    const exactly = (text: string) =>
      JSON.parse(text, (_name, value, { source }) =>
        typeof value === "number" && source !== String(value) ? new NumberText(source!) : value,
      );
    /** Few digits survive a double: they may come out either way. */
    const sameWay = (_name: string, value: unknown) =>
      value instanceof NumberText && /^-?[0-9.]{1,15}$/.test(value.text) ? Number(value.text) : value;
    holds(
      fc.property(text, (text) => {
        expect(JSON.stringify(parseJson(text), sameWay), text).to.equal(JSON.stringify(exactly(text), sameWay));
      }),
    );
  });

  it("in text that nests without end are the caller's mistake, not ours", () => {
    const depth = 100_000;
    const text = `${"[".repeat(depth)}1e1${"]".repeat(depth)}`;
    expect(() => parseJson(text)).to.throw(TallyrootError, "nested too deeply");
  });
});

describe("metadata", () => {
  it("is kept as it came: every member, names of JavaScript's own included", () => {
    const text = '{"__proto__":{"x":1},"constructor":"c","toString":null,"list":[1,"2",false,{}],"n":1.5,"":"empty"}';
    const kept = withMetadata(text).data!.metadata!;
    expect(JSON.stringify(kept)).to.equal(text);
    expect(Object.getPrototypeOf(kept)).to.equal(Object.prototype);
  });

  it("keeps any JSON value whose numbers are doubles", () => {
    holds(
      fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 4 })), (value) => {
        const text = JSON.stringify(value);
        fc.pre(Buffer.byteLength(text) < 16_000);
        expect(JSON.stringify(withMetadata(text).data?.metadata)).to.equal(text);
      }),
    );
  });

  it("nests up to 32 levels, exactly as deep as a receipt may show it", () => {
    expect(MAX_JSON_DEPTH).to.equal(32);
    expect(withMetadata(nested(32)).success).to.equal(true);
    expect(isJson(JSON.parse(nested(32)))).to.equal(true);
    expect(refusal(withMetadata(nested(33)))).to.contain("deeper than 32 levels");
    expect(isJson(JSON.parse(nested(33)))).to.equal(false);
    const list = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
    expect(withMetadata(list(32)).success).to.equal(true);
    expect(refusal(withMetadata(list(33)))).to.contain("deeper than 32 levels");
  });

  it("has at most 16 KB, counted in bytes of UTF-8", () => {
    const sized = (bytes: number) => `{"a":"${"x".repeat(bytes - 8)}"}`;
    expect(withMetadata(sized(16 * 1024)).success).to.equal(true);
    expect(refusal(withMetadata(sized(16 * 1024 + 1)))).to.contain("larger than 16384 bytes");
    expect(withMetadata(`{"a":"${"ü".repeat(8_188)}"}`).success).to.equal(true);
    expect(refusal(withMetadata(`{"a":"${"ü".repeat(8_189)}"}`))).to.contain("larger than");
  });

  for (const [text, path] of [
    ['{"a":{"b":[1,9007199254740993]}}', "metadata.a.b[1]"],
    ['{"a":0.1000000000000000055511151231257827}', "metadata.a"],
    ['{"a":1e400}', "metadata.a"],
    ['{"a":1e-400}', "metadata.a"],
    ['{"a":{"__proto__":123456789012345678901}}', "metadata.a.__proto__"],
  ] as const) {
    it(`${text} has a number that a double cannot hold, and is refused at ${path}`, () => {
      expect(refusal(withMetadata(text))).to.match(
        new RegExp(`^${path.replace(/[.[\]]/g, "\\$&")}: a double cannot hold`),
      );
    });
  }

  for (const [text, value] of [
    ['{"a":9007199254740992}', 9007199254740992],
    ['{"a":1.50e1}', 15],
    ['{"a":1e21}', 1e21],
    ['{"a":100000000000000000000000}', 1e23],
    ['{"a":5e-324}', 5e-324],
    ['{"a":0.0e99999}', 0],
    ['{"a":-12345678901234500}', -12345678901234500],
  ] as const) {
    it(`${text} has a number that a double holds, and is kept`, () => {
      expect(withMetadata(text).data?.metadata).to.deep.equal({ a: value });
    });
  }

  for (const text of ['{"a":"\\ud800"}', '{"\\udc00":1}', '{"a":[{"b":"x\\udfff"}]}']) {
    it(`${text} is not well-formed Unicode, and is refused`, () => {
      expect(refusal(withMetadata(text))).to.contain("not well-formed Unicode");
    });
  }

  for (const text of ["[]", '"a"', "1", "null", "12345678901234567890", "true"]) {
    it(`${text} is no metadata`, () => {
      expect(refusal(withMetadata(text))).to.equal("must be a JSON object");
    });
  }

  it("is never longer than what it is said to have at most, where that is said at all", () => {
    holds(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        const bytes = plainJsonBytes(JSON.parse(text));
        const isPlain = isJson(JSON.parse(text));
        expect(Number.isFinite(bytes), text).to.equal(isPlain);
        expect(bytes).to.be.at.least(Buffer.byteLength(text));
      }),
    );
  });

  it("is looked at member by member where there is anything in it that may not be kept as it came", () => {
    for (const text of ['{"a":1e400}', '{"a":[{"b":"\\ud800"}]}', '{"\\udc00":1}', nested(33)])
      expect(plainJsonBytes(parseJson(text)), text).to.equal(Number.POSITIVE_INFINITY);
    expect(plainJsonBytes(parseJson(nested(32)))).to.be.below(16 * 1024);
  });

  it("is a copy: what is changed afterwards in the body does not change what is recorded", () => {
    const body = { a: [1] };
    const kept = plainJson(body, "metadata") as typeof body;
    body.a.push(2);
    expect(kept).to.deep.equal({ a: [1] });
  });
});
