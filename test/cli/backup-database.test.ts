import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import { runHere } from "./command.ts";

const IN_DATABASE = { TALLYROOT_DATABASE_URL: "postgresql://server:hidden@127.0.0.1/record" };

describe("backups where the record is in a database", () => {
  const place = temporaryDirectory();
  const [data, copy] = [join(place, "data"), join(place, "copy")];
  after(() => removeDirectory(place));

  it("are refused with what to do instead, and nothing is made", async () => {
    const { code, errors } = await runHere(["backup", "--data-dir", data, "--out", copy], IN_DATABASE);
    expect(code).to.equal(2);
    expect(errors)
      .to.match(/TALLYROOT_DATABASE_URL is set.*PostgreSQL's own tools/)
      .and.not.to.contain("hidden");
    expect(existsSync(copy)).to.equal(false);
  });

  it("are not restored into a data directory, on which that server would not start", async () => {
    const { code, errors } = await runHere(
      ["restore", "--from", copy, "--data-dir", data, "--accept-loss"],
      IN_DATABASE,
    );
    expect(code).to.equal(2);
    expect(errors)
      .to.match(/TALLYROOT_DATABASE_URL is set.*restore the database/)
      .and.not.to.contain("hidden");
    expect(existsSync(data)).to.equal(false);
  });
});
