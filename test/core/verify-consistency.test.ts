import { expect } from "chai";
import * as fc from "fast-check";
import type { StepFailure } from "#src/core/step-failures.ts";
import { verifyConsistencyFile } from "#src/core/verify-consistency.ts";
import { STEPS } from "#src/core/verify-receipt.ts";
import {
  type ConsistencyCheat,
  type ConsistencyPlan,
  consistencyFileOf,
  consistencyOf,
  type SideName,
  WINDOWS,
} from "./consistency-evidence.ts";
import { tampered } from "./evidence.ts";
import { holds } from "./property.ts";

const OTHER_HASH = `0x${"5a".repeat(32)}`;
const OTHER_ADDRESS = `0x${"00".repeat(20)}`;
const PASSED = "passed skipped skipped passed passed";

/** Where verification stops, or what it passed and skipped. */
function outcomeOf(file: unknown, expected = {}): string {
  const { steps } = verifyConsistencyFile(file, expected);
  expect(steps.map(({ name }) => name)).to.deep.equal(STEPS.slice(0, steps.length));
  const last = steps.at(-1)!;
  if (last.outcome === "failed") return `${last.step} ${last.failure}`;
  return steps.map(({ outcome }) => outcome).join(" ");
}

const heads = consistencyFileOf();
const statements = consistencyFileOf({ windows: WINDOWS });
const onlyLater = (change: ConsistencyCheat["checkpoint"]): ConsistencyCheat => ({
  checkpoint: (checkpoint, side) => (side === "later" ? change!(checkpoint, side) : checkpoint),
});

