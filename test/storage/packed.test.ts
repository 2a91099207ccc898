import Database from "better-sqlite3";
import { expect } from "chai";
import type { Cell } from "#src/storage/row-digest.ts";
import { packed } from "#src/storage/sqlite/packed.ts";

const COLUMNS = [
  { name: "id", bytes: false },
  { name: "first", bytes: true },
  { name: "name", bytes: false },
  { name: "second", bytes: true },
  { name: "third", bytes: true },
];

describe("the packed columns of a table", () => {
  const columns = packed(COLUMNS, "t");

  function unpacked(row: readonly Cell[]): Cell[] | undefined {
    const db = new Database(":memory:");
    db.exec("CREATE TABLE t (id, first, name, second, third)");
    db.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?)").run(...row);
    // What comes before, as the columns of a key do, is not theirs.
    const cells = db.prepare<[], Cell[]>(`SELECT 'key', ${columns.sql} FROM t`).raw().get()!;
    db.close();
    expect(cells).to.have.length(1 + columns.cells);
    return columns.unpack(cells, 1);
  }

  it("come out as they are in the row, also bytes that are no text, empty ones and NULL", () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const row = [7, every, "zwölf", Buffer.alloc(0), Buffer.from([0, 0xff])];
    expect(unpacked(row)).to.deep.equal(row);
    const none = [null, null, null, null, Buffer.from([1])];
    expect(unpacked(none)).to.deep.equal(none);
  });

  for (const [what, other] of [
    ["a text of one byte each", "abc"],
    ["a text of several bytes each", "ä€"],
    ["a number", 12],
  ] as const) {
    it(`are not given where ${what} stands in the place of bytes`, () => {
      const bytes = Buffer.from([1, 2]);
      expect(unpacked([1, other, "n", bytes, bytes])).to.equal(undefined);
      expect(unpacked([1, bytes, "n", bytes, other])).to.equal(undefined);
    });
  }
});
