import Database from "better-sqlite3";
import { expect } from "chai";
import {
  type BundleTable,
  columnsAt,
  DERIVED_TABLES,
  migrateTo,
  RECORD_TABLES,
  STATE_TABLES,
} from "#src/storage/sqlite/bundle-tables.ts";
import { NEWEST_SCHEMA } from "#src/storage/sqlite/load.ts";

const TABLES: readonly BundleTable[] = [...RECORD_TABLES, ...STATE_TABLES];

/** The tables of one version of the schema, with their columns in alphabetical order. */
function schemaAt(version: number): Map<string, string[]> {
  const db = new Database(":memory:");
  migrateTo(db, version);
  const names = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all();
  const columnsOf = (name: string) => (db.pragma(`table_info(${name})`) as { name: string }[]).map((row) => row.name);
  const tables = new Map(names.map((name) => [name, columnsOf(name).sort()]));
  db.close();
  return tables;
}

describe("the tables of a bundle", () => {
  for (let version = 1; version <= NEWEST_SCHEMA; version++) {
    it(`are all tables and columns of schema ${version}, but those that follow from the deltas`, () => {
      const columnsOf = columnsAt(version);
      const there = new Map(
        TABLES.map(
          (table) =>
            [
              table.name,
              columnsOf(table)
                .map(({ name }) => name)
                .sort(),
            ] as const,
        ).filter(([, columns]) => columns.length > 0),
      );
      const expected = new Map([...schemaAt(version)].filter(([name]) => !DERIVED_TABLES.includes(name)));
      expect(Object.fromEntries(there)).to.deep.equal(Object.fromEntries(expected));
    });
  }

  it("name the columns of the newest schema apart from those of earlier ones", () => {
    const newest = schemaAt(NEWEST_SCHEMA);
    for (const { name, columns, earlier = [] } of TABLES) {
      expect([...columns].sort(), name).to.deep.equal(newest.get(name));
      expect(earlier.filter((column) => newest.get(name)?.includes(column))).to.deep.equal([]);
    }
  });

  it("that are in both parts of a bundle are there with different rows", () => {
    const shared = STATE_TABLES.filter(({ name }) => RECORD_TABLES.some((table) => table.name === name));
    expect(shared.map(({ name, where }) => [name, where])).to.deep.equal([
      ["anchor_transactions", "attempt > 1 AND anchor <= @anchor"],
    ]);
    const record = RECORD_TABLES.find(({ name }) => name === "anchor_transactions");
    expect(record?.where).to.equal("t.attempt = 1");
  });
});
