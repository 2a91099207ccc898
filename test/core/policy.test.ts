import { expect } from "chai";
import * as fc from "fast-check";
import { checksumAddress } from "#src/core/address.ts";
import { utf8 } from "#src/core/bytes.ts";
import { decodePolicy, PolicyError, pinFailure, policyText } from "#src/core/policy.ts";
import { STEP_FAILURES } from "#src/core/step-failures.ts";
import { parseStrictJson } from "#src/core/strict-json.ts";
import { deltaReceipt, tampered } from "./evidence.ts";
import { address, hash, holds, uint64 } from "./property.ts";

const { anchor } = deltaReceipt(3);
const pinned = { chainId: anchor.chainId, contract: anchor.contract, log: anchor.log };
const policy = {
  ...pinned,
  codeHash: new Uint8Array(32).fill(3),
  confirmations: 12,
  rpc: ["https://a.example/key?x=1", "http://127.0.0.1:8545"],
  namespace: new Uint8Array(20).fill(4),
};
const file = JSON.parse(policyText(policy)) as Record<string, unknown>;

function pathRefused(value: unknown): string | undefined {
  try {
    decodePolicy(value);
  } catch (error) {
    if (error instanceof PolicyError) return error.path;
    throw error;
  }
  return undefined;
}

describe("policy", () => {
  it("every policy survives its file", () => {
    const policies = fc.record(
      {
        chainId: uint64,
        contract: address,
        codeHash: hash,
        log: hash,
        confirmations: fc.integer({ min: 1, max: 1_000_000 }),
        rpc: fc.array(fc.stringMatching(/^https?:\/\/[!-~]{1,40}$/), { maxLength: 8 }),
        namespace: address,
      },
      { requiredKeys: ["chainId", "contract", "codeHash", "log", "confirmations", "rpc"] },
    );
    holds(
      fc.property(policies, (made) => {
        const text = policyText(made);
        const read = decodePolicy(parseStrictJson(utf8(text)));
        expect(read).to.deep.equal(made);
        expect(policyText(read)).to.equal(text);
      }),
    );
  });

  it("without endpoints or a namespace they are left out of the file", () => {
    const { namespace: _, ...bare } = { ...policy, rpc: [] };
    expect(Object.keys(JSON.parse(policyText(bare)))).to.deep.equal([
      "format",
      "chainId",
      "contract",
      "codeHash",
      "log",
      "confirmations",
    ]);
  });

  const REFUSED: [path: string, value: unknown, at?: string][] = [
    ["format", "tallyroot-policy/2"],
    ["chainId", 31337],
    ["chainId", "-1"],
    ["contract", checksumAddress(policy.contract).toLowerCase()],
    ["codeHash", undefined],
    ["log", "0x00"],
    ["confirmations", "0"],
    ["confirmations", "1000001"],
    ["confirmations", 1],
    ["confirmations", "1.0"],
    ["rpc", []],
    ["rpc", Array(9).fill("http://a")],
    ["rpc", "http://a"],
    ["rpc", ["ftp://a"], "rpc[0]"],
    ["rpc", ["http://a", "file:///a"], "rpc[1]"],
    ["rpc", ["http://"], "rpc[0]"],
    ["rpc", ["http://a b"], "rpc[0]"],
    ["rpc", ["http://a\n"], "rpc[0]"],
    ["rpc", [`http://${"a".repeat(2041)}`], "rpc[0]"],
    ["namespace", null],
    ["codehash", "0x00"],
  ];
  for (const [path, value, at] of REFUSED) {
    it(`${path} is not ${String(JSON.stringify(value)).slice(0, 40)}`, () => {
      expect(pathRefused(tampered(file, path, value))).to.equal(at ?? path);
    });
  }

  it("anything at all may be given, and is refused by its path", () => {
    holds(
      fc.property(fc.anything(), (value) => {
        expect(pathRefused(value)).to.be.a("string");
      }),
    );
  });
});

describe("pinFailure", () => {
  it("an anchor on the pinned chain, contract and log has none, and what is not pinned is not compared", () => {
    expect(pinFailure(policy, anchor)).to.equal(undefined);
    expect(pinFailure({}, anchor)).to.equal(undefined);
  });

  it("each pin is named, chain before contract before log", () => {
    const chainId = { chainId: 1n };
    const contract = { contract: new Uint8Array(20) };
    const log = { log: new Uint8Array(32) };
    expect(pinFailure({ ...pinned, ...chainId, ...contract, ...log }, anchor)?.failure).to.equal("CHAIN_MISMATCH");
    expect(pinFailure({ ...pinned, ...contract, ...log }, anchor)?.failure).to.equal("CONTRACT_NOT_EXPECTED");
    expect(pinFailure({ ...pinned, ...log }, anchor)?.failure).to.equal("LOG_NOT_EXPECTED");
    for (const pin of [chainId, contract, log]) {
      const found = pinFailure(pin, anchor);
      expect(found && STEP_FAILURES[found.failure].step).to.equal(6);
    }
  });
});
