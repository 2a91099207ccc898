import { expect } from "chai";
import * as fc from "fast-check";
import { getAddress, getContractAddress, keccak256, toHex as textToHex } from "viem";
import { checksumAddress, ledgerAddress, namespaceOf } from "#src/core/address.ts";
import { toHex } from "#src/core/bytes.ts";
import { address, holds } from "./property.ts";

const customerId = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/);

describe("address", () => {
  it("a ledger's address is the CREATE2 address that viem computes", () => {
    const bytecodeHash = keccak256(textToHex("tallyroot.ledger.v1"));
    holds(
      fc.property(address, customerId, (namespace, id) => {
        const salt = keccak256(textToHex(id));
        const expected = getContractAddress({ opcode: "CREATE2", from: toHex(namespace), salt, bytecodeHash });
        expect(checksumAddress(ledgerAddress(namespace, id))).to.equal(expected);
      }),
    );
  });

  it("the case of an address is the checksum of EIP-55", () => {
    holds(
      fc.property(address, (bytes) => {
        expect(checksumAddress(bytes)).to.equal(getAddress(toHex(bytes)));
      }),
    );
  });

  it("another namespace or customer id gives another ledger", () => {
    const namespace = namespaceOf(new Uint8Array(32));
    const other = namespaceOf(new Uint8Array(32).fill(1));
    const ledgers = [ledgerAddress(namespace, "a"), ledgerAddress(namespace, "A"), ledgerAddress(other, "a")].map(
      toHex,
    );
    expect(new Set(ledgers).size).to.equal(3);
  });

  it("a secret or namespace of another length is refused", () => {
    expect(() => namespaceOf(new Uint8Array(31))).to.throw(RangeError);
    expect(() => ledgerAddress(new Uint8Array(32), "a")).to.throw(RangeError);
  });
});
