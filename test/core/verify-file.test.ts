import { expect } from "chai";
import * as fc from "fast-check";
import { toHex, utf8 } from "#src/core/bytes.ts";
import { consistencyText } from "#src/core/consistency.ts";
import { receiptText } from "#src/core/receipt.ts";
import { verifyFile } from "#src/core/verify-file.ts";
import { consistencyOf, WINDOWS } from "./consistency-evidence.ts";
import { checkpointReceipt, deltaReceipt } from "./evidence.ts";
import { holds } from "./property.ts";

const receipt = deltaReceipt(3);
const text = receiptText(receipt);
const file = utf8(text);
const consistency = utf8(consistencyText(consistencyOf({ windows: WINDOWS })));

/** What came of a file: its kind, and the failure if any. */
function outcomeOf(bytes: Uint8Array, expected = {}): string {
  const { kind, steps, anchors } = verifyFile(bytes, expected);
  const last = steps.at(-1)!;
  expect(anchors.length === 0).to.equal(last.outcome === "failed");
  return `${kind} ${last.outcome === "failed" ? last.failure : "without failure"}`;
}

describe("verifyFile", () => {
  it("tells by its format what a file is, and hands out what it decoded", () => {
    const delta = verifyFile(file);
    expect(delta).to.deep.include({ kind: "delta", receiptId: receipt.receiptId, receipt, anchors: [receipt.anchor] });
    const checkpoint = verifyFile(utf8(receiptText(checkpointReceipt())));
    expect(checkpoint).to.deep.include({ kind: "checkpoint", receiptId: checkpointReceipt().receiptId });
    const both = verifyFile(consistency);
    expect(both).to.deep.include({
      kind: "consistency",
      receiptId: null,
      consistency: consistencyOf({ windows: WINDOWS }),
    });
  });

  it("names each anchor that the chain is to be asked about once", () => {
    expect(verifyFile(consistency).anchors.map(({ index }) => index)).to.deep.equal([4n, 3n, 9n, 8n]);
    const once = consistencyOf({ counts: { earlier: 5, later: 5 } });
    const { earlier } = once;
    expect(verifyFile(utf8(consistencyText({ ...once, later: earlier }))).anchors).to.deep.equal([earlier.anchor]);
    const differing = { ...earlier, anchor: { ...earlier.anchor, blockTime: 1n } };
    expect(verifyFile(utf8(consistencyText({ ...once, later: differing }))).anchors).to.have.length(2);
  });

  it("hands what is expected to the steps of either format", () => {
    expect(outcomeOf(file, { fingerprint: receipt.receiptId })).to.equal("delta without failure");
    expect(outcomeOf(file, { fingerprint: new Uint8Array(32) })).to.equal("delta FINGERPRINT_NOT_EXPECTED");
    expect(outcomeOf(consistency, { ledger: receipt.delta.ledger })).to.equal("consistency without failure");
    expect(outcomeOf(consistency, { ledger: new Uint8Array(20) })).to.equal("consistency LEDGER_NOT_EXPECTED");
  });

  it("a refused receipt is still told by the identifier that it states", () => {
    const forged = { ...receipt, receiptId: new Uint8Array(32).fill(1) };
    const { receiptId, anchors } = verifyFile(utf8(receiptText(forged)));
    expect(toHex(receiptId!)).to.equal(toHex(forged.receiptId));
    expect(anchors).to.deep.equal([]);
  });

  const SHAPELESS: [claim: string, bytes: Uint8Array][] = [
    ["nothing", new Uint8Array()],
    ["a byte order mark", utf8(`\ufeff${text}`)],
    ["bytes that are no UTF-8", Uint8Array.of(...file.slice(0, 40), 0xff, ...file.slice(40))],
    ["a name that comes twice", utf8(text.replace("{", '{"kind":"delta",'))],
    ["two texts", utf8(text + text)],
    ["a text cut off", file.slice(0, -3)],
    ["no object", utf8("[]")],
    ["no format", utf8("{}")],
    ["another version", utf8(text.replace("receipt/1", "receipt/2"))],
    ["a format that is only inherited", utf8('{"__proto__":{"format":"tallyroot-receipt/1"}}')],
    ["a receipt by another format's name", utf8(text.replace("tallyroot-receipt/1", "tallyroot-consistency/1"))],
    ["depth", utf8(`{"format":"tallyroot-receipt/1","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)],
  ];
  for (const [claim, bytes] of SHAPELESS) {
    it(`${claim} fails at step 1, and is of no kind`, () => {
      const { steps, receiptId } = verifyFile(bytes);
      expect(outcomeOf(bytes)).to.equal("null SHAPE_INVALID");
      expect(steps).to.have.length(1);
      expect(receiptId).to.equal(null);
    });
  }

  it("any bytes may be given, and are answered", () => {
    holds(
      fc.property(fc.constantFrom(file, consistency), fc.nat(), fc.nat({ max: 255 }), (bytes, where, byte) => {
        const mutant = bytes.slice();
        mutant[where % bytes.length] = byte;
        expect(outcomeOf(mutant)).to.match(/^(null SHAPE_INVALID|delta|consistency)/);
      }),
    );
    holds(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(outcomeOf(bytes)).to.equal("null SHAPE_INVALID");
      }),
    );
  });
});
