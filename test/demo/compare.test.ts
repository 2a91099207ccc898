import { expect } from "chai";
import { ONE } from "#src/core/amount.ts";
import { bankAccounts } from "../../scripts/demo/bank.ts";
import { divergencesCsv, divergencesOf } from "../../scripts/demo/compare.ts";
import { type RecordedRow, requireBanksOwn } from "../../scripts/demo/ledgers.ts";

const HEADER = "transaction,account,date,amount,balance,operation,symbol\n";
const accountOf = (csv: string) => bankAccounts(HEADER + csv)[0]!;

/** A record whose balances are the sums of what was sent. */
function recordOf(rows: ReadonlyArray<readonly [reference: string, amount: bigint]>): RecordedRow[] {
  let balance = 0n;
  return rows.map(([referenceId, amount], i) => {
    balance += amount;
    return { sequence: i + 1, receiptId: `0x0${i}`, referenceId, amount, balance, status: "VERIFIED" };
  });
}

const rows = [
  ["1", 10n * ONE],
  ["2", -3n * ONE],
  ["3", ONE / 10n],
] as const;
const agreeing = accountOf(
  "1,7,1993-01-01,10.00,10.00,VKLAD,\n2,7,1993-01-02,-3.00,7.00,VYBER,\n3,7,1993-01-03,0.10,7.10,,UROK",
);
const departing = accountOf(
  "1,7,1993-01-01,10.00,10.00,VKLAD,\n2,7,1993-01-02,-3.00,7.10,VYBER,\n3,7,1993-01-03,0.10,7.10,,UROK",
);

describe("the demo's comparison", () => {
  it("finds nothing where the bank's balance is the running sum on every row", () => {
    expect(divergencesOf([agreeing], new Map([["acct_7", recordOf(rows)]]))).to.deep.equal([]);
  });

  it("names the first row that differs, though the last balances agree again", () => {
    const found = divergencesOf([departing], new Map([["acct_7", recordOf(rows)]]));
    expect(found).to.deep.equal([
      {
        customerId: "acct_7",
        row: 2,
        transaction: "2",
        date: "1993-01-02",
        receiptId: "0x01",
        ours: 7n * ONE,
        theirs: (71n * ONE) / 10n,
      },
    ]);
  });

  it("names the first of several rows that differ", () => {
    const account = accountOf(
      "1,7,1993-01-01,10.00,10.00,VKLAD,\n2,7,1993-01-02,-3.00,8.00,VYBER,\n3,7,1993-01-03,0.10,8.10,,UROK",
    );
    const [found] = divergencesOf([account], new Map([["acct_7", recordOf(rows)]]));
    expect(found?.row).to.equal(2);
  });

  it("lists the earliest divergence first", () => {
    const later = bankAccounts(`${HEADER}9,8,1993-01-05,1.00,2.00,VKLAD,`)[0]!;
    const ledgers = new Map([
      ["acct_8", recordOf([["9", ONE]])],
      ["acct_7", recordOf(rows)],
    ]);
    const found = divergencesOf([later, departing], ledgers);
    expect(found.map(({ customerId }) => customerId)).to.deep.equal(["acct_7", "acct_8"]);
  });

  it("writes exact decimals, and the bank's balance minus the recorded one", () => {
    const found = divergencesOf([departing], new Map([["acct_7", recordOf(rows)]]));
    expect(divergencesCsv(found)).to.equal(
      "customer,row,date,transaction,recorded,bank,difference\nacct_7,2,1993-01-02,2,7,7.1,0.1\n",
    );
  });
});

describe("a ledger that the demo meets", () => {
  it("may hold the first of the bank's rows, or none", () => {
    expect(() => requireBanksOwn(agreeing, recordOf(rows.slice(0, 2)))).not.to.throw();
    expect(() => requireBanksOwn(agreeing, [])).not.to.throw();
  });

  const foreign: ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, bigint]>]> = [
    [
      "another reference",
      [
        ["1", 10n * ONE],
        ["x", -3n * ONE],
      ],
    ],
    [
      "another amount",
      [
        ["1", 10n * ONE],
        ["2", -4n * ONE],
      ],
    ],
    ["another order", [rows[1], rows[0]]],
    ["one delta more", [...rows, ["4", ONE]]],
  ];
  for (const [what, recorded] of foreign) {
    it(`is refused with ${what}`, () => {
      expect(() => requireBanksOwn(agreeing, recordOf(recorded))).to.throw(/acct_7 already holds other deltas/);
    });
  }
});
