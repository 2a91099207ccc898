import { expect } from "chai";
import * as fc from "fast-check";
import { compareBytes, concatBytes, fromHex, sameBytes, toHex } from "#src/core/bytes.ts";
import { hash, holds } from "./property.ts";

describe("bytes", () => {
  it("bytes survive their hex text", () => {
    holds(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).to.deep.equal(bytes);
      }),
    );
  });

  for (const text of ["", "0x0", "0xAB", "ab", "0xzz", "0X00", "0x00 "]) {
    it(`${JSON.stringify(text)} is not the hex text of any bytes`, () => {
      expect(() => fromHex(text)).to.throw(RangeError);
    });
  }

  it("a length that was asked for is insisted on", () => {
    expect(() => fromHex("0x0001", 3)).to.throw(RangeError, "2 bytes instead of 3");
  });

  it("32 bytes are ordered as the numbers they write", () => {
    holds(
      fc.property(hash, hash, (a, b) => {
        const [x, y] = [BigInt(toHex(a)), BigInt(toHex(b))];
        expect(Math.sign(compareBytes(a, b))).to.equal(x < y ? -1 : x > y ? 1 : 0);
        expect(sameBytes(a, b)).to.equal(x === y);
        expect(sameBytes(a, a.slice())).to.equal(true);
      }),
    );
  });

  it("a prefix is not the same bytes", () => {
    expect(sameBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).to.equal(false);
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(0))).to.deep.equal(Uint8Array.of(1, 0));
  });
});
