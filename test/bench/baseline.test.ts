import { expect } from "chai";
import { type Baseline, complaints, ratiosOf, withRatios } from "../../scripts/bench/baseline.ts";
import { lastingComplaints } from "../../scripts/bench/look-again.ts";
import { measured } from "./measured.ts";

const BASELINE: Baseline = {
  "quick, wrk": { "single.ofNoop": { value: 0.4, better: "higher" }, "start.times": { value: 1, better: "lower" } },
};
const ALL = ["single", "start"];

/** A run of two figures with these ratios. */
function run(ofNoop: number, times: number) {
  return {
    mode: "quick" as const,
    engine: "wrk" as const,
    figures: [
      measured("single", { name: "ofNoop", unit: "×", value: ofNoop, better: "higher" }),
      measured("start", { name: "times", unit: "×", value: times, better: "lower" }),
    ],
  };
}

describe("a run against the baseline", () => {
  it("is well when every ratio is what it was, or better", () => {
    expect(complaints(BASELINE, run(0.4, 1), ALL)).to.deep.equal([]);
    expect(complaints(BASELINE, run(4, 0.1), ALL)).to.deep.equal([]);
  });

  it("names a ratio that has fallen by 26 %, and none that has fallen by 24 %", () => {
    const [complaint, ...more] = complaints(BASELINE, run(0.4 * 0.74, 1), ALL);
    expect(complaint).to.equal("single.ofNoop was 0.400 and is 0.296: 26 % worse");
    expect(more).to.deep.equal([]);
    expect(complaints(BASELINE, run(0.4 * 0.76, 1), ALL)).to.deep.equal([]);
  });

  it("counts a rise where less is better as the same fall", () => {
    expect(complaints(BASELINE, run(0.4, 1 / 0.74), ALL)).to.deep.equal([
      "start.times was 1.00 and is 1.35: 26 % worse",
    ]);
    expect(complaints(BASELINE, run(0.4, 1 / 0.76), ALL)).to.deep.equal([]);
  });

  it("names a figure that is missing, unless it was not to be measured", () => {
    const without = { ...run(0.4, 1), figures: run(0.4, 1).figures.slice(0, 1) };
    expect(complaints(BASELINE, without, ALL)).to.deep.equal(["start.times is in the baseline and was not measured"]);
    expect(complaints(BASELINE, without, ["single"])).to.deep.equal([]);
  });

  it("does not fail for a figure that the baseline does not know", () => {
    const known = run(0.4, 1);
    const fresh = measured("audit", { name: "times", unit: "×", value: 9, better: "lower" });
    expect(complaints(BASELINE, { ...known, figures: [...known.figures, fresh] }, [...ALL, "audit"])).to.deep.equal([]);
  });

  it("is not judged by a run of another size, or of another load", () => {
    const none = (kind: string) => [`the baseline has no run of the kind "${kind}": write one with --write-baseline`];
    expect(complaints(BASELINE, { ...run(0.1, 9), mode: "full" }, ALL)).to.deep.equal(none("full, wrk"));
    expect(complaints(BASELINE, { ...run(0.1, 9), engine: "autocannon" }, ALL)).to.deep.equal(
      none("quick, autocannon"),
    );
  });
});

describe("a baseline", () => {
  it("keeps ratios, and no absolute value", () => {
    const figure = measured(
      "single",
      { name: "recorded", unit: "/s", value: 20_000, least: 20_000 },
      { name: "ofNoop", unit: "×", value: 0.4, better: "higher" },
    );
    expect(ratiosOf({ mode: "quick", figures: [figure] })).to.deep.equal({
      "single.ofNoop": { value: 0.4, better: "higher" },
    });
  });

  it("of a quick run leaves out what only a full run can compare", () => {
    const figure = measured("anchoring", { name: "times", unit: "×", value: 1.5, better: "lower", inFullOnly: true });
    expect(ratiosOf({ mode: "quick", figures: [figure] })).to.deep.equal({});
    expect(ratiosOf({ mode: "full", figures: [figure] })).to.have.all.keys("anchoring.times");
  });

  it("takes in a run and leaves what that run did not measure", () => {
    const [single] = run(0.512_34, 1).figures;
    const full = { "full, wrk": { "audit.times": { value: 5, better: "lower" } } } as const;
    expect(withRatios({ ...BASELINE, ...full }, { mode: "quick", engine: "wrk", figures: [single!] })).to.deep.equal({
      "quick, wrk": {
        "single.ofNoop": { value: 0.512, better: "higher" },
        "start.times": { value: 1, better: "lower" },
      },
      ...full,
    });
  });
});

describe("what seems to be worse", () => {
  /** Judges runs in turn; tells which figures were asked for again. */
  async function judged(first: ReturnType<typeof run>, ...later: ReturnType<typeof run>[]) {
    const asked: (readonly string[])[] = [];
    const worse = await lastingComplaints(BASELINE, first, ALL, async (names) => {
      asked.push(names);
      return later.shift()!.figures.filter(({ name }) => names.includes(name));
    });
    return { worse, asked };
  }

  it("is measured again, and is none when it is well then", async () => {
    expect(await judged(run(0.1, 1), run(0.4, 9))).to.deep.equal({ worse: [], asked: [["single"]] });
  });

  it("is worse when it is so three times, in the words of the last", async () => {
    const { worse, asked } = await judged(run(0.1, 9), run(0.4, 9), run(0.1, 2));
    expect(worse).to.deep.equal(["start.times was 1.00 and is 2.00: 50 % worse"]);
    expect(asked).to.deep.equal([["single", "start"], ["start"]]);
  });

  it("is not looked for again where there is nothing to compare with", async () => {
    const { worse, asked } = await judged({ ...run(0.1, 9), mode: "full" as "quick" });
    expect(worse).to.have.length(1);
    expect(asked).to.deep.equal([]);
  });
});
