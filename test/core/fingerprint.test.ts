import { expect } from "chai";
import * as fc from "fast-check";
import { encodeAbiParameters, keccak256, toHex as textToHex } from "viem";
import { toHex } from "#src/core/bytes.ts";
import {
  checkpointFingerprint,
  deltaFingerprint,
  headFingerprint,
  leafOf,
  selectionFingerprint,
} from "#src/core/fingerprint.ts";
import { address, hash, holds, int256, uint64 } from "./property.ts";

type Word = "address" | "uint64" | "int256" | "bytes32";

/** What Solidity's abi.encode and keccak256 make of the fields, by viem. */
function expectedOf(kind: string, types: Word[], values: (Uint8Array | bigint)[]): string {
  const words = values.map((value) => (typeof value === "bigint" ? value : toHex(value)));
  const parameters = ["bytes32", ...types].map((type) => ({ type }));
  return keccak256(encodeAbiParameters(parameters, [keccak256(textToHex(kind)), ...words]));
}

const delta = fc.record({
  ledger: address,
  sequence: uint64,
  amount: int256,
  balance: int256,
  recordedAt: uint64,
  commitment: hash,
});
const head = fc.record({ ledger: address, count: uint64, balance: int256, root: hash });
const checkpoint = fc.record({
  ledger: address,
  from: uint64,
  to: uint64,
  firstSequence: uint64,
  count: uint64,
  openingBalance: int256,
  closingBalance: int256,
  root: hash,
});

describe("fingerprint", () => {
  it("a delta's fingerprint is what Solidity computes", () => {
    holds(
      fc.property(delta, (d) => {
        const values = [d.ledger, d.sequence, d.amount, d.balance, d.recordedAt, d.commitment];
        const types: Word[] = ["address", "uint64", "int256", "int256", "uint64", "bytes32"];
        expect(toHex(deltaFingerprint(d))).to.equal(expectedOf("tallyroot.delta.v1", types, values));
      }),
    );
  });

  it("a head's fingerprint is what Solidity computes", () => {
    holds(
      fc.property(head, (h) => {
        const types: Word[] = ["address", "uint64", "int256", "bytes32"];
        const expected = expectedOf("tallyroot.head.v1", types, [h.ledger, h.count, h.balance, h.root]);
        expect(toHex(headFingerprint(h))).to.equal(expected);
      }),
    );
  });

  it("a checkpoint's fingerprint is what Solidity computes", () => {
    holds(
      fc.property(checkpoint, (c) => {
        const types: Word[] = ["address", "uint64", "uint64", "uint64", "uint64", "int256", "int256", "bytes32"];
        const values = [c.ledger, c.from, c.to, c.firstSequence, c.count, c.openingBalance, c.closingBalance, c.root];
        expect(toHex(checkpointFingerprint(c))).to.equal(expectedOf("tallyroot.checkpoint.v1", types, values));
      }),
    );
  });

  it("a selection's fingerprint is what Solidity computes, and never a head's with the same fields", () => {
    holds(
      fc.property(head, ({ ledger, count, balance: netChange, root }) => {
        const types: Word[] = ["address", "uint64", "int256", "bytes32"];
        const expected = expectedOf("tallyroot.selection.v1", types, [ledger, count, netChange, root]);
        const fingerprint = toHex(selectionFingerprint({ ledger, count, netChange, root }));
        expect(fingerprint).to.equal(expected);
        expect(fingerprint).not.to.equal(toHex(headFingerprint({ ledger, count, balance: netChange, root })));
      }),
    );
  });

  it("a number and a bigint of the same value give the same fingerprint", () => {
    holds(
      fc.property(delta, fc.nat(), fc.nat(), (d, sequence, recordedAt) => {
        const wide = { ...d, sequence: BigInt(sequence), recordedAt: BigInt(recordedAt) };
        expect(deltaFingerprint({ ...d, sequence, recordedAt })).to.deep.equal(deltaFingerprint(wide));
      }),
    );
  });

  it("one hash leaves nothing behind for the next", () => {
    holds(
      fc.property(delta, delta, (a, b) => {
        const first = toHex(deltaFingerprint(a));
        deltaFingerprint(b);
        expect(toHex(deltaFingerprint(a))).to.equal(first);
      }),
    );
  });

  it("a field outside its type is refused, never cut to fit", () => {
    const d = {
      ledger: new Uint8Array(20),
      sequence: 1,
      amount: 1n,
      balance: 1n,
      recordedAt: 1,
      commitment: new Uint8Array(32),
    };
    const wrong = [
      { ledger: new Uint8Array(19) },
      { ledger: new Uint8Array(32) },
      { sequence: -1 },
      { sequence: 2n ** 64n },
      { sequence: 1.5 },
      { amount: 2n ** 255n },
      { amount: -(2n ** 255n) - 1n },
      { balance: 2n ** 255n },
      { recordedAt: -1n },
      { commitment: new Uint8Array(31) },
    ];
    for (const field of wrong)
      expect(() => deltaFingerprint({ ...d, ...field }), Object.keys(field)[0]).to.throw(RangeError);
  });

  it("a leaf is the hash of its fingerprint", () => {
    holds(
      fc.property(hash, (fingerprint) => {
        expect(toHex(leafOf(fingerprint))).to.equal(keccak256(fingerprint));
      }),
    );
  });
});
