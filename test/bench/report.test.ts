import { expect } from "chai";
import { ratios } from "../../scripts/bench/figure.ts";
import { FIGURES } from "../../scripts/bench/figures.ts";
import { median } from "../../scripts/bench/median.ts";
import { FORMAT, type Measured, type Report, valuesOf } from "../../scripts/bench/report.ts";
import { amountText, reportText } from "../../scripts/bench/table.ts";
import { measured } from "./measured.ts";

describe("the median", () => {
  it("is the middle value, whatever the order", () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([7])).to.equal(7);
  });

  it("of an even number is the mean of the middle two, by size and not by spelling", () => {
    expect(median([100, 9, 20, 1])).to.equal(14.5);
  });

  it("of nothing is refused", () => {
    expect(() => median([])).to.throw(RangeError);
  });
});

describe("a figure's values", () => {
  const figure = {
    name: "single",
    what: "",
    rows: { rate: { what: "rate", unit: "/s", least: 100 }, p99: { what: "p99", unit: "ms", most: 20 } },
    run: () => Promise.reject(new Error("not here")),
  } as const;

  it("are the medians of their rounds, held against their limits", () => {
    const values = valuesOf(figure, { samples: { rate: [1, 100, 900], p99: [20, 21, 22] }, data: "" });
    expect(values.map(({ name, value, reached }) => [name, value, reached])).to.deep.equal([
      ["rate", 100, true],
      ["p99", 21, false],
    ]);
  });

  it("that were not measured in this run are left out", () => {
    expect(valuesOf(figure, { samples: { p99: [1] }, data: "" }).map(({ name }) => name)).to.deep.equal(["p99"]);
  });

  it("without a row are refused", () => {
    expect(() => valuesOf(figure, { samples: { rte: [1] }, data: "" })).to.throw("single has no row rte");
  });

  it("over their peers are formed round by round", () => {
    expect(ratios([10, 40], [20, 10])).to.deep.equal([0.5, 4]);
  });
});

describe("the table", () => {
  const machine = {
    cpu: "A processor",
    cores: 2,
    memoryBytes: 2 ** 31,
    kernel: "Linux 6",
    fileSystem: "ext4",
    versions: { tallyroot: "0.1.0", node: "24.0.0", wrk: "4.1" },
  };
  const failed: Measured = { ...measured("audit"), failure: "the chain is gone" };
  const single = measured(
    "single",
    { name: "rate", unit: "/s", value: 23_456.7, least: 20_000 },
    { name: "p99", unit: "ms", value: 31.26, most: 20 },
    { name: "ofNoop", unit: "×", value: 0.314, better: "higher" },
  );
  const report: Report = {
    format: FORMAT,
    mode: "quick",
    engine: "wrk",
    startedAt: "2026-01-01T00:00:00.000Z",
    seconds: 61.4,
    machine,
    figures: [single, failed],
  };
  const lines = reportText(report).split("\n");
  const lineOf = (text: string) =>
    lines
      .find((line) => line.includes(text))
      ?.trim()
      .replaceAll(/ {2,}/g, " | ");

  it("shows each value beside its limit, and says whether it was reached", () => {
    expect(lineOf("its rate")).to.equal("single | its rate | 23,457/s | ≥ 20,000/s | reached");
    expect(lineOf("its p99")).to.equal("its p99 | 31.3 ms | ≤ 20 ms | missed");
    expect(lineOf("its ofNoop")).to.equal("its ofNoop | 0.31×");
  });

  it("tells the machine, the versions and what the figures were measured on", () => {
    expect(lines[1]).to.include("A processor, 2 cores, 2.0 GiB, Linux 6, ext4");
    expect(lines[2]).to.include("node 24.0.0, wrk 4.1");
    expect(lineOf("some data")).to.equal("single: what single measures; some data");
  });

  it("names a figure that could not be measured, and why", () => {
    expect(lineOf("FAILED")).to.match(/^audit \|/);
    expect(lineOf("the chain is gone")).to.equal("audit: the chain is gone");
  });

  it("shows small values to the digits that matter, and whole ones without any", () => {
    expect([0.01234, 0.5, 12.34, 123.4, 55_000].map((value) => amountText(value, "s"))).to.deep.equal([
      "0.0123 s",
      "0.50 s",
      "12.3 s",
      "123 s",
      "55,000 s",
    ]);
  });
});

describe("the figures", () => {
  it("have names of their own, which can be listed with commas between them", () => {
    const names = FIGURES.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    expect(names.filter((name) => !/^[a-z]+(-[a-z]+)*$/.test(name))).to.deep.equal([]);
  });

  it("each keep a ratio, which is what a baseline can compare", () => {
    const without = FIGURES.filter(({ rows }) => Object.values(rows).every(({ better }) => better === undefined));
    expect(without.map(({ name }) => name)).to.deep.equal([]);
  });

  it("each have a limit on something", () => {
    const without = FIGURES.filter(({ rows }) =>
      Object.values(rows).every((row) => row.least === undefined && row.most === undefined),
    );
    expect(without.map(({ name }) => name)).to.deep.equal([]);
  });
});
