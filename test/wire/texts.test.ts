import { expect } from "chai";
import * as fc from "fast-check";
import { checksumAddress } from "#src/core/address.ts";
import { formatAmount } from "#src/core/amount.ts";
import { toHex } from "#src/core/bytes.ts";
import { recordIdOf } from "#src/core/record-id.ts";
import { addressText } from "#src/wire/address-text.ts";
import { bulkResult, recordedText } from "#src/wire/batch.ts";
import { deltaText, viewDelta } from "#src/wire/delta.ts";
import { isoText } from "#src/wire/fields.ts";
import { exactNumber, textWithList } from "#src/wire/json.ts";
import { address, hash, holds, int256 } from "#test/core/property.ts";

/** Any text, with what JSON escapes and what JavaScript once took for a line end. */
const said = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom('"', "\\", "\u2028", "\u0000", "</script>", "ü🧾"),
);

const delta = fc.record({
  ledger: fc.record({ address }),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  amount: int256,
  balance: int256,
  recordedAt: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
  commitment: hash,
  fingerprint: hash,
});

const content = fc.record(
  {
    customerId: said,
    reason: said,
    referenceId: said,
    metadata: fc.dictionary(said, fc.jsonValue({ maxDepth: 3 })),
    adjusts: fc.oneof(fc.record({ recordId: said }), fc.record({ referenceId: said })),
  },
  { requiredKeys: ["customerId", "reason"] },
);

describe("texts that are put together", () => {
  it("of a delta are those of its view, whatever the caller said, digit for digit", () => {
    const status = fc.constantFrom("QUEUED", "PROCESSING", "VERIFIED", "FAILED");
    holds(
      fc.property(delta, status, fc.option(content, { nil: undefined }), (delta, status, content) => {
        const view = viewDelta(delta, status, content);
        expect(deltaText(delta, status, content)).to.equal(JSON.stringify(view));
        const replayed = deltaText(delta, status, content, ',"idempotent":true');
        expect(replayed).to.equal(JSON.stringify({ ...view, idempotent: true }));
      }),
    );
  });

  it("of the result of an item are those of a result", () => {
    holds(
      fc.property(fc.nat(), said, delta, fc.boolean(), (index, customerId, delta, replayed) => {
        const result = {
          index,
          status: "QUEUED",
          recordId: recordIdOf(delta.ledger.address, delta.sequence),
          receiptId: toHex(delta.fingerprint),
          customerId,
          delta: exactNumber(delta.amount),
          deltaExact: formatAmount(delta.amount),
          ...(replayed && { idempotent: true }),
        };
        const text = recordedText(index, customerId, { delta, replayed });
        expect(text).to.equal(JSON.stringify(result));
        expect(Object.keys(bulkResult.parse(JSON.parse(text)))).to.have.members(Object.keys(result));
      }),
    );
  });

  it("of an object with a list in it are those of the whole", () => {
    const objects = fc.dictionary(
      fc.string().filter((name) => name !== "list"),
      fc.jsonValue(),
      { maxKeys: 3 },
    );
    holds(
      fc.property(objects, fc.array(fc.jsonValue()), objects, (before, list, after) => {
        fc.pre(Object.keys(after).every((name) => !(name in before)));
        const elements = list.map((element) => JSON.stringify(element));
        const whole: unknown = JSON.parse(textWithList(before, ["list", elements], after));
        expect(whole).to.deep.equal(JSON.parse(JSON.stringify({ ...before, list, ...after })));
      }),
    );
  });

  it("of an address are the same however many others were asked for in between", () => {
    const one = (i: number) =>
      new Uint8Array(20)
        .fill(7)
        .with(0, i % 256)
        .with(1, i >> 8);
    const first = addressText(one(0));
    for (let i = 0; i < 20_100; i++) addressText(one(i));
    for (const i of [0, 1, 20_099]) expect(addressText(one(i))).to.equal(checksumAddress(one(i)));
    expect(addressText(one(0))).to.equal(first);
  });

  it("of a time are its own, whatever time was asked for before", () => {
    holds(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 })), (times) => {
        for (const time of times) expect(isoText(time)).to.equal(`1970-01-01T00:00:00.00${time}Z`);
      }),
    );
  });
});
