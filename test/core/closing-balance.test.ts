import { expect } from "chai";
import * as fc from "fast-check";
import { compareViews } from "#src/core/compare.ts";
import type { RecordedScope } from "#src/core/dispute.ts";
import { holds } from "./property.ts";

const scope: RecordedScope = {
  firstSequence: 4,
  openingBalance: 100n,
  deltas: [
    { sequence: 4, amount: 10n, balance: 110n },
    { sequence: 5, amount: -5n, balance: 105n },
  ],
};
const all = [{ sequence: 4 }, { sequence: 5 }];

describe("a closing balance beside the entries", () => {
  it("that the entries lead to is no dispute", () => {
    const { disputed, confirmed } = compareViews(scope, [{ party: "yours", entries: all, closingBalance: 105n }]);
    expect([disputed, confirmed.length]).to.deep.equal([[], 2]);
  });

  it("that they do not lead to is disputed at the last delta, with the rest", () => {
    const comparison = compareViews(scope, [{ party: "yours", entries: [{ sequence: 5 }], closingBalance: 98n }]);
    expect(comparison.disputed).to.deep.equal([
      { kind: "MISSING", party: "yours", sequence: 4, position: 4, amount: -10n },
      { kind: "DIFFERENT_BALANCE", party: "yours", sequence: 5, position: 5, amount: 3n },
    ]);
    expect(comparison.views).to.deep.equal([{ party: "yours", closingBalance: 98n, gap: -7n }]);
    expect(comparison.confirmed).to.deep.equal([]);
  });

  it("over an empty scope is disputed where the scope would begin", () => {
    const empty = { ...scope, deltas: [] };
    const { disputed, divergence } = compareViews(empty, [{ party: "theirs", entries: [], closingBalance: 101n }]);
    expect(disputed).to.deep.equal([{ kind: "DIFFERENT_BALANCE", party: "theirs", position: 3, amount: 1n }]);
    expect(divergence).to.include({ sequence: 3, balanceBefore: 100n, balanceAfter: 100n });
  });

  it("is where the view ends, and the amounts add up to its distance from the record", () => {
    const amount = fc.bigInt({ min: -1000n, max: 1000n });
    const optional = fc.option(amount, { nil: undefined });
    const sequence = fc.option(fc.integer({ min: 2, max: 7 }), { nil: undefined });
    const entries = fc.array(fc.record({ sequence, delta: optional, balance: optional }), { maxLength: 8 });
    holds(
      fc.property(entries, amount, (sent, closingBalance) => {
        const { disputed, views } = compareViews(scope, [{ party: "theirs", entries: sent, closingBalance }]);
        expect(views[0]).to.deep.equal({ party: "theirs", closingBalance, gap: closingBalance - 105n });
        expect(disputed.reduce((sum, dispute) => sum + dispute.amount, 0n)).to.equal(closingBalance - 105n);
      }),
    );
  });
});
