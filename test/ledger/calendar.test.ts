import { expect } from "chai";
import * as fc from "fast-check";
import { bucketCount, buckets, type Granularity, monthWindow, periodOf, type Window } from "#src/ledger/calendar.ts";
import { holds } from "#test/core/property.ts";

const day = (text: string) => Date.parse(`${text}T00:00:00.000Z`);
const shown = (windows: Window[]) =>
  windows.map(({ from, to }) => [from, to].map((time) => new Date(time).toISOString().slice(0, 16)));
const GRANULARITIES: Granularity[] = ["day", "week", "month"];

describe("the calendar", () => {
  const MONTHS: readonly (readonly [period: string, from: string, to: string])[] = [
    ["2026-11", "2026-11-01", "2026-12-01"],
    ["2026-12", "2026-12-01", "2027-01-01"],
    ["2027-02", "2027-02-01", "2027-03-01"],
    ["2028-02", "2028-02-01", "2028-03-01"],
    ["1970-01", "1970-01-01", "1970-02-01"],
    ["9999-12", "9999-12-01", "+010000-01-01"],
  ];
  for (const [period, from, to] of MONTHS) {
    it(`has ${period} from ${from} to ${to}, in UTC`, () => {
      expect(monthWindow(period)).to.deep.equal({ from: day(from), to: day(to) });
    });
  }

  it("knows that 2028, 2000 and 2400 are leap years, and 2100 is not", () => {
    const days = (year: number) => (monthWindow(`${year}-02`).to - monthWindow(`${year}-02`).from) / 86_400_000;
    expect([2028, 2000, 2400, 2100, 2027].map(days)).to.deep.equal([29, 29, 29, 28, 28]);
  });

  it("has a month begin with its first millisecond and end before the next one's", () => {
    expect(periodOf(day("2026-12-01") - 1)).to.equal("2026-11");
    expect(periodOf(day("2026-12-01"))).to.equal("2026-12");
  });

  it("has weeks begin on Monday, over the end of a year and before 1970 too", () => {
    expect(shown(buckets({ from: day("2026-12-24"), to: day("2027-01-12") }, "week"))).to.deep.equal([
      ["2026-12-24T00:00", "2026-12-28T00:00"],
      ["2026-12-28T00:00", "2027-01-04T00:00"],
      ["2027-01-04T00:00", "2027-01-11T00:00"],
      ["2027-01-11T00:00", "2027-01-12T00:00"],
    ]);
    for (const { from } of buckets({ from: day("1969-11-03"), to: day("1970-03-02") }, "week")) {
      expect(new Date(from).getUTCDay(), new Date(from).toISOString()).to.equal(1);
    }
  });

  it("cuts the first and the last bucket to the window", () => {
    const window = { from: Date.parse("2026-01-31T22:30:00Z"), to: Date.parse("2026-03-01T00:00:00.001Z") };
    expect(shown(buckets(window, "month"))).to.deep.equal([
      ["2026-01-31T22:30", "2026-02-01T00:00"],
      ["2026-02-01T00:00", "2026-03-01T00:00"],
      ["2026-03-01T00:00", "2026-03-01T00:00"],
    ]);
    expect(buckets(window, "day")).to.have.length(30);
  });

  it("has no bucket in a window of nothing", () => {
    for (const granularity of GRANULARITIES) {
      expect(buckets({ from: 5, to: 5 }, granularity)).to.deep.equal([]);
      expect(bucketCount({ from: 5, to: 5 }, granularity)).to.equal(0);
    }
  });

  it("tiles any window: without a gap or an overlap, each bucket within one day, week or month, as many as it said", () => {
    const time = fc.integer({ min: day("1960-01-01"), max: day("2100-01-01") });
    const length = fc.integer({ min: 1, max: 800 * 86_400_000 });
    const window = fc.tuple(time, length, fc.constantFrom(...GRANULARITIES));
    holds(
      fc.property(window, ([from, milliseconds, granularity]) => {
        const to = from + milliseconds;
        const found = buckets({ from, to }, granularity);
        expect(found[0]!.from).to.equal(from);
        expect(found.at(-1)!.to).to.equal(to);
        for (const [i, bucket] of found.entries()) {
          expect(bucket.to).to.be.greaterThan(bucket.from);
          if (i > 0) expect(bucket.from).to.equal(found[i - 1]!.to);
          const [first, last] = [new Date(bucket.from), new Date(bucket.to - 1)];
          if (granularity === "month") expect(first.toISOString().slice(0, 7)).to.equal(last.toISOString().slice(0, 7));
          if (granularity === "day") expect(first.toISOString().slice(0, 10)).to.equal(last.toISOString().slice(0, 10));
          // Counted from Monday, the last millisecond is not before the first one's day.
          const weekday = (date: Date) => (date.getUTCDay() + 6) % 7;
          if (granularity === "week") {
            expect(bucket.to - bucket.from).to.be.at.most(7 * 86_400_000);
            expect(weekday(last)).to.be.at.least(weekday(first));
          }
        }
        expect(bucketCount({ from, to }, granularity)).to.equal(found.length);
      }),
    );
  });
});
