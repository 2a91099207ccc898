import { expect } from "chai";
import * as fc from "fast-check";
import { formatAmount } from "#src/core/amount.ts";
import type { StepFailure } from "#src/core/step-failures.ts";
import { type Expected, STEPS, verifyReceipt } from "#src/core/verify-receipt.ts";
import { checkpointReceipt, contentOf, deltaReceipt, fileOf, LEDGER, tampered } from "./evidence.ts";
import { holds } from "./property.ts";

type File = Record<string, unknown>;

const OTHER_HASH = `0x${"5a".repeat(32)}`;
const OTHER_ADDRESS = `0x${"00".repeat(20)}`;

/** Where verification stops: "4 ledger SEQUENCE_BEYOND_HEAD", or what it passed and skipped. */
function outcomeOf(file: unknown, expected?: Expected): string {
  const { steps } = verifyReceipt(file, expected);
  expect(steps.map(({ name }) => name)).to.deep.equal(STEPS.slice(0, steps.length));
  const last = steps.at(-1)!;
  if (last.outcome === "failed") return `${last.step} ${last.name} ${last.failure}`;
  return steps.map(({ outcome }) => outcome).join(" ");
}

const open = fileOf(deltaReceipt(3));
const { content: _content, namespace: _namespace, ...blind } = open;
const statement = fileOf(checkpointReceipt());

