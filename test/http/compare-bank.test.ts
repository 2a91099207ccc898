import { expect } from "chai";
import { formatAmount } from "#src/core/amount.ts";
import type { RecordRequest } from "#src/ledger/ports/ledgers.ts";
import { openStoreOf } from "#test/run/record-of.ts";
import { type BankAccount, readBank } from "../../scripts/demo/bank.ts";
import { dataOf, type Members, send } from "./call.ts";
import { type Seed, seedDirectory } from "./seed.ts";
import { removeDirectory, type Server, startServer, temporaryDirectory } from "./server.ts";

/** Comparisons that are under way at a time. */
const AT_ONCE = 8;
const BATCH = 2_000;

/** What a plain loop finds: the first row at which the bank's balance is not the running sum. */
function firstDifference({ rows }: BankAccount): number | undefined {
  let sum = 0n;
  const at = rows.findIndex(({ amount, balance }) => {
    sum += amount;
    return sum !== balance;
  });
  return at < 0 ? undefined : at + 1;
}

describe("comparing a bank's statements with the record of its transactions", () => {
  const dir = temporaryDirectory();
  const accounts = readBank(new URL("../../scripts/demo/bank-transactions.csv", import.meta.url));
  const found = new Map<string, Members>();
  let server: Server;
  let seed: Seed;

  before(async function () {
    this.timeout(60_000);
    seed = await seedDirectory(dir);
    const store = await openStoreOf(dir);
    const tenant = (await store.tenantByName("default"))!;
    const requests = accounts.flatMap(({ customerId, rows }) =>
      rows.map(
        ({ transaction, amount, reason }): RecordRequest => ({
          tenant,
          customerId,
          amount,
          reason,
          referenceId: transaction,
        }),
      ),
    );
    for (let at = 0; at < requests.length; at += BATCH) await store.record(requests.slice(at, at + BATCH), true);
    await store.close();
    server = await startServer(dir);
    const waiting = [...accounts];
    const work = async () => {
      for (let account = waiting.pop(); account; account = waiting.pop())
        found.set(account.customerId, await compare(account));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });
  after(async () => {
    await server.stop();
    removeDirectory(dir);
  });

  async function compare({ customerId, rows }: BankAccount): Promise<Members> {
    const yours = rows.map(({ transaction, amountText }) => ({ referenceId: transaction, delta: amountText }));
    const theirs = rows.map(({ transaction, balance }) => ({
      referenceId: transaction,
      balance: formatAmount(balance),
    }));
    const reply = await send(server.url, {
      path: "/api/v1/balance/compare",
      key: seed.keys.read,
      body: { customerId, yours, theirs, confirmedLimit: 0 },
    });
    expect(reply.status, reply.text).to.equal(201);
    return dataOf(reply);
  }

  it("finds for each account the divergence that a plain loop finds", () => {
    const expected = accounts.map((account) => [account.customerId, firstDifference(account)]);
    expect(accounts.map(({ customerId }) => [customerId, found.get(customerId)!.divergence?.sequence])).to.deep.equal(
      expected,
    );
  });

  it("finds one in 423 accounts and none in 168", () => {
    const divergences = [...found.values()].map(({ divergence }) => divergence);
    expect(divergences.filter((divergence) => divergence !== null).length).to.equal(423);
    expect(divergences.filter((divergence) => divergence === null).length).to.equal(168);
  });

  it("disputes balances of the bank only, and explains the whole of its discrepancy", () => {
    for (const [index, { customerId, rows }] of accounts.entries()) {
      const { matchesYours, theirDiscrepancyExact, disputed, computedBalanceExact, divergence } =
        found.get(customerId)!;
      expect(matchesYours, customerId).to.equal(true);
      const sum = rows.reduce((total, { amount }) => total + amount, 0n);
      expect(computedBalanceExact, customerId).to.equal(formatAmount(sum));
      expect(theirDiscrepancyExact, customerId).to.equal(formatAmount(rows.at(-1)!.balance - sum));
      const kinds = new Set(disputed.map(({ kind, party }: Members) => `${kind} ${party}`));
      expect([...kinds], `${customerId} ${index}`).to.deep.equal(
        divergence === null ? [] : ["DIFFERENT_BALANCE theirs"],
      );
    }
  });

  it("shows the record's balance after the transaction at which the bank departs", () => {
    for (const account of accounts) {
      const { divergence } = found.get(account.customerId)!;
      if (divergence === null) continue;
      const sum = account.rows.slice(0, divergence.sequence).reduce((total, { amount }) => total + amount, 0n);
      expect(divergence.balanceAfterExact, account.customerId).to.equal(formatAmount(sum));
      expect(divergence.amountExact).to.equal(formatAmount(account.rows[divergence.sequence - 1]!.balance - sum));
    }
  });
});
