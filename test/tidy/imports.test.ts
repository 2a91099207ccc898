import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { expect } from "chai";
import { HOMES, MAY_IMPORT, NOT_IN_CORE } from "./import-table.ts";
import { filesUnder, lineAt, ROOT, read } from "./tree.ts";
import { codeOf, type Import, importsOf } from "./typescript-text.ts";

type Edge = Import & { readonly file: string };

const isWithin = (path: string, place: string) => path === place || path.startsWith(`${place}/`);
const edgesOf = (file: string): Edge[] => importsOf(read(file)).map((found) => ({ ...found, file }));
const isOwn = ({ specifier }: Import) => specifier.startsWith(".") || specifier.startsWith("#");

/** "@scope/name/sub/path" → "@scope/name"; "node:fs/promises" → "node:fs". */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** The path below src that an import of ours means. */
function targetInSrc({ file, specifier }: Edge): string {
  const path = specifier.startsWith("#") ? specifier.slice(1) : posix.join(posix.dirname(file), specifier);
  return posix.relative("src", path);
}

/** The row that speaks for a path below src: the longest that it lies in. */
function rowFor(path: string) {
  return MAY_IMPORT.filter(([from]) => isWithin(path, from)).sort((a, b) => b[0].length - a[0].length)[0];
}

/** An entry that names no file ending is a folder or the beginning of a file name, such as "ledger/ports". */
function isAllowed(target: string, entry: string): boolean {
  return entry === "." || isWithin(target, entry) || (entry.includes("/") && target.startsWith(entry));
}

function wrongWay(edge: Edge): string[] {
  const file = posix.relative("src", edge.file);
  const target = targetInSrc(edge);
  const at = `${edge.file}:${edge.line}`;
  const row = rowFor(file);
  if (row === undefined) return [`${at}: no row of MAY_IMPORT speaks for it: add one that says what it may import`];
  if (rowFor(target)?.[0] === row[0] || row[1].some((entry) => isAllowed(target, entry))) return [];
  const may = row[1].length === 0 ? "nothing of ours" : row[1].join(", ");
  return [
    `${at}: ${row[0]} may import ${may}, not ${target}: turn the dependency round, or change MAY_IMPORT and design`,
  ];
}

function awayFromHome(edge: Edge): string[] {
  const name = packageOf(edge.specifier);
  const homes = HOMES.find(([module]) => module === name)?.[1];
  const at = `${edge.file}:${edge.line}`;
  if (homes === undefined) return [`${at}: ${name} has no home: give it one in HOMES, or do without it`];
  if (homes.some((home) => isWithin(posix.relative("src", edge.file), home))) return [];
  return [`${at}: ${name} lives in ${homes.join(", ")}: call what is there, or give it a second home in HOMES`];
}

