import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { postgresOfThisFile } from "#test/ports/postgres-server.ts";
import { runHere } from "./command.ts";
import { sqliteStoreIn } from "./migrate-ground.ts";

const postgres = postgresOfThisFile();
const IN_DATABASE = { TALLYROOT_DATABASE_URL: "postgresql://server:hidden@127.0.0.1/record" };

describe("bundles and backups where the record is in a database", () => {
  const place = temporaryDirectory();
  const [data, out] = [join(place, "data"), join(place, "out")];
  after(() => removeDirectory(place));

  it("are not exported of a database that has none, and nothing is made", async () => {
    const database = await postgres.database();
    const { code, errors } = await runHere(["export", "--data-dir", data, "--out", out], {
      TALLYROOT_DATABASE_URL: database.url,
    });
    expect(code).to.equal(2);
    expect(errors).to.contain("there is no record in this database");
    expect(existsSync(out)).to.equal(false);
    const away = await runHere([
      "export",
      "--out",
      out,
      "--from",
      IN_DATABASE.TALLYROOT_DATABASE_URL.replace("/record", ":1/record"),
    ]);
    expect(away.code).to.equal(3);
    expect(away.errors).to.contain("the database does not answer").and.not.to.contain("hidden");
    await database.drop();
  });

  it("are not imported into a data directory on which that server would not start", async () => {
    mkdirSync(out);
    const { code, errors } = await runHere(["import", out, "--data-dir", data], IN_DATABASE);
    expect(code).to.equal(2);
    expect(errors)
      .to.match(/TALLYROOT_DATABASE_URL is set.*tallyroot migrate/)
      .and.not.to.contain("hidden");
    expect(existsSync(data)).to.equal(false);
  });

  it("are not made of what a directory had before its record was moved", async () => {
    const database = await postgres.database();
    mkdirSync(data);
    await sqliteStoreIn(data).close();
    const backup = join(place, "backup");
    expect((await runHere(["backup", "--data-dir", data, "--out", backup, "--quick"])).code).to.equal(0);
    expect((await runHere(["migrate", "--data-dir", data, "--to", database.url])).code).to.equal(4);
    for (const [words, instead] of [
      [["backup", "--data-dir", data, "--out", backup], "pg_dump"],
      [["export", "--data-dir", data, "--out", join(place, "bundle")], "--from"],
    ] as const) {
      const { code, errors } = await runHere(words);
      expect(code, words[0]).to.equal(2);
      expect(errors)
        .to.match(/was moved to postgresql:[^\n]*, and goes on there: /)
        .and.to.contain(instead);
    }
    await database.drop();
  });
});
