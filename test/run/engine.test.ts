import { existsSync } from "node:fs";
import { expect } from "chai";
import { databaseFile } from "#src/storage/sqlite/database.ts";
import { openRecord, request, temporaryFolder } from "#test/storage/record-folder.ts";
import { ENGINE } from "./engine.ts";
import { rowsBehind } from "./record-of.ts";

describe("a record under test", () => {
  it(`is kept by the engine of this run, which is ${ENGINE}, and by no other`, async () => {
    const { dir, remove } = temporaryFolder();
    const { store, tenant, close } = await openRecord(dir);
    await store.record([request(tenant, "c")], false);
    const version = { sqlite: "sqlite_version()", postgres: "version()" }[ENGINE];
    const [found] = await rowsBehind<{ n: number; engine: string }>(
      dir,
      `SELECT count(*) AS n, ${version} AS engine FROM deltas`,
    );
    await close();
    expect(found!.n).to.equal(1);
    expect(found!.engine).to.match({ sqlite: /^3\./, postgres: /^PostgreSQL / }[ENGINE]);
    expect(existsSync(databaseFile(dir))).to.equal(ENGINE === "sqlite");
    remove();
  });
});
