import { expect } from "chai";
import * as fc from "fast-check";
import { parseRecordId, recordIdOf } from "#src/core/record-id.ts";
import { address, holds } from "#test/core/property.ts";

const LEDGER = "0a".repeat(20);

describe("record ids", () => {
  it("lead back to the ledger and the sequence they were made of", () => {
    holds(
      fc.property(address, fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (ledger, sequence) => {
        const found = parseRecordId(recordIdOf(ledger, sequence));
        expect(found?.sequence).to.equal(sequence);
        expect([...found!.ledger]).to.deep.equal([...ledger]);
      }),
    );
  });

  for (const text of [
    "",
    `rec_${LEDGER}`,
    `rec_${LEDGER}_`,
    `rec_${LEDGER}_0`,
    `rec_${LEDGER}_01`,
    `rec_${LEDGER}_-1`,
    `rec_${LEDGER}_1.5`,
    `rec_${LEDGER}_1e3`,
    `rec_${LEDGER}_9007199254740992`,
    `rec_${LEDGER}_1\n`,
    ` rec_${LEDGER}_1`,
    `rec_${LEDGER.toUpperCase()}_1`,
    `rec_${LEDGER}0a_1`,
    `REC_${LEDGER}_1`,
  ]) {
    it(`${JSON.stringify(text)} is none`, () => {
      expect(parseRecordId(text)).to.equal(undefined);
    });
  }
});
