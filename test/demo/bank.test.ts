import { expect } from "chai";
import { bankAccounts } from "../../scripts/demo/bank.ts";

const HEADER = "transaction,account,date,amount,balance,operation,symbol\n";

describe("the bank's file", () => {
  it("gives each account its rows in the order of the file", () => {
    const accounts = bankAccounts(
      `${HEADER}1,7,1993-01-01,10.00,10.00,VKLAD,\n2,8,1993-01-01,5.00,5.00,VKLAD,\n3,7,1993-01-02,-2.50,7.50,VYBER,`,
    );
    expect(accounts.map(({ customerId, rows }) => [customerId, ...rows.map((row) => row.transaction)])).to.deep.equal([
      ["acct_7", "1", "3"],
      ["acct_8", "2"],
    ]);
  });

  it("keeps the digits of an amount as they are, and reads them exactly", () => {
    const [account] = bankAccounts(`${HEADER}1,7,1993-01-01,-0.10,99999999.30,VYBER,`);
    expect(account?.rows[0]).to.include({
      amountText: "-0.10",
      amount: -100_000_000_000_000_000n,
      balance: 99_999_999_300_000_000_000_000_000n,
    });
  });

  const reasons: ReadonlyArray<readonly [string, string, string]> = [
    ["PREVOD NA UCET", "SIPO", "PREVOD NA UCET / SIPO"],
    ["VKLAD", "", "VKLAD"],
    ["", "UROK", "UROK"],
    ["", "", "transaction"],
  ];
  for (const [operation, symbol, reason] of reasons) {
    it(`makes the reason "${reason}" of operation "${operation}" and symbol "${symbol}"`, () => {
      const [account] = bankAccounts(`${HEADER}1,7,1993-01-01,1.00,1.00,${operation},${symbol}`);
      expect(account?.rows[0]?.reason).to.equal(reason);
    });
  }

  it("with other columns is refused", () => {
    expect(() => bankAccounts("transaction,account,amount\n1,7,1.00")).to.throw(/must have the columns/);
  });

  it("with a figure that is no decimal number is refused", () => {
    expect(() => bankAccounts(`${HEADER}1,7,1993-01-01,"1,00",1.00,VKLAD,`)).to.throw(/decimal number/);
  });
});
