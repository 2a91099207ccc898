import { expect } from "chai";
import { installKeccak } from "#src/core/keccak.ts";
import { STEP_FAILURES } from "#src/core/step-failures.ts";
import { verifyFile } from "#src/core/verify-file.ts";
import { fastKeccak } from "#src/fast-keccak.ts";
import { openWitness } from "#src/witness/witness.ts";
import { removeDirectory, temporaryDirectory } from "#test/http/server.ts";
import {
  CHECKS,
  type Check,
  NEEDS_IN_WORDS,
  NO_CHECKS,
  OVERLAPPING_NEEDS,
  REFUSAL,
  REFUSAL_IN_WORDS,
} from "./evil/checks.ts";
import { type Forged, forge, type ShownForgery, verdictOf } from "./evil/forgeries.ts";
import { type Ground, startGround } from "./evil/ground.ts";
import { pythonVerdicts } from "./evil/parties.ts";
import { openWorkshop, overlapping, someOf, sourceOf, type Workshop } from "./evil/weakened.ts";
import { needsIn, pythonSource, withoutNeeds } from "./evil/weakened-python.ts";

describe("every check is needed", () => {
  let ground: Ground;
  let forged: Forged;

  before(async () => {
    installKeccak(await fastKeccak());
    ground = await startGround();
    forged = await forge(ground);
  });
  after(async () => {
    await forged.stop();
    await ground.stop();
  });

  describe("of the verifier:", () => {
    let workshop: Workshop;
    before(() => {
      workshop = openWorkshop();
    });
    after(() => workshop.close());

    function lieOf({ lie }: Check): ShownForgery {
      const found = forged.forgeries.find(({ name }) => name === lie);
      if (!found) throw new RangeError(`there is no lie called: ${lie}`);
      return found;
    }

    it("whole, it names each lie", async () => {
      for (const lie of forged.forgeries) {
        expect(await verdictOf({ verifyFile, openWitness }, lie), lie.name).to.equal(lie.code);
      }
    });

    for (const check of CHECKS) {
      it(`without "${check.text}" in ${check.file}, it does not name: ${check.lie}`, async () => {
        const lie = lieOf(check);
        const others = overlapping(check);
        if (others.length > 0)
          expect(await verdictOf(await workshop.weakened([check]), lie), "the overlap").not.to.equal("VERIFIED");
        expect(await verdictOf(await workshop.weakened([check, ...others]), lie)).to.equal(check.becomes);
      });
    }

    it("a copy that lacks nothing is as good as the original", async () => {
      const copy = await workshop.weakened([]);
      for (const check of CHECKS.filter(({ file }) => file === "witness/witness.ts")) {
        expect(await verdictOf(copy, lieOf(check))).to.equal(lieOf(check).code);
      }
    });
  });

  describe("of the second verifier:", () => {
    const needs = needsIn(pythonSource());
    const needOf = (part: string) => needs.find(({ text }) => text.includes(part))!;
    const tried = needs.filter(({ text }) => !NEEDS_IN_WORDS.some(([part]) => text.includes(part)));
    let dir: string;
    before(() => {
      dir = temporaryDirectory();
    });
    after(() => removeDirectory(dir));

    for (const need of someOf(tried)) {
      const [, also = []] = OVERLAPPING_NEEDS.find(([part]) => need.text.includes(part)) ?? [];
      const codes = need.code === undefined ? ["CHECKPOINT_CONTRADICTION", "NOT_CONFIRMED"] : [need.code];
      it(`without ${need.text}, a lie is verified`, async () => {
        const lies = forged.forgeries.filter(({ code }) => codes.includes(code));
        if (also.length > 0) {
          const alone = await pythonVerdicts(lies, withoutNeeds(dir, [need]));
          expect([...alone.values()], "the overlap").not.to.include("VERIFIED");
        }
        const verdicts = await pythonVerdicts(lies, withoutNeeds(dir, [need, ...also.map(needOf)]));
        expect([...verdicts.values()]).to.include("VERIFIED");
      });
    }

    it("there are more of them than codes", () => {
      expect(needs.length).to.be.greaterThan(Object.keys(STEP_FAILURES).length);
    });
  });
});

describe("the table of checks", () => {
  const sources = [...new Set(CHECKS.map(({ file }) => file))].map((file) => ({ file, source: sourceOf(file) }));

  it("has each check as it stands in the source, once", () => {
    const astray = CHECKS.filter(({ file, text }) => sourceOf(file).split(text).length !== 2);
    expect(astray.map(({ file, text }) => `${file}: ${text}`)).to.deep.equal([]);
  });

  it("has every refusal of the verifier", () => {
    const uncovered = sources.flatMap(({ file, source }) => {
      return [...source.matchAll(REFUSAL_IN_WORDS[file] ?? REFUSAL)]
        .filter(({ index }) => !isCovered(file, source, index))
        .map(({ index }) => `${file}: ${source.slice(index, source.indexOf("\n", index))}`);
    });
    expect(uncovered.join("\n")).to.equal("");
  });
});

/** Whether a row's text is in the condition that a refusal stands behind, or the refusal is known to be none. */
function isCovered(file: string, source: string, index: number): boolean {
  const line = source.lastIndexOf("\n", index) + 1;
  const named = source.slice(line, source.indexOf("}", index));
  if (NO_CHECKS.some(([where, text]) => where === file && named.includes(text))) return true;
  const condition = Math.max(...["if (", "return verifyInclusion("].map((word) => source.lastIndexOf(word, index)));
  const around = source.slice(Math.min(line, condition), index);
  return CHECKS.some((check) => check.file === file && around.includes(check.text));
}