describe("imports", () => {
  const sources = filesUnder("src", [".ts", ".tsx"]);
  const others = [...filesUnder("test", [".ts"]), ...filesUnder("scripts", [".ts", ".mjs"])];
  const inSrc = sources.flatMap(edgesOf);
  const elsewhere = others.flatMap(edgesOf);

  it("run one way", () => {
    expect(inSrc.filter(isOwn).flatMap(wrongWay).join("\n")).to.equal("");
  });

  it("of packages and built-in modules stay in their homes", () => {
    expect(
      inSrc
        .filter((edge) => !isOwn(edge))
        .flatMap(awayFromHome)
        .join("\n"),
    ).to.equal("");
  });

  it("of src are relative, and those of its tests begin with #src", () => {
    const wrong = [
      ...inSrc.filter((edge) => edge.specifier.startsWith("#")).map((edge) => [edge, "use a relative path"] as const),
      ...elsewhere
        .filter((edge) => edge.file.startsWith("test/") && edge.specifier.startsWith("."))
        .filter((edge) => !isWithin(posix.join(posix.dirname(edge.file), edge.specifier), "test"))
        .filter((edge) => isWithin(posix.join(posix.dirname(edge.file), edge.specifier), "src"))
        .map((edge) => [edge, "use #src/…"] as const),
    ];
    expect(wrong.map(([edge, what]) => `${edge.file}:${edge.line}: ${edge.specifier}: ${what}`).join("\n")).to.equal(
      "",
    );
  });

  it("name only packages that package.json names, and src none that is for development", () => {
    const { name, dependencies, devDependencies, peerDependencies } = JSON.parse(read("package.json"));
    const undeclared = (edges: Edge[], declared: object) =>
      edges
        .filter((edge) => !isOwn(edge) && !edge.specifier.startsWith("node:"))
        .filter((edge) => !Object.hasOwn(declared, packageOf(edge.specifier)))
        .map((edge) => `${edge.file}:${edge.line}: ${edge.specifier}: add it to package.json, or do without it`);
    const wrong = [
      // What only the embedded chain needs is for those who want one to install.
      ...undeclared(
        inSrc.filter(({ file }) => !isWithin(file, "src/dashboard")),
        { ...dependencies, ...peerDependencies },
      ),
      // The pages are built before they are packed: whoever installs the package needs nothing of what they are made with.
      ...undeclared(
        inSrc.filter(({ file }) => isWithin(file, "src/dashboard")),
        { ...dependencies, ...devDependencies },
      ),
      // A consumer's program names the package itself.
      ...undeclared(elsewhere, { ...dependencies, ...devDependencies, [name]: "" }),
    ];
    expect(wrong.join("\n")).to.equal("");
  });

  it("are never barrels: a module re-exports no other module whole", () => {
    const barrels = [...sources, ...others].filter((file) => /\bexport\s*\*/.test(codeOf(read(file))));
    expect(barrels).to.deep.equal([]);
  });

  it("have no row for a dependency that is gone", () => {
    const used = new Set(inSrc.filter((edge) => !isOwn(edge)).map((edge) => packageOf(edge.specifier)));
    const { dependencies } = JSON.parse(read("package.json"));
    const stale = HOMES.filter(
      ([module]) => !module.startsWith("node:") && !used.has(module) && !(module in dependencies),
    );
    expect(stale).to.deep.equal([]);
  });

  it("of core are pure: no clock, randomness, promises, input, output or platform", () => {
    const impure = filesUnder("src/core", [".ts"]).flatMap((file) => {
      const code = codeOf(read(file));
      return NOT_IN_CORE.flatMap(([pattern, why]) =>
        [...code.matchAll(new RegExp(pattern, "g"))].map(
          (match) => `${file}:${lineAt(code, match.index)}: ${match[0].trim()}: ${why}`,
        ),
      );
    });
    expect(impure.join("\n")).to.equal("");
  });

  it("reach files that are there", () => {
    const lost = [...inSrc, ...elsewhere]
      .filter(isOwn)
      .map((edge) => ({
        edge,
        path: edge.specifier.startsWith("#")
          ? edge.specifier.slice(1)
          : posix.join(posix.dirname(edge.file), edge.specifier),
      }))
      .filter(({ path }) => !existsSync(join(ROOT, path)))
      .map(({ edge }) => `${edge.file}:${edge.line}: ${edge.specifier}`);
    expect(lost.join("\n")).to.equal("");
  });
});

describe("the environment", () => {
  // Beside the server's settings, the keys of the commands: other users of the machine see arguments, not the environment.
  const READERS = new Set(["src/config.ts", "src/cli/process.ts", "src/cli/prove.ts"]);

  it("is read in config.ts, for the keys that commands use, and nowhere else in src", () => {
    const readers = filesUnder("src", [".ts", ".tsx"])
      .filter((file) => !READERS.has(file))
      .filter((file) =>
        /\bprocess\s*(?:\.|\?\.)\s*env\b|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/.test(codeOf(read(file))),
      )
      .map((file) => `${file}: take the value as an argument; config.ts reads the environment`);
    expect(readers.join("\n")).to.equal("");
  });

  it("reaches the parts through the composition roots: nothing else imports config.ts", () => {
    // `doctor` tells what is wrong with the settings without starting on them; `deploy` takes the server's key, wherever that is, and `migrate`
    // starts the chain with it.
    const roots = new Set([
      "src/main.ts",
      "src/cli/deploy/key-source.ts",
      "src/cli/doctor/checks.ts",
      "src/cli/migrate/chain.ts",
    ]);
    const importers = filesUnder("src", [".ts", ".tsx"])
      .filter((file) => !roots.has(file) && file !== "src/config.ts")
      .flatMap(edgesOf)
      .filter((edge) => isOwn(edge) && targetInSrc(edge) === "config.ts" && !edge.typeOnly)
      .map((edge) => `${edge.file}:${edge.line}: take what you need of it as an argument`);
    expect(importers.join("\n")).to.equal("");
  });
});