describe("verifyReceipt", () => {
  it("honest receipts pass all five steps, and what was not checked is said", () => {
    expect(outcomeOf(open)).to.equal("passed passed passed passed passed");
    expect(outcomeOf(blind)).to.equal("passed skipped passed passed passed");
    expect(outcomeOf(statement)).to.equal("passed skipped passed passed passed");
    expect(outcomeOf(tampered(statement, "deltas", undefined))).to.equal("passed skipped passed skipped passed");
    for (const sequence of [1, 2, 4, 5, 6, 7])
      expect(outcomeOf(fileOf(deltaReceipt(sequence)))).not.to.include("failed");
  });

  const TAMPERED: [
    kind: string,
    file: File,
    path: string,
    value: unknown,
    failure: `${number} ${string} ${StepFailure}`,
  ][] = [
    ["open", open, "extra", "1", "1 shape SHAPE_INVALID"],
    ["open", open, "content.customerId", "cust_002", "2 content COMMITMENT_MISMATCH"],
    ["open", open, "content.delta", "1", "2 content COMMITMENT_MISMATCH"],
    ["open", open, "content.reason", "refund", "2 content COMMITMENT_MISMATCH"],
    ["open", open, "content.referenceId", "inv_4", "2 content COMMITMENT_MISMATCH"],
    ["open", open, "content.referenceId", undefined, "2 content COMMITMENT_MISMATCH"],
    ["open", open, "content.metadata.calls", 4, "2 content COMMITMENT_MISMATCH"],
    ["open", open, "content.metadata", undefined, "2 content COMMITMENT_MISMATCH"],
    ["open", open, "content.adjusts", { recordId: "rec_2" }, "2 content COMMITMENT_MISMATCH"],
    ["open", open, "content.salt", OTHER_HASH, "2 content COMMITMENT_MISMATCH"],
    ["open", open, "delta.commitment", OTHER_HASH, "2 content COMMITMENT_MISMATCH"],
    ["open", open, "delta.amount", "-2", "2 content CONTENT_AMOUNT_MISMATCH"],
    ["open", open, "delta.ledger", OTHER_ADDRESS, "2 content CUSTOMER_LEDGER_MISMATCH"],
    ["open", open, "namespace", OTHER_ADDRESS, "2 content CUSTOMER_LEDGER_MISMATCH"],
    ["open", open, "receiptId", OTHER_HASH, "3 fingerprint FINGERPRINT_MISMATCH"],
    ["open", open, "delta.sequence", "4", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["open", open, "delta.balance", "458", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["open", open, "delta.recordedAt", "1767225602001", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["blind", blind, "delta.amount", "-2", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["blind", blind, "delta.ledger", OTHER_ADDRESS, "3 fingerprint FINGERPRINT_MISMATCH"],
    ["blind", blind, "delta.commitment", OTHER_HASH, "3 fingerprint FINGERPRINT_MISMATCH"],
    ["open", open, "head.ledger", OTHER_ADDRESS, "4 ledger HEAD_OF_OTHER_LEDGER"],
    ["open", open, "head.count", "2", "4 ledger SEQUENCE_BEYOND_HEAD"],
    ["open", open, "head.root", OTHER_HASH, "4 ledger LEDGER_PROOF_INVALID"],
    ["open", open, "ledgerProof.0", OTHER_HASH, "4 ledger LEDGER_PROOF_INVALID"],
    ["open", open, "ledgerProof", [], "4 ledger LEDGER_PROOF_INVALID"],
    ["open", open, "head.count", "8", "5 anchor ANCHOR_PROOF_INVALID"],
    ["open", open, "head.balance", "438", "5 anchor ANCHOR_PROOF_INVALID"],
    ["open", open, "anchorProof.1", OTHER_HASH, "5 anchor ANCHOR_PROOF_INVALID"],
    ["open", open, "anchorProof", [], "5 anchor ANCHOR_PROOF_INVALID"],
    ["open", open, "anchor.root", OTHER_HASH, "5 anchor ANCHOR_PROOF_INVALID"],
    ["checkpoint", statement, "receiptId", OTHER_HASH, "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "checkpoint.ledger", OTHER_ADDRESS, "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "checkpoint.from", "1767225599999", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "checkpoint.to", "1767229200001", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "checkpoint.firstSequence", "2", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "checkpoint.count", "8", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "checkpoint.openingBalance", "1", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "checkpoint.closingBalance", "438", "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "checkpoint.root", OTHER_HASH, "3 fingerprint FINGERPRINT_MISMATCH"],
    ["checkpoint", statement, "deltas.2.ledger", OTHER_ADDRESS, "4 ledger CHECKPOINT_CONTRADICTION"],
    ["checkpoint", statement, "deltas.2.sequence", "4", "4 ledger CHECKPOINT_CONTRADICTION"],
    ["checkpoint", statement, "deltas.2.amount", "-2", "4 ledger CHECKPOINT_CONTRADICTION"],
    ["checkpoint", statement, "deltas.2.balance", "458", "4 ledger CHECKPOINT_CONTRADICTION"],
    ["checkpoint", statement, "deltas.2.recordedAt", "1767225602001", "4 ledger CHECKPOINT_CONTRADICTION"],
    ["checkpoint", statement, "deltas.2.commitment", OTHER_HASH, "4 ledger CHECKPOINT_CONTRADICTION"],
    ["checkpoint", statement, "deltas", [], "4 ledger CHECKPOINT_CONTRADICTION"],
    ["checkpoint", statement, "anchorProof.0", OTHER_HASH, "5 anchor ANCHOR_PROOF_INVALID"],
    ["checkpoint", statement, "anchor.root", OTHER_HASH, "5 anchor ANCHOR_PROOF_INVALID"],
  ];
  for (const [kind, file, path, value, failure] of TAMPERED) {
    it(`${kind}: ${path} changed to ${String(JSON.stringify(value)).slice(0, 24)} fails at ${failure}`, () => {
      expect(outcomeOf(tampered(file, path, value))).to.equal(failure);
    });
  }

  it("of what the hashes bind, no member is left that could be changed unnoticed", () => {
    const seen = (kind: string) =>
      TAMPERED.filter(([k]) => k === kind || (kind === "open" && k === "blind")).map(([, , path]) => path);
    for (const [kind, file] of [
      ["open", open],
      ["checkpoint", statement],
    ] as const) {
      for (const [name, value] of Object.entries(file)) {
        // The other members of `anchor` say where to look; only the chain can confirm them.
        if (["format", "kind", "anchor"].includes(name)) continue;
        const members = typeof value === "object" && !Array.isArray(value) ? Object.keys(value as File) : [];
        for (const path of members.length > 0 ? members.map((member) => `${name}.${member}`) : [name]) {
          expect(
            seen(kind).some((one) => one === path || one.startsWith(`${path}.`)),
            path,
          ).to.equal(true);
        }
      }
    }
  });

  it("a content that is committed to another amount than the delta's is named", () => {
    const forged = deltaReceipt(3, { delta: (delta) => ({ ...delta, amount: -2n }) });
    expect(forged.content!.delta).to.equal(formatAmount(-1n));
    expect(outcomeOf(fileOf(forged))).to.equal("2 content CONTENT_AMOUNT_MISMATCH");
  });

  it("a delta rewritten with its receiptId is not in the ledger's root", () => {
    const forged = deltaReceipt(3, { delta: (delta) => ({ ...delta, balance: 999n }) });
    const file = { ...open, receiptId: fileOf(forged).receiptId, delta: fileOf(forged).delta };
    expect(outcomeOf(file)).to.equal("4 ledger LEDGER_PROOF_INVALID");
  });

  it("a head rewritten with its root is not in the anchor", () => {
    const forged = fileOf(deltaReceipt(3, { delta: (delta) => ({ ...delta, balance: 999n }) }));
    expect(outcomeOf({ ...forged, anchorProof: open.anchorProof, anchor: open.anchor })).to.equal(
      "5 anchor ANCHOR_PROOF_INVALID",
    );
  });

  it("wrong sums are named even where every hash is right", () => {
    const first = deltaReceipt(1, { delta: (delta) => ({ ...delta, balance: 501n }) });
    expect(outcomeOf(fileOf(first))).to.equal("4 ledger BALANCE_CONTRADICTION");
    const last = deltaReceipt(7, { head: (head) => ({ ...head, balance: head.balance + 1n }) });
    expect(outcomeOf(fileOf(last))).to.equal("4 ledger BALANCE_CONTRADICTION");
    const closing = checkpointReceipt((honest) => ({ ...honest, closingBalance: honest.closingBalance + 1n }));
    expect(outcomeOf(fileOf(closing))).to.equal("4 ledger CHECKPOINT_CONTRADICTION");
    const opening = checkpointReceipt((honest) => ({ ...honest, openingBalance: 1n }));
    expect(outcomeOf(tampered(fileOf(opening), "deltas", undefined))).to.equal("4 ledger CHECKPOINT_CONTRADICTION");
  });

  it("a sequence the head does not reach is named even where every hash is right", () => {
    for (const count of [0n, 2n]) {
      const short = deltaReceipt(3, { head: (head) => ({ ...head, count }) });
      expect(outcomeOf(fileOf(short))).to.equal("4 ledger SEQUENCE_BEYOND_HEAD");
    }
    const nought = deltaReceipt(3, { delta: (delta) => ({ ...delta, sequence: 0n }) });
    expect(outcomeOf(fileOf(nought))).to.equal("4 ledger SEQUENCE_BEYOND_HEAD");
  });

  it("a head of another ledger does not vouch for the delta", () => {
    const other = deltaReceipt(3, { head: (head) => ({ ...head, ledger: LEDGER.map((byte) => byte ^ 1) }) });
    expect(outcomeOf(fileOf(other))).to.equal("4 ledger HEAD_OF_OTHER_LEDGER");
  });

  const { receiptId, namespace, delta } = deltaReceipt(3);
  const other = { fingerprint: new Uint8Array(32), namespace: new Uint8Array(20), ledger: new Uint8Array(20) };

  it("a genuine receipt of what the verifier expects passes as without", () => {
    const all = { fingerprint: receiptId, namespace: namespace!, ledger: delta.ledger };
    expect(outcomeOf(open, all)).to.equal("passed passed passed passed passed");
    expect(outcomeOf(blind, all)).to.equal("passed skipped passed passed passed");
    expect(outcomeOf(statement, { fingerprint: checkpointReceipt().receiptId, ledger: LEDGER })).not.to.include(
      "failed",
    );
  });

  const UNEXPECTED: [what: keyof Expected, file: File, failure: `${number} ${string} ${StepFailure}`][] = [
    ["namespace", open, "2 content NAMESPACE_NOT_EXPECTED"],
    ["fingerprint", open, "3 fingerprint FINGERPRINT_NOT_EXPECTED"],
    ["fingerprint", blind, "3 fingerprint FINGERPRINT_NOT_EXPECTED"],
    ["fingerprint", statement, "3 fingerprint FINGERPRINT_NOT_EXPECTED"],
    ["ledger", open, "4 ledger LEDGER_NOT_EXPECTED"],
    ["ledger", statement, "4 ledger LEDGER_NOT_EXPECTED"],
  ];
  for (const [what, file, failure] of UNEXPECTED) {
    it(`a genuine receipt of another ${what} than expected fails at ${failure}`, () => {
      expect(outcomeOf(file, { [what]: other[what] })).to.equal(failure);
    });
  }

  it("a forgery is called that before it is called unexpected, but for the ledger, which comes first", () => {
    expect(outcomeOf(tampered(open, "namespace", OTHER_ADDRESS), other)).to.equal("2 content CUSTOMER_LEDGER_MISMATCH");
    expect(outcomeOf(tampered(blind, "receiptId", OTHER_HASH), other)).to.equal("3 fingerprint FINGERPRINT_MISMATCH");
    expect(outcomeOf(tampered(open, "head.ledger", OTHER_ADDRESS), { ledger: other.ledger })).to.equal(
      "4 ledger LEDGER_NOT_EXPECTED",
    );
  });

  it("an expected namespace that a file does not show is said not to have been compared", () => {
    for (const file of [blind, statement]) {
      const [, content] = verifyReceipt(file, { namespace: other.namespace }).steps;
      expect(content).to.deep.include({ outcome: "skipped" });
      expect(content!.detail).to.include("not compared");
    }
  });

  it("anything at all may be given, and is answered", () => {
    holds(
      fc.property(fc.anything(), (value) => {
        expect(outcomeOf(value)).to.equal("1 shape SHAPE_INVALID");
      }),
    );
    const paths = [
      "receiptId",
      "delta",
      "delta.amount",
      "content",
      "content.metadata",
      "content.adjusts",
      "head",
      "ledgerProof",
      "anchor",
    ];
    holds(
      fc.property(fc.constantFrom(...paths), fc.anything(), (path, value) => {
        expect(outcomeOf(tampered(open, path, value))).to.match(/^(1 shape|2 content|3 f|4 l|passed)/);
      }),
    );
    const deep = JSON.parse(`{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
    expect(outcomeOf({ ...open, content: { ...contentOf(3, -1n), metadata: deep } })).to.equal("1 shape SHAPE_INVALID");
  });
});
