// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the samples are source texts.

import { expect } from "chai";
import { closing, codeOf, importsOf } from "./typescript-text.ts";

const CASES: ReadonlyArray<readonly [claim: string, source: string, specifiers: readonly string[]]> = [
  ["a named import", 'import { a, type B } from "./a.ts";', ["./a.ts"]],
  ["an import over several lines", 'import {\n  a,\n  b,\n} from "./a.ts";', ["./a.ts"]],
  ["a type import", 'import type { A } from "./a.ts";', ["./a.ts"]],
  ["a side-effect import", 'import "./a.ts";', ["./a.ts"]],
  ["a namespace import", "import * as a from './a.ts'", ["./a.ts"]],
  ["a re-export", 'export { a } from "./a.ts";\nexport * from "./b.ts";', ["./a.ts", "./b.ts"]],
  ["an import loaded later", 'const a = await import("./a.ts");', ["./a.ts"]],
  ["a worker's file", 'new Worker(new URL("./a.ts", import.meta.url));', ["./a.ts"]],
  ["an import after a template with a brace in it", 'const a = `{${b ? `}` : "{"}`;\nimport "./a.ts";', ["./a.ts"]],
  ["an import after a regular expression with a quote in it", "const a = /[\"'/]/;\nimport './a.ts';", ["./a.ts"]],
  ["an import after a division", 'const a = b / c; import "./a.ts"; const d = e / f;', ["./a.ts"]],
  ["an import after JSX", "const a = <b>the server's</b>;\nconst c = () => import('./a.ts');", ["./a.ts"]],
  ["no import in a comment", '// import "./a.ts";\n/* import "./b.ts" */', []],
  ["no import in a string", 'const a = \'import "./a.ts"\'; const b = `import "./b.ts"`;', []],
  [
    "no import from an export that is not one",
    'export const a = { from: "x" };\nexport function f(): void { g("from"); }',
    [],
  ],
  ["no import from import.meta", 'const here = import.meta.url; f("x");', []],
  ["no import from a method of that name", 'a.import("./a.ts");', []],
];

describe("reading TypeScript as text", () => {
  for (const [claim, source, specifiers] of CASES) {
    it(`sees ${claim}`, () => {
      expect(importsOf(source).map((found) => found.specifier)).to.deep.equal(specifiers);
    });
  }

  it("blanks what is not code and keeps every position", () => {
    const source = 'a; // x\n"str"; /re/g; `t${b}u`;';
    expect(codeOf(source)).to.equal('a;     \n"   ";      ; ` ${b} `;');
  });

  it("tells type imports from others and counts lines", () => {
    expect(importsOf('\nimport type { A } from "./a.ts";\nimport { b } from "./b.ts";')).to.deep.equal([
      { specifier: "./a.ts", line: 2, typeOnly: true },
      { specifier: "./b.ts", line: 3, typeOnly: false },
    ]);
  });

  it("finds the bracket that closes another", () => {
    expect(closing("f(a, [b], { c: (d) }) + e", 1)).to.equal("f(a, [b], { c: (d) })".length);
  });
});
