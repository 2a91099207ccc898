import { expect } from "chai";
import { ERRORS, invariant, TallyrootError } from "#src/core/errors.ts";

describe("errors", () => {
  it("every code says what happened and what to do next, in whole sentences", () => {
    for (const [code, { meaning, next }] of Object.entries(ERRORS)) {
      expect(meaning, code).to.match(/^[A-Z].*\.$/);
      expect(next, code).to.match(/^[A-Z].*\.$/);
    }
  });

  it("an error carries its code and its facts", () => {
    const error = new TallyrootError("AMOUNT_NOT_EXACT", "too many decimals", { decimals: 19 });
    expect(error).to.be.instanceOf(Error).and.to.include({ name: "TallyrootError", code: "AMOUNT_NOT_EXACT" });
    expect(error.facts).to.deep.equal({ decimals: 19 });
  });

  it("a broken invariant is a bug, not a code of the catalogue", () => {
    expect(() => invariant(true, "fine")).not.to.throw();
    expect(() => invariant(false, "one is two"))
      .to.throw(Error, "invariant broken: one is two")
      .and.not.instanceOf(TallyrootError);
  });
});
