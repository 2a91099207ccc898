import { expect } from "chai";
import { recordRequest } from "#src/wire/delta.ts";
import { parseJson } from "#src/wire/json.ts";

const whole = { customerId: "c", reason: "r", delta: 1 };
const accepted = (more: object) => recordRequest.safeParse(parseJson(JSON.stringify({ ...whole, ...more }))).success;

describe("a request to record", () => {
  for (const customerId of ["a", "A-Z_0.9:x", "x".repeat(128), "__proto__"]) {
    it(`takes the customer id ${customerId.slice(0, 12)}`, () => {
      expect(accepted({ customerId })).to.equal(true);
    });
  }

  for (const customerId of ["", "x".repeat(129), "a b", "a/b", "ü", "a\n", "a\u0000", 1, null, ["a"]]) {
    it(`refuses the customer id ${JSON.stringify(customerId).slice(0, 12)}`, () => {
      expect(accepted({ customerId })).to.equal(false);
    });
  }

  it("bounds reason and reference, and takes well-formed Unicode only", () => {
    expect(accepted({ reason: "r".repeat(500), referenceId: "f".repeat(255) })).to.equal(true);
    expect(accepted({ reason: "grüße 🧾" })).to.equal(true);
    for (const bad of [{ reason: "" }, { reason: "r".repeat(501) }, { reason: "\ud800" }])
      expect(accepted(bad)).to.equal(false);
    for (const bad of ["", "f".repeat(256), "\udc00"]) expect(accepted({ referenceId: bad })).to.equal(false);
  });

  it("corrects one thing, named by record id or by reference", () => {
    expect(accepted({ adjusts: { recordId: `rec_${"0a".repeat(20)}_17` } })).to.equal(true);
    expect(accepted({ adjusts: { referenceId: "inv-1" } })).to.equal(true);
    const bad = ["rec_", "17", "rec_\ud800", `rec_${"x".repeat(200)}`].map((recordId) => ({ recordId }));
    for (const adjusts of [
      ...bad,
      {},
      { recordId: "rec_1", referenceId: "x" },
      { referenceId: "" },
      "rec_1",
      { other: "x" },
    ]) {
      expect(accepted({ adjusts }), JSON.stringify(adjusts).slice(0, 40)).to.equal(false);
    }
  });

  it("refuses members that it does not know by name, also those of JavaScript's own", () => {
    for (const name of ["amount", "balance", "constructor", "__proto__"]) {
      const text = `{"customerId":"c","reason":"r","delta":1,"${name}":{}}`;
      const result = recordRequest.safeParse(parseJson(text));
      expect(result.success, name).to.equal(false);
      expect(JSON.stringify(result.error?.issues), name).to.contain(name);
    }
  });

  it("needs customer, delta and reason", () => {
    for (const name of Object.keys(whole)) expect(accepted({ [name]: undefined }), name).to.equal(false);
  });
});
