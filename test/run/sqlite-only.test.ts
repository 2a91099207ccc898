import { expect } from "chai";
import { filesUnder, read } from "#test/tidy/tree.ts";
import { SQLITE_ONLY } from "./sqlite-only.ts";

describe("tests that are about the SQLite file itself", () => {
  const files = filesUnder("test", [".ts"]).filter((file) => !file.startsWith("test/run/"));

  it("are those on the list, each once", () => {
    const used = files.flatMap((file) =>
      [...read(file).matchAll(/\boverSqlite\(\s*"([^"]+)"/g)].map(([, what]) => what!),
    );
    expect(used.sort()).to.deep.equal(Object.keys(SQLITE_ONLY).sort());
  });

  it("are left out in no other way: no test asks for the engine to be defined or not", () => {
    const asking = files.filter((file) => /\bif \(ENGINE\b|\bENGINE === "\w+" &&|TEST_ENGINE/.test(read(file)));
    expect(asking).to.deep.equal([]);
  });
});
