import { expect } from "chai";
import { placeOf, respecified } from "../../scripts/build/places.ts";

const PLACES: readonly (readonly [source: string, place: string])[] = [
  ["src/main.ts", "dist/main.js"],
  ["src/sdk/verify.ts", "dist/sdk/verify.js"],
  ["src/sdk/verify.d.ts", "dist/sdk/verify.d.ts"],
  ["src/http/docs/page.html", "dist/http/docs/page.html"],
  ["scripts/demo.ts", "dist/demo.js"],
  ["scripts/demo/bank.ts", "dist/demo/bank.js"],
  ["scripts/verify.py", "scripts/verify.py"],
  ["artifacts/contracts/AnchorLog.sol/AnchorLog.json", "artifacts/contracts/AnchorLog.sol/AnchorLog.json"],
  ["package.json", "package.json"],
];

const TEXTS: readonly (readonly [what: string, source: string, text: string, packed: string])[] = [
  ["an import", "src/a/b.ts", 'import { c } from "../c.ts";', 'import { c } from "../c.js";'],
  ["one that the compiler has turned already", "src/a/b.ts", 'import "./c.js";', 'import "./c.js";'],
  ["an import loaded later", "src/a/b.ts", 'await import("./c.ts")', 'await import("./c.js")'],
  ["a worker's file", "src/a/b.ts", 'new URL("./w.ts", import.meta.url)', 'new URL("./w.js", import.meta.url)'],
  ["a file outside", "src/a/b.ts", 'new URL("../../README.md", x)', 'new URL("../../README.md", x)'],
  ["a folder", "src/a/b.ts", 'new URL("../../dist/dashboard/", x)', 'new URL("../dashboard/", x)'],
  ["the demonstration's way to the sources", "scripts/demo/a.ts", 'from "../../src/b.ts"', 'from "../b.js"'],
  ["the way to the demonstration", "src/a/b/c.ts", 'new URL("../../../scripts/demo.ts"', 'new URL("../../demo.js"'],
  ["an imported type", "src/a/b.d.ts", 'import("../c.ts").D', 'import("../c.js").D'],
  ["a package", "src/a/b.ts", 'import { z } from "zod";', 'import { z } from "zod";'],
  ["no other text", "src/a/b.ts", 'say("./c.ts")', 'say("./c.ts")'],
];

describe("the places of the package's files", () => {
  for (const [source, place] of PLACES)
    it(`${source} is ${place}`, () => {
      expect(placeOf(source)).to.equal(place);
    });

  for (const [what, source, text, packed] of TEXTS)
    it(`are what its modules name: ${what}`, () => {
      expect(respecified(text, source)).to.equal(packed);
    });
});
