import { readFileSync } from "node:fs";
import { expect } from "chai";
import { parse } from "csv-parse/sync";
import { parseAmount } from "#src/core/amount.ts";
import { compareViews } from "#src/core/compare.ts";
import type { Entry, RecordedDelta } from "#src/core/dispute.ts";

/** Real accounts of a bank: the record is the running sum of the amounts, the other view the balances that the bank stated. */
type Account = { deltas: RecordedDelta[]; stated: bigint[] };

function accountsOf(file: URL): Map<string, Account> {
  const accounts = new Map<string, Account>();
  const rows: { account: string; amount: string; balance: string }[] = parse(readFileSync(file), { columns: true });
  for (const row of rows) {
    const account = accounts.get(row.account) ?? { deltas: [], stated: [] };
    accounts.set(row.account, account);
    const amount = parseAmount(row.amount);
    const sequence = account.deltas.length + 1;
    account.deltas.push({ sequence, amount, balance: (account.deltas.at(-1)?.balance ?? 0n) + amount });
    account.stated.push(parseAmount(row.balance));
  }
  return accounts;
}

describe("the statements of 591 bank accounts", () => {
  const accounts = accountsOf(new URL("../../scripts/demo/bank-transactions.csv", import.meta.url));
  const compared = [...accounts.values()].flatMap(({ deltas, stated }) => {
    const scope = { firstSequence: 1, openingBalance: 0n, deltas };
    const balances = stated.map((balance, i): Entry => ({ sequence: i + 1, balance }));
    const both = stated.map((balance, i): Entry => ({ sequence: i + 1, balance, delta: deltas[i]!.amount }));
    return [balances, both].map((entries) => ({
      deltas,
      stated,
      result: compareViews(scope, [{ party: "theirs", entries }]),
    }));
  });

  it("168 agree with their own transactions and 423 do not", () => {
    expect(accounts.size).to.equal(591);
    expect(compared.filter(({ result }) => result.divergence === null).length).to.equal(2 * 168);
    expect(compared.filter(({ result }) => result.divergence !== null).length).to.equal(2 * 423);
  });

  it("each first divergence is the one that a plain loop finds", () => {
    for (const { deltas, stated, result } of compared) {
      const first = deltas.findIndex(({ balance }, i) => balance !== stated[i]);
      if (first === -1) {
        expect(result.confirmed.length).to.equal(deltas.length);
        continue;
      }
      const { sequence, amount, balance } = deltas[first]!;
      expect(result.divergence).to.deep.equal({
        sequence,
        kind: "DIFFERENT_BALANCE",
        party: "theirs",
        amount: stated[first]! - balance,
        balanceBefore: balance - amount,
        balanceAfter: balance,
      });
    }
  });

  it("every step of the difference is named, and the steps add up to the gap at the end", () => {
    for (const { deltas, stated, result } of compared) {
      const difference = (i: number) => (i < 0 ? 0n : stated[i]! - deltas[i]!.balance);
      const steps = deltas.flatMap(({ sequence }, i) => {
        const amount = difference(i) - difference(i - 1);
        return amount === 0n ? [] : [[sequence, amount]];
      });
      expect(result.disputed.map(({ sequence, amount }) => [sequence, amount])).to.deep.equal(steps);
      expect(result.views[0]!.gap).to.equal(difference(deltas.length - 1));
    }
  });
});