describe("verifyConsistencyFile", () => {
  it("every earlier state of an honest ledger is shown to be the beginning of every later one", () => {
    for (let earlier = 1; earlier <= 13; earlier++) {
      for (let later = earlier; later <= 13; later++)
        expect(outcomeOf(consistencyFileOf({ counts: { earlier, later } })), `${earlier} to ${later}`).to.equal(PASSED);
    }
  });

  it("checkpoints on either side, of one delta, of many and of none, are tied to the history", () => {
    const windows = [
      undefined,
      { first: 1, count: 1 },
      { first: 1, count: 5 },
      { first: 4, count: 0 },
      { first: 6, count: 0 },
    ];
    for (const earlier of windows) {
      const sides = { ...(earlier && { earlier }), later: { first: 6, count: 7 } };
      expect(outcomeOf(consistencyFileOf({ windows: sides })), JSON.stringify(earlier)).to.equal(PASSED);
    }
    expect(outcomeOf(consistencyFileOf({ windows: { later: { first: 13, count: 0 } } }))).to.equal(PASSED);
  });

  const FORGED: [claim: string, plan: ConsistencyPlan, failure: `${number} ${StepFailure}`][] = [
    [
      "an empty earlier ledger",
      { cheat: { head: (head, side) => (side === "earlier" ? { ...head, count: 0n } : head) } },
      "4 COUNT_DECREASES",
    ],
    ["a ledger that shrank", { counts: { earlier: 6, later: 5 } }, "4 COUNT_DECREASES"],
    [
      "a head of another ledger",
      { cheat: { head: (head, side) => (side === "later" ? { ...head, ledger: new Uint8Array(20) } : head) } },
      "4 HEAD_OF_OTHER_LEDGER",
    ],
    [
      "two balances after one delta",
      {
        counts: { earlier: 5, later: 5 },
        cheat: { head: (head, side) => (side === "later" ? { ...head, balance: 1n } : head) },
      },
      "4 BALANCE_CONTRADICTION",
    ],
    [
      "a rewritten history of the same length",
      {
        counts: { earlier: 5, later: 5 },
        cheat: { head: (head, side) => (side === "later" ? { ...head, root: new Uint8Array(32) } : head) },
      },
      "4 CONSISTENCY_PROOF_INVALID",
    ],
    [
      "a rewritten history",
      { cheat: { head: (head, side) => (side === "earlier" ? { ...head, root: new Uint8Array(32) } : head) } },
      "4 CONSISTENCY_PROOF_INVALID",
    ],
    [
      "a count that the root's tree has not the shape of",
      { cheat: { head: (head, side) => (side === "later" ? { ...head, count: 17n } : head) } },
      "4 CONSISTENCY_PROOF_INVALID",
    ],
    [
      "a checkpoint of another ledger",
      { windows: WINDOWS, cheat: onlyLater((c) => ({ ...c, ledger: new Uint8Array(20) })) },
      "4 HEAD_OF_OTHER_LEDGER",
    ],
    [
      "a checkpoint that contradicts itself",
      { windows: WINDOWS, cheat: onlyLater((c) => ({ ...c, to: c.from, from: c.to })) },
      "4 CHECKPOINT_CONTRADICTION",
    ],
    [
      "a window's last delta of another ledger",
      { windows: WINDOWS, cheat: { delta: (d) => (d.sequence === 12n ? { ...d, ledger: new Uint8Array(20) } : d) } },
      "4 HEAD_OF_OTHER_LEDGER",
    ],
    [
      "a window that states one delta more",
      { windows: WINDOWS, cheat: onlyLater((c) => ({ ...c, count: 8n })) },
      "4 CHECKPOINT_CONTRADICTION",
    ],
    [
      "a window that starts elsewhere",
      { windows: WINDOWS, cheat: onlyLater((c) => ({ ...c, firstSequence: 5n })) },
      "4 CHECKPOINT_CONTRADICTION",
    ],
    [
      "a wrong closing balance",
      { windows: WINDOWS, cheat: onlyLater((c) => ({ ...c, closingBalance: 1n })) },
      "4 CHECKPOINT_CONTRADICTION",
    ],
    [
      "a window that closes before its last delta",
      { windows: WINDOWS, cheat: onlyLater((c) => ({ ...c, to: BigInt(c.to) - 1000n })) },
      "4 CHECKPOINT_CONTRADICTION",
    ],
    [
      "a window that opens after its last delta",
      { windows: WINDOWS, cheat: onlyLater((c) => ({ ...c, from: BigInt(c.to) - 999n })) },
      "4 CHECKPOINT_CONTRADICTION",
    ],
    [
      "a window of one delta that opens wrong",
      { windows: { later: { first: 12, count: 1 } }, cheat: onlyLater((c) => ({ ...c, openingBalance: 1n })) },
      "4 CHECKPOINT_CONTRADICTION",
    ],
    [
      "a window that ends beyond the head",
      { counts: { earlier: 5, later: 11 }, windows: { later: { first: 6, count: 7 } } },
      "4 SEQUENCE_BEYOND_HEAD",
    ],
    [
      "an empty window that begins beyond the head",
      { counts: { earlier: 5, later: 11 }, windows: { later: { first: 13, count: 0 } } },
      "4 SEQUENCE_BEYOND_HEAD",
    ],
    [
      "another window's root",
      { windows: WINDOWS, cheat: onlyLater((c) => ({ ...c, root: new Uint8Array(32) })) },
      "4 WINDOW_PROOF_INVALID",
    ],
    [
      "a last delta that is in the window alone",
      { windows: WINDOWS, cheat: { edge: (edge, side) => (side === "later" ? { ...edge, ledgerProof: [] } : edge) } },
      "4 LEDGER_PROOF_INVALID",
    ],
    [
      "a head whose balance is not that of its last delta",
      { windows: WINDOWS, cheat: { head: (head, side) => (side === "later" ? { ...head, balance: 1n } : head) } },
      "4 BALANCE_CONTRADICTION",
    ],
    [
      "an empty window at the head that closes with another balance",
      {
        windows: { later: { first: 13, count: 0 } },
        cheat: onlyLater((c) => ({ ...c, openingBalance: 1n, closingBalance: 1n })),
      },
      "4 BALANCE_CONTRADICTION",
    ],
    [
      "anchors on two chains",
      { cheat: { anchor: (anchor, side) => (side === "later" ? { ...anchor, chainId: 1n } : anchor) } },
      "5 LOGS_DIFFER",
    ],
    [
      "anchors in two contracts",
      {
        cheat: { anchor: (anchor, side) => (side === "later" ? { ...anchor, contract: new Uint8Array(20) } : anchor) },
      },
      "5 LOGS_DIFFER",
    ],
    [
      "anchors in two logs",
      { cheat: { anchor: (anchor, side) => (side === "later" ? { ...anchor, log: new Uint8Array(32) } : anchor) } },
      "5 LOGS_DIFFER",
    ],
    [
      "a checkpoint in another log",
      {
        windows: WINDOWS,
        cheat: { anchor: (anchor, _, of) => (of === "checkpoint" ? { ...anchor, log: new Uint8Array(32) } : anchor) },
      },
      "5 LOGS_DIFFER",
    ],
    [
      "an earlier head that was anchored later",
      { cheat: { anchor: (anchor, side) => (side === "earlier" ? { ...anchor, index: 10n } : anchor) } },
      "5 ANCHORS_REVERSED",
    ],
  ];
  for (const [claim, plan, failure] of FORGED) {
    it(`${claim} fails at ${failure}, though every hash is right`, () => {
      expect(outcomeOf(consistencyFileOf(plan))).to.equal(failure);
    });
  }

  const mirrored = (side: SideName): [path: string, value: unknown, failure: `${number} ${StepFailure}`][] => [
    [`${side}.head.ledger`, OTHER_ADDRESS, "4 HEAD_OF_OTHER_LEDGER"],
    [`${side}.head.root`, OTHER_HASH, "4 CONSISTENCY_PROOF_INVALID"],
    [`${side}.head.balance`, "1", side === "later" ? "4 BALANCE_CONTRADICTION" : "5 ANCHOR_PROOF_INVALID"],
    [`${side}.anchorProof.0`, OTHER_HASH, "5 ANCHOR_PROOF_INVALID"],
    [`${side}.anchor.root`, OTHER_HASH, "5 ANCHOR_PROOF_INVALID"],
    [`${side}.statement.checkpoint.from`, "1767225600999", "5 ANCHOR_PROOF_INVALID"],
    [`${side}.statement.checkpoint.openingBalance`, "1", "5 ANCHOR_PROOF_INVALID"],
    [`${side}.statement.anchorProof.0`, OTHER_HASH, "5 ANCHOR_PROOF_INVALID"],
    [`${side}.statement.anchor.root`, OTHER_HASH, "5 ANCHOR_PROOF_INVALID"],
    [`${side}.statement.edge`, undefined, "1 SHAPE_INVALID"],
    [`${side}.statement.edge.delta.amount`, "1", "4 WINDOW_PROOF_INVALID"],
    [`${side}.statement.edge.delta.commitment`, OTHER_HASH, "4 WINDOW_PROOF_INVALID"],
    [`${side}.statement.edge.windowProof.0`, OTHER_HASH, "4 WINDOW_PROOF_INVALID"],
    [`${side}.statement.edge.ledgerProof.0`, OTHER_HASH, "4 LEDGER_PROOF_INVALID"],
  ];
  const TAMPERED: [path: string, value: unknown, failure: `${number} ${StepFailure}`][] = [
    ["ledger", OTHER_ADDRESS, "4 HEAD_OF_OTHER_LEDGER"],
    ["proof.0", OTHER_HASH, "4 CONSISTENCY_PROOF_INVALID"],
    ["proof", [], "4 CONSISTENCY_PROOF_INVALID"],
    ["extra", "1", "1 SHAPE_INVALID"],
    ["earlier.head.count", "4", "4 CONSISTENCY_PROOF_INVALID"],
    ...mirrored("earlier"),
    ...mirrored("later"),
  ];
  for (const [path, value, failure] of TAMPERED) {
    it(`${path} changed to ${String(JSON.stringify(value)).slice(0, 24)} fails at ${failure}`, () => {
      expect(outcomeOf(tampered(statements, path, value))).to.equal(failure);
    });
  }

  it("an edge without a window is refused", () => {
    const empty = consistencyFileOf({ windows: { later: { first: 13, count: 0 } } });
    const { later } = statements as { later: { statement: { edge: unknown } } };
    expect(outcomeOf(empty)).to.equal(PASSED);
    expect(outcomeOf(tampered(empty, "later.statement.edge", later.statement.edge))).to.equal("1 SHAPE_INVALID");
  });

  it("without a delta at the edge, another ledger and a contradiction are found in the head and checkpoint alone", () => {
    for (const side of ["earlier", "later"])
      expect(outcomeOf(tampered(heads, `${side}.head.ledger`, OTHER_ADDRESS))).to.equal("4 HEAD_OF_OTHER_LEDGER");
    const windows = { later: { first: 12, count: 0 } };
    const forged = (change: ConsistencyCheat["checkpoint"]) =>
      outcomeOf(consistencyFileOf({ windows, cheat: onlyLater(change) }));
    expect(forged((c) => ({ ...c, ledger: new Uint8Array(20) }))).to.equal("4 HEAD_OF_OTHER_LEDGER");
    expect(forged((c) => ({ ...c, root: new Uint8Array(32).fill(1) }))).to.equal("4 CHECKPOINT_CONTRADICTION");
  });

  it("the ledger that the verifier expects is the only one that passes, and comes first", () => {
    const { ledger } = consistencyOf();
    expect(outcomeOf(heads, { ledger })).to.equal(PASSED);
    const other = { ledger: new Uint8Array(20).fill(1) };
    expect(outcomeOf(heads, other)).to.equal("4 LEDGER_NOT_EXPECTED");
    expect(outcomeOf(tampered(heads, "later.head.ledger", OTHER_ADDRESS), other)).to.equal("4 LEDGER_NOT_EXPECTED");
  });

  it("a fingerprint cannot be expected of it, and that is said", () => {
    const { steps } = verifyConsistencyFile(heads, { fingerprint: new Uint8Array(32) });
    expect(steps[2]).to.deep.include({ outcome: "skipped" });
    expect(steps[2]!.detail).to.include("not compared");
  });

  it("anything at all may be given, and is answered", () => {
    holds(
      fc.property(fc.anything(), (value) => {
        expect(outcomeOf(value)).to.equal("1 SHAPE_INVALID");
      }),
    );
    const paths = [
      "ledger",
      "earlier",
      "later.head",
      "later.statement",
      "later.statement.edge",
      "proof",
      "earlier.anchor",
    ];
    holds(
      fc.property(fc.constantFrom(...paths), fc.anything(), (path, value) => {
        expect(outcomeOf(tampered(statements, path, value))).to.match(/^(1|4|passed)/);
      }),
    );
  });
});
