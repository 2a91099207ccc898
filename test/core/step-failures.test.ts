import { readFileSync } from "node:fs";
import { expect } from "chai";
import { STEP_FAILURES } from "#src/core/step-failures.ts";

const FORMAT = readFileSync(new URL(import.meta.resolve("#src/core/FORMAT.md")), "utf8");

/** Step and code of every row of the tables under "Verification"; a row without a step continues the one above. */
function rowsOf(page: string): [code: string, step: number][] {
  const section = page.slice(page.indexOf("\n## Verification\n"), page.indexOf("\n### Verdict and report\n"));
  let step = 0;
  return [...section.matchAll(/^\| *(\d?)[^|]*\|.*\| `([A-Z_]+)` \|$/gm)].map(([, number, code]) => {
    if (number) step = Number(number);
    return [code!, step];
  });
}

describe("step failures", () => {
  const catalogue = Object.entries(STEP_FAILURES);

  it("are the codes that FORMAT.md gives a check, each under its step", () => {
    const rows = rowsOf(FORMAT);
    expect(rows.length).to.be.greaterThan(30);
    expect(new Set(rows.map(([code, step]) => `${step} ${code}`))).to.deep.equal(
      new Set(catalogue.map(([code, { step }]) => `${step} ${code}`)),
    );
  });

  it("are listed in the order of the steps, each with a sentence of its own", () => {
    const steps = catalogue.map(([, { step }]) => step);
    expect(steps).to.deep.equal(steps.toSorted());
    const meanings = catalogue.map(([, { meaning }]) => meaning);
    expect(new Set(meanings).size).to.equal(meanings.length);
    for (const meaning of meanings) expect(meaning).to.match(/^[A-Z].*\.$/);
  });
});
