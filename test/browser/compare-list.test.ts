import { expect } from "chai";
import fc from "fast-check";
import { recognised } from "#src/dashboard/compare/columns.ts";
import { ledgerOrder } from "#src/dashboard/compare/ledger-order.ts";
import { readTable, type Table } from "#src/dashboard/compare/table.ts";

/** A text as it comes from a file: in pieces of any length. */
async function* pieces(text: string, lengths: readonly number[] = [text.length]): AsyncGenerator<string> {
  for (let at = 0, i = 0; at < text.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length]!);
    yield text.slice(at, at + length);
    at += length;
  }
}

async function read(text: string, lengths?: readonly number[], customerId: string | null = null): Promise<Table> {
  return readTable(pieces(text, lengths), { customerId });
}

const problemsOf = ({ problems }: Table) => problems.map(({ line, what }) => `${line}: ${what}`);

/** Text that needs quotes, and text that does not; neither loses anything by trimming. */
const name = fc
  .string({
    unit: fc.constantFrom("a", "é", "0", " ", ",", ";", '"', "\n", "\r\n", "=", "-"),
    minLength: 1,
    maxLength: 12,
  })
  .map((text) => text.trim().replaceAll("\r\n", "\n"))
  .filter((text) => text !== "");
const amount = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }).map((whole) => `${whole}.000000000000000001`);
const rows = fc.array(fc.record({ referenceId: name, delta: amount }), { minLength: 1, maxLength: 20 });

describe("a party's list", () => {
  it("is read exactly, wherever its text is cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.array(fc.nat({ max: 9 }), { minLength: 1 }),
        fc.boolean(),
        async (given, lengths, all) => {
          const cell = (text: string) => (all || /[",;\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
          const text = ["referenceId,delta", ...given.map((row) => `${cell(row.referenceId)},${cell(row.delta)}`)].join(
            "\n",
          );
          const table = await read(text, lengths);
          expect(problemsOf(table)).to.deep.equal([]);
          expect(table.entries).to.deep.equal(given);
        },
      ),
    );
  });

  it("may have a byte order mark, CR LF, semicolons or tabs, and empty lines", async () => {
    for (const separator of [",", ";", "\t", "|"]) {
      const text = `\ufeff\r\nseq${separator}Amount\r\n\r\n1${separator} 5 \r\n${separator}\r\n2${separator}-0.5\r\n`;
      const table = await read(text, [3]);
      expect(table.entries, separator).to.deep.equal([
        { sequence: 1, delta: "5" },
        { sequence: 2, delta: "-0.5" },
      ]);
      expect([...table.lines]).to.deep.equal([4, 6]);
    }
  });

  it("has its rows named by the line of the file, also behind cells of several lines", async () => {
    const table = await read('referenceId,delta\n"a\nb",1\nc,x\n');
    expect(problemsOf(table)).to.deep.equal(["4: delta “x”: an amount must be a decimal number such as -42.5"]);
  });

  it("is refused without a header, without rows, and without rows of the customer", async () => {
    for (const [text, problem] of [
      ["1,2\n3,4\n", /^1: the first line must name the columns/],
      ["delta\n", /^1: there is no row/],
      ["", /^1: there is no row/],
      ["customerId,delta\nx,1\n", /^1: no row is of cust_001: all 1 row are of others|^1: no row is of cust_001/],
    ] as const)
      expect(problemsOf(await read(text, undefined, "cust_001"))[0], text).to.match(problem);
  });

  it("leaves out the rows of other customers, and counts the rest", async () => {
    const table = await read("customer,delta\nx,1\ncust_001,2\ny,3\ncust_001,4\n", undefined, "cust_001");
    expect(table.entries).to.deep.equal([
      { sequence: 1, delta: "2" },
      { sequence: 2, delta: "4" },
    ]);
    expect(table.leftOut).to.equal(2);
  });

  it("prefers exact text to numbers where a file has both, and knows the ledger page's own columns", () => {
    expect(recognised(["delta", "deltaExact", "balance", "Balance after"])).to.deep.equal({ delta: 1, balance: 2 });
    expect(recognised(["sequence", "recordedAt", "delta", "balance", "reason", "receiptId"])).to.deep.equal({
      sequence: 0,
      receiptId: 5,
      delta: 2,
      balance: 3,
    });
  });

  it("that is long is put into the ledger's order, or refused when it begins elsewhere", async () => {
    const table = await read("sequence,delta\n3,30\n1,10\n2,20\n");
    expect(ledgerOrder(table)).to.deep.equal({
      local: ["10", "20", "30"].map((delta) => ({ delta, balance: undefined })),
    });
    expect(ledgerOrder(await read("sequence,delta\n7,1\n")))
      .to.have.property("wrong")
      .that.includes("begins with delta 7");
  });
});
