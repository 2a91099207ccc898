import { globSync } from "node:fs";
import { expect } from "chai";
import { ROOT } from "#test/tidy/tree.ts";
import { NOT_OVER_POSTGRES } from "../../scripts/test.ts";

const filesOf = (pattern: string) => globSync(`test/${pattern}.test.ts`, { cwd: ROOT });

describe("tests that are left out over PostgreSQL", () => {
  it("are there: each line of the list names some", () => {
    const idle = Object.keys(NOT_OVER_POSTGRES).flatMap((line) =>
      // Also each word between braces.
      expanded(line).filter((pattern) => filesOf(pattern).length === 0),
    );
    expect(idle).to.deep.equal([]);
  });

  it("are named once", () => {
    const named = Object.keys(NOT_OVER_POSTGRES).flatMap(filesOf);
    expect(named.filter((file, i) => named.indexOf(file) !== i)).to.deep.equal([]);
  });
});

function expanded(line: string): string[] {
  const [, before, words, after] = /^(.*)\{(.+)\}(.*)$/.exec(line) ?? [];
  return words === undefined ? [line] : words.split(",").map((word) => `${before}${word}${after}`);
}
