import { expect } from "chai";
import * as fc from "fast-check";
import { keccak256 } from "viem";
import { toHex } from "#src/core/bytes.ts";
import { installKeccak, keccak } from "#src/core/keccak.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { holds } from "./property.ts";

describe("keccak", () => {
  it("the fast engine and viem give the same hash of any bytes", async () => {
    installKeccak(await fastKeccak());
    holds(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(toHex(keccak(bytes))).to.equal(keccak256(bytes));
      }),
    );
  });

  it("an engine that is wrong for one length only is refused, and the old one stays", async () => {
    const right = await fastKeccak();
    for (const length of [0, 32, 64, 136, 288]) {
      const wrong = (bytes: Uint8Array) => (bytes.length === length ? right(Uint8Array.of(1, ...bytes)) : right(bytes));
      expect(() => installKeccak(wrong)).to.throw(`wrong digest for ${length} bytes`);
    }
    expect(() => installKeccak((bytes) => right(bytes).slice(0, 31))).to.throw("wrong digest");
    expect(() => installKeccak((bytes) => Uint8Array.of(...right(bytes), 0))).to.throw("wrong digest");
    expect(toHex(keccak(new Uint8Array(64)))).to.equal(keccak256(new Uint8Array(64)));
  });

  it("each hash is an array of its own", () => {
    const first = keccak(Uint8Array.of(1));
    const text = toHex(first);
    keccak(Uint8Array.of(2));
    expect(toHex(first)).to.equal(text);
  });
});
