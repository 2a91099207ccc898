import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { ROOT } from "#test/tidy/tree.ts";

/** Tests that passed and failed, as continuous integration counts them in the output of all runs. */
function counted(...lines: string[]): string {
  return execFileSync("awk", ["-f", ".ci/count-tests.awk"], { cwd: ROOT, input: lines.join("\n"), encoding: "utf8" });
}

const SQLITE = "== tests over SQLite ==";
const POSTGRES = "== tests over PostgreSQL ==";

describe("the count of tests", () => {
  it("adds up the runs, of each the last that it says", () => {
    expect(
      counted(
        "  7 passing (1s)",
        SQLITE,
        "  3 passing (4ms)",
        "  120 passing (2m)",
        "  2 failing",
        POSTGRES,
        "  30 passing (4s)",
      ),
    ).to.equal("150 2\n");
    expect(counted(SQLITE, "  1 passing (1s)", POSTGRES, "  2 passing (1s)", "  1 failing")).to.equal("3 1\n");
  });

  it("takes lines for nothing that are not mocha's", () => {
    expect(counted(SQLITE, "5 passing", "  6 passing tests", "✔ 7 passing (1s)", "  8 passing (1s)")).to.equal("8 0\n");
  });

  it("calls a run that never came to its end one failure", () => {
    expect(counted(SQLITE, "  5 passing (1s)", POSTGRES, "Error: PostgreSQL did not start")).to.equal("5 1\n");
    expect(counted(SQLITE)).to.equal("0 1\n");
    expect(counted("")).to.equal("0 0\n");
  });
});
