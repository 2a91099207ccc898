import { expect } from "chai";
import { filesUnder, lineAt, read } from "./tree.ts";
import { closing, codeOf } from "./typescript-text.ts";

const ASSERTS = /\b(?:expect|assert)\w*\b/;

/** Functions of a file that assert for their caller: they contain an assertion, or call one that does. */
function assertingFunctions(code: string): Set<string> {
  const declarations = [
    ...code.matchAll(/\bfunction\s*\*?\s*(\w+)[^{;]*?(?=\()/g),
    ...code.matchAll(/\bconst\s+(\w+)\s*=\s*(?:async\s*)?(?=\(|\w+\s*=>)/g),
  ].map((match) => ({ name: match[1]!, body: bodyFrom(code, match.index + match[0].length) }));
  const asserting = new Set<string>();
  for (let before = -1; before !== asserting.size; ) {
    before = asserting.size;
    for (const { name, body } of declarations) if (asserts(body, asserting)) asserting.add(name);
  }
  return asserting;
}

/** From a function's parameters to the end of its body. */
function bodyFrom(code: string, start: number): string {
  const parametersEnd = code[start] === "(" ? closing(code, start) : start;
  const end = code.slice(parametersEnd).search(/\n\}|\n {0,4}\}\)?;|;\n/);
  return end < 0 ? code.slice(start) : code.slice(start, parametersEnd + end);
}

function asserts(body: string, asserting: ReadonlySet<string>): boolean {
  return (
    ASSERTS.test(body) || [...body.matchAll(/\b(\w+)\s*(?:<[^<>()]*>)?\(/g)].some(([, name]) => asserting.has(name!))
  );
}

/** What a file imports from our own tests: a function of theirs may assert. Its name has to say so elsewhere. */
function importedFromTests(source: string): string[] {
  return [...source.matchAll(/import\s*\{([^}]*)\}\s*from\s*"(?:#test\/|\.)[^"]*"/g)].flatMap(([, names = ""]) =>
    names.split(",").map(
      (name) =>
        name
          .replace(/^\s*type\s+/, "")
          .trim()
          .split(/\s+as\s+/)
          .at(-1)!,
    ),
  );
}

/** Positions of the `it`s of a file that contain no assertion. */
function emptyTests(source: string): number[] {
  const code = codeOf(source);
  const asserting = new Set([...assertingFunctions(code), ...importedFromTests(source)]);
  return [...code.matchAll(/(?<![.\w$])(?:it|specify)\s*\(/g)]
    .filter(({ index }) => {
      const open = code.indexOf("(", index);
      return !asserts(code.slice(open, closing(code, open)), asserting);
    })
    .map(({ index }) => lineAt(code, index));
}

describe("tests", () => {
  const files = filesUnder("test", [".ts"]);

  it("are in files that expect something", () => {
    const idle = files
      .filter((file) => file.endsWith(".test.ts"))
      .filter((file) => {
        const source = read(file);
        return !ASSERTS.test(codeOf(source)) && importedFromTests(source).length === 0;
      });
    expect(idle).to.deep.equal([]);
  });

  it("each expect something", () => {
    const empty = files.flatMap((file) => emptyTests(read(file)).map((line) => `${file}:${line}: asserts nothing`));
    expect(empty.join("\n")).to.equal("");
  });

  it("lie where the others of their part lie: every .test.ts is in a folder of test/", () => {
    expect(files.filter((file) => /^test\/[^/]*\.ts$/.test(file))).to.deep.equal([]);
    expect(filesUnder("src", [".test.ts"])).to.deep.equal([]);
  });

  it("that expect nothing are seen", () => {
    const source = `
      function refused(x: number) {
        expect(x).to.equal(1);
      }
      it("a", () => { work(); });
      it("b", () => { refused(2); });
      it("c", () => { expect(1).to.equal(1); });
      it("d", () => { "expect"; }); // expect
    `;
    expect(emptyTests(source)).to.deep.equal([5, 8]);
  });
});
