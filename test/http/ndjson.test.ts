import { expect } from "chai";
import * as fc from "fast-check";
import { TallyrootError } from "#src/core/errors.ts";
import { type Line, linesOf } from "#src/http/ndjson.ts";
import { RUNS } from "#test/core/property.ts";

const LINE_BYTES = 64;

async function* inChunks(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts, bytes.length].map((at) => at % (bytes.length + 1)).toSorted((a, b) => a - b)) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
  yield bytes.subarray(from);
}

async function read(bytes: Uint8Array, cuts: readonly number[] = []): Promise<string[]> {
  const lines: Line[] = [];
  for await (const some of linesOf(inChunks(bytes, cuts), { lineBytes: LINE_BYTES })) lines.push(...some);
  return lines.map((line) => (line instanceof TallyrootError ? `! ${line.message}` : line));
}

const text = (value: string) => new TextEncoder().encode(value);
const TOO_LONG = `! the line is longer than ${LINE_BYTES} bytes`;

describe("lines of NDJSON", () => {
  it("are the same wherever the chunks are cut, also within a character", async () => {
    const line = fc.oneof(
      fc.string({ unit: "binary", maxLength: 20 }).map((line) => text(line.replaceAll("\n", ""))),
      fc.constantFrom(
        text(""),
        text("a".repeat(65)),
        text("é".repeat(40)),
        Uint8Array.of(0xff),
        Uint8Array.of(0xe2, 0x82),
      ),
    );
    const cuts = fc.array(fc.nat(300), { maxLength: 12 });
    const property = fc.asyncProperty(
      fc.array(line, { maxLength: 8 }),
      cuts,
      fc.boolean(),
      async (lines, at, ended) => {
        const bytes = Buffer.concat([
          ...lines.flatMap((one, i) => (i === 0 ? [one] : [text("\n"), one])),
          text(ended ? "\n" : ""),
        ]);
        expect(await read(bytes, at)).to.deep.equal(await read(bytes));
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  });

  it("end with a line feed, a carriage return with it, or the body's end", async () => {
    expect(await read(text("a\nb\r\nc"))).to.deep.equal(["a", "b\r", "c"]);
    expect(await read(text("a\n"))).to.deep.equal(["a"]);
  });

  it("that are blank are none", async () => {
    expect(await read(text("\n\n a \n \t\r\n\nb\n\n"), [3, 5])).to.deep.equal([" a ", "b"]);
    expect(await read(text(""))).to.deep.equal([]);
  });

  it("that are not UTF-8 fail alone", async () => {
    const bytes = Buffer.concat([text("a\n"), Uint8Array.of(0x22, 0xff, 0x22), text("\nb\nc")]);
    for (const cuts of [[], [3], [4, 5]])
      expect(await read(bytes, cuts)).to.deep.equal(["a", "! the line is not UTF-8", "b", "c"]);
  });

  it("that are too long fail alone, wherever they stand, and are not kept", async () => {
    const long = "x".repeat(LINE_BYTES + 1);
    const full = "y".repeat(LINE_BYTES);
    const bytes = text(`${long}\n${full}\n${long}\n${long}\nb\n${long}`);
    for (const cuts of [[], [10, 20, 100], [64, 65, 66, 67, 130, 131, 132]]) {
      expect(await read(bytes, cuts)).to.deep.equal([TOO_LONG, full, TOO_LONG, TOO_LONG, "b", TOO_LONG]);
    }
  });

  it("lose a byte order mark at the body's beginning, and keep it elsewhere", async () => {
    const bytes = text("\ufeffa\n\ufeffb");
    for (const cuts of [[], [1], [5]]) expect(await read(bytes, cuts)).to.deep.equal(["a", "\ufeffb"]);
  });
});
