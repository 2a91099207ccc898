import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";

const CORE = new URL(".", import.meta.resolve("#src/core/keccak.ts"));

type Example = { file: string; expression: string; result: string };

/** The lines `expression // result` after each `@example`, up to the next tag or the docblock's end. */
function examplesIn(file: string): Example[] {
  const source = readFileSync(new URL(file, CORE), "utf8");
  return [...source.matchAll(/@example\n((?: *\* (?!@).*\n)+)/g)].flatMap(([, block = ""]) =>
    block
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [, expression, result] = /^ *\* (.+) \/\/ (.+)$/.exec(line) ?? [];
        if (!expression || !result) throw new Error(`${file}: not an example: ${line}`);
        return { file, expression, result };
      }),
  );
}

const files = readdirSync(CORE).filter((file) => file.endsWith(".ts"));
const examples = files.flatMap(examplesIn);

/** Evaluates an expression over everything that core exports. */
function evaluate(expression: string, scope: Record<string, unknown>): unknown {
  return new Function(...Object.keys(scope), `"use strict"; return (${expression});`)(...Object.values(scope));
}

describe("examples in docblocks", () => {
  const scope: Record<string, unknown> = {};
  before(async () => {
    for (const file of files) Object.assign(scope, await import(new URL(file, CORE).href));
  });

  it("are there", () => {
    const marks = files.map((file) => readFileSync(new URL(file, CORE), "utf8").split("* @example\n").length - 1);
    expect(examples.length).to.be.at.least(marks.reduce((sum, count) => sum + count));
    expect(examples.length).to.be.greaterThan(4);
  });

  for (const { file, expression, result } of examples) {
    it(`${file}: ${expression} is ${result}`, () => {
      expect(evaluate(expression, scope)).to.deep.equal(evaluate(result, scope));
    });
  }
});
