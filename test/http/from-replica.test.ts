import { expect } from "chai";
import { maxStaleOf } from "#src/http/from-replica.ts";

describe("how old an answer may be", () => {
  const said: [string | undefined, number | undefined][] = [
    [undefined, undefined],
    ["", undefined],
    ["max-stale=5", 5_000],
    ["Max-Stale=5", 5_000],
    ["max-age=0, max-stale=30", 30_000],
    ["max-stale=0", 0],
    ["max-stale", Number.POSITIVE_INFINITY],
    ["no-cache", undefined],
    ["max-stale=5, no-cache", undefined],
    ["no-store,max-stale=5", undefined],
    ["max-age=60", undefined],
    ["max-stale=", undefined],
    ["max-stale=-1", undefined],
    ["max-stale=5s", undefined],
    ["max-stale=5000000000", undefined],
    ["x-max-stale=5", undefined],
  ];
  for (const [header, milliseconds] of said)
    it(`is ${milliseconds ?? "not at all"} by Cache-Control: ${header ?? "(none)"}`, () => {
      expect(maxStaleOf({ headers: header === undefined ? {} : { "cache-control": header } })).to.equal(milliseconds);
    });
});
