import { expect } from "chai";
import * as fc from "fast-check";
import type { Json } from "#src/core/content.ts";
import {
  type CheckpointReceipt,
  type DeltaReceipt,
  decodeReceipt,
  encodeReceipt,
  receiptText,
} from "#src/core/receipt.ts";
import { ShapeError } from "#src/core/shape.ts";
import { checkpointReceipt, contentOf, deltaReceipt, fileOf, tampered } from "./evidence.ts";
import { address, hash, holds, int256, uint64 } from "./property.ts";

const delta = fc.record({
  ledger: address,
  sequence: uint64,
  amount: int256,
  balance: int256,
  recordedAt: uint64,
  commitment: hash,
});
const common = {
  receiptId: hash,
  anchorProof: fc.array(hash, { maxLength: 64 }),
  anchor: fc.record({
    chainId: uint64,
    contract: address,
    log: hash,
    index: uint64,
    root: hash,
    size: uint64,
    transactionHash: hash,
    blockNumber: uint64,
    blockHash: hash,
    blockTime: uint64,
  }),
};
const metadata = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 5 }) as fc.Arbitrary<Json>);
const content = fc.tuple(metadata, fc.string({ unit: "grapheme" })).map(([value, reason]) => {
  // What JSON text can say: it has no minus nought.
  return { ...contentOf(1, 5n), metadata: JSON.parse(JSON.stringify(value)), reason };
});
const blind = { kind: fc.constant("delta" as const), ...common, delta, ledgerProof: fc.array(hash, { maxLength: 64 }) };
const head = fc.record({ ledger: address, count: uint64, balance: int256, root: hash });
const blindReceipt: fc.Arbitrary<DeltaReceipt> = fc.record({ ...blind, head });
const openReceipt: fc.Arbitrary<DeltaReceipt> = fc.record({ ...blind, head, content, namespace: address });
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
const statement: fc.Arbitrary<CheckpointReceipt> = fc.record(
  { kind: fc.constant("checkpoint" as const), ...common, checkpoint, deltas: fc.array(delta, { maxLength: 4 }) },
  { requiredKeys: ["kind", "receiptId", "anchorProof", "anchor", "checkpoint"] },
);

function pathRefused(file: unknown): string | undefined {
  try {
    decodeReceipt(file);
  } catch (error) {
    if (error instanceof ShapeError) return error.path;
    throw error;
  }
  return undefined;
}

/** Every path of a JSON value's members, outermost first. */
function pathsOf(value: unknown, prefix = ""): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [prefix + name, ...pathsOf(member, `${prefix}${name}.`)]);
}

describe("receipt", () => {
  it("every receipt survives its file, and the same receipt is always the same bytes", () => {
    holds(
      fc.property(fc.oneof(blindReceipt, openReceipt, statement), (receipt) => {
        const text = receiptText(receipt);
        const decoded = decodeReceipt(JSON.parse(text));
        expect(encodeReceipt(decoded)).to.deep.equal(encodeReceipt(receipt));
        expect(decoded).to.deep.equal(receipt);
        expect(receiptText(decoded)).to.equal(text);
      }),
    );
  });

  for (const [name, receipt] of [
    ["delta", deltaReceipt(3)],
    ["checkpoint", checkpointReceipt()],
  ] as const) {
    const file = fileOf(receipt);
    const paths = pathsOf(file).filter((path) => !/^content\.(metadata|adjusts)\./.test(path));

    it(`no object of a ${name} receipt takes a member that it does not know`, () => {
      const objects = ["", ...paths].filter((path) => {
        const value = path
          .split(".")
          .reduce<unknown>((at, key) => (key ? (at as Record<string, unknown>)[key] : at), file);
        return typeof value === "object" && !Array.isArray(value) && path !== "content.metadata";
      });
      expect(objects.length).to.be.greaterThan(2);
      for (const path of objects)
        expect(pathRefused(tampered(file, path ? `${path}.extra` : "extra", "1")), path).to.match(/extra$/);
    });

    it(`no member of a ${name} receipt may be left out or be of another type`, () => {
      const optional = /^(deltas|content\.(referenceId|metadata|adjusts))$|^[a-zA-Z]+\.\d+$/;
      for (const path of paths) {
        if (!optional.test(path)) expect(pathRefused(tampered(file, path, undefined)), path).to.be.a("string");
        for (const value of [null, 1, true]) {
          expect(pathRefused(tampered(file, path, value)), `${path} as ${value}`).to.be.a("string");
        }
      }
    });
  }

  const REFUSED: [path: string, value: unknown, at: string][] = [
    ["format", "tallyroot-receipt/2", "format"],
    ["kind", "head", "kind"],
    ["receiptId", `0x${"AB".repeat(32)}`, "receiptId"],
    ["receiptId", `0x${"ab".repeat(31)}`, "receiptId"],
    ["delta.sequence", "01", "delta.sequence"],
    ["delta.sequence", "-1", "delta.sequence"],
    ["delta.sequence", "1.0", "delta.sequence"],
    ["delta.sequence", "18446744073709551616", "delta.sequence"],
    ["delta.amount", "-0", "delta.amount"],
    ["delta.amount", "+1", "delta.amount"],
    ["delta.amount", (2n ** 255n).toString(), "delta.amount"],
    ["delta.amount", "9".repeat(100_000), "delta.amount"],
    ["delta.ledger", "0x0a79106b3cef1bc521d35ca06db34768075a3319", "delta.ledger"],
    ["delta.ledger", "0x0A79106B3CEf1Bc521D35Ca06DB34768075a331", "delta.ledger"],
    ["ledgerProof", Array(65).fill(`0x${"00".repeat(32)}`), "ledgerProof"],
    ["anchorProof.0", "0x00", "anchorProof[0]"],
    ["namespace", undefined, "content"],
    ["content", undefined, "content"],
    ["content.reason", "\ud800", "content.reason"],
    ["content.salt", "0x00", "content.salt"],
    ["content.metadata", [], "content.metadata"],
    ["content.metadata", { a: Infinity }, "content.metadata"],
    ["content.metadata", { "\ud800": 1 }, "content.metadata"],
    ["content.metadata", { a: ["\udfff"] }, "content.metadata"],
    ["content.adjusts", {}, "content.adjusts"],
    ["content.adjusts", { recordId: "rec_1", referenceId: "r" }, "content.adjusts"],
    ["content.adjusts", { recordId: 1 }, "content.adjusts"],
    ["content.adjusts", { recordId: "\ud800" }, "content.adjusts"],
    ["content.adjusts", { other: "1" }, "content.adjusts.other"],
  ];
  const file = fileOf(deltaReceipt(3));
  for (const [path, value, at] of REFUSED) {
    it(`${path} is not ${String(JSON.stringify(value)).slice(0, 50)}`, () => {
      expect(pathRefused(tampered(file, path, value))).to.equal(at);
    });
  }

  it("what is no object at all is refused", () => {
    for (const value of [undefined, null, 1, "receipt", [], [file]]) expect(pathRefused(value)).to.equal("receipt");
    expect(pathRefused({})).to.equal("format");
  });
});
