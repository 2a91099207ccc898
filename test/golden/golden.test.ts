import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { fromHex, toHex, utf8 } from "#src/core/bytes.ts";
import { consistencyText } from "#src/core/consistency.ts";
import { decodePolicy, policyText } from "#src/core/policy.ts";
import { receiptText } from "#src/core/receipt.ts";
import { STEP_FAILURES } from "#src/core/step-failures.ts";
import { parseStrictJson } from "#src/core/strict-json.ts";
import { type FileVerification, verifyFile } from "#src/core/verify-file.ts";
import type { Expected } from "#src/core/verify-receipt.ts";

/** What a golden file must come to in steps 1 to 5. */
type Golden = {
  kind: string | null;
  receiptId: string | null;
  verdict: "CONSISTENT" | "REFUSED";
  failure: string | null;
  steps: string[];
  /** What the verifier expects of it, as it would be told. */
  expected?: Record<string, string>;
  /** The file of which it is another spelling. */
  sameAs?: string;
};

// A released format's files are added to, never edited: whoever holds one holds these bytes.
const FOLDER = new URL("./1/", import.meta.url);
const at = (name: string) => new Uint8Array(readFileSync(new URL(name, FOLDER)));
const expectations = parseStrictJson(at("expected.json")) as Record<string, Golden>;
const entries = Object.entries(expectations);

function verified(name: string, { expected = {} }: Golden): FileVerification {
  const pins: Expected = Object.fromEntries(
    Object.entries(expected).map(([pin, hex]) => [pin, fromHex(hex.toLowerCase())]),
  );
  return verifyFile(at(name), pins);
}

function textOf({ receipt, consistency }: FileVerification): string {
  return receipt ? receiptText(receipt) : consistencyText(consistency!);
}

describe("golden files of version 1", () => {
  it("are the bytes that they were, and none is without its hash", () => {
    const listed = new TextDecoder().decode(at("SHA256SUMS")).trimEnd().split("\n");
    const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.split("/golden/1/").at(-1)!.replace(/^\/+/, ""))
      .filter((name) => name !== "SHA256SUMS");
    const sums = files.map((name) => `${createHash("sha256").update(at(name)).digest("hex")}  ${name}`);
    expect(sums.sort()).to.deep.equal(listed.sort());
    expect(Object.keys(expectations).sort()).to.deep.equal(
      files.filter((name) => name !== "expected.json" && name !== "policy.json").sort(),
    );
  });

  for (const [name, golden] of entries) {
    it(`${name} is ${golden.failure ?? "consistent"}`, () => {
      const verification = verified(name, golden);
      const { kind, receiptId, steps, anchors } = verification;
      const last = steps.at(-1)!;
      expect({ kind, receiptId: receiptId && toHex(receiptId) }).to.deep.equal({
        kind: golden.kind,
        receiptId: golden.receiptId,
      });
      expect(steps.map(({ outcome }) => outcome)).to.deep.equal(golden.steps);
      expect(last.outcome === "failed" ? last.failure : null, last.detail).to.equal(golden.failure);
      expect(golden.verdict).to.equal(golden.failure === null ? "CONSISTENT" : "REFUSED");
      expect(anchors.length > 0).to.equal(golden.failure === null);
      if (golden.failure === null) expect(utf8(textOf(verification))).to.deep.equal(at(golden.sameAs ?? name));
    });
  }

  it("show every failure of steps 1 to 5", () => {
    const shown = new Set(entries.map(([, { failure }]) => failure));
    const missing = Object.entries(STEP_FAILURES).filter(([code, { step }]) => step < 6 && !shown.has(code));
    expect(missing).to.deep.equal([]);
  });

  it("fail at the step that their code belongs to", () => {
    for (const [name, { failure, steps }] of entries) {
      if (failure) expect(STEP_FAILURES[failure as keyof typeof STEP_FAILURES].step, name).to.equal(steps.length);
    }
  });

  it("hold a policy that is read and written alike, and that pins what the good files name", () => {
    const policy = decodePolicy(parseStrictJson(at("policy.json")));
    expect(utf8(policyText(policy))).to.deep.equal(at("policy.json"));
    for (const [name, golden] of entries.filter(([path]) => !path.startsWith("bad/"))) {
      for (const { chainId, contract, log } of verified(name, golden).anchors)
        expect({ chainId, contract, log }).to.deep.equal({
          chainId: policy.chainId,
          contract: policy.contract,
          log: policy.log,
        });
    }
  });

  it("name one root at one index of their log", () => {
    const roots = new Map<bigint, string>();
    for (const [name, golden] of entries.filter(([path]) => !path.startsWith("bad/"))) {
      for (const { index, root } of verified(name, golden).anchors) {
        expect(roots.get(index) ?? toHex(root), `${name}, index ${index}`).to.equal(toHex(root));
        roots.set(index, toHex(root));
      }
    }
    expect(roots.size).to.be.greaterThan(8);
  });
});
