import { expect } from "chai";
import { addReceipt, noStatements } from "#src/core/arbitration/statement.ts";
import {
  ALICE,
  checkpointOf,
  checkpointReceiptOf,
  deltaReceiptOf,
  headOf,
  historyOf,
  publishedAs,
} from "./published-log.ts";

const honest = historyOf(ALICE, [500n, -42n, -100n, 7n]);

describe("a file that is no evidence", () => {
  const anchor = publishedAs(1n, [headOf(honest), checkpointOf(honest, 2000n, 4000n)]);
  const [head, window] = anchor.stated as [ReturnType<typeof headOf>, ReturnType<typeof checkpointOf>];
  const receipt = deltaReceiptOf(anchor, head, 1);
  const listed = checkpointReceiptOf(anchor, window, true);
  const changed = { ...receipt.delta, amount: 1n };

  const CASES: readonly (readonly [
    what: string,
    file: Parameters<typeof addReceipt>[2],
    failures: string[],
    left: number[],
  ])[] = [
    ["whose delta was changed", { ...receipt, delta: changed }, ["FINGERPRINT_MISMATCH"], [1, 0, 0]],
    [
      "whose proof was cut",
      { ...receipt, ledgerProof: receipt.ledgerProof.slice(1) },
      ["LEDGER_PROOF_INVALID"],
      [1, 0, 0],
    ],
    [
      "whose head was changed",
      { ...receipt, head: { ...receipt.head, balance: 1n } },
      ["ANCHOR_PROOF_INVALID"],
      [0, 0, 0],
    ],
    [
      "whose checkpoint was changed",
      { ...listed, checkpoint: { ...listed.checkpoint, closingBalance: 1n } },
      ["FINGERPRINT_MISMATCH"],
      [0, 0, 0],
    ],
    ["whose checkpoint is not in the anchor", { ...listed, anchorProof: [] }, ["ANCHOR_PROOF_INVALID"], [0, 0, 0]],
    [
      "whose list was changed",
      { ...listed, deltas: listed.deltas!.toReversed().slice(1) },
      ["WINDOW_PROOF_INVALID"],
      [0, 1, 0],
    ],
  ];
  for (const [what, file, failures, left] of CASES) {
    it(`is left out by name: ${what}`, () => {
      const all = noStatements();
      addReceipt(all, "f", file);
      expect(all.leftOut.map(({ failure }) => failure)).to.deep.equal(failures);
      expect([all.heads.length, all.checkpoints.length, all.deltas.length]).to.deep.equal(left);
    });
  }
});
