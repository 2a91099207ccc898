import { existsSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { expect } from "chai";
import { filesUnder, ROOT, read } from "./tree.ts";

/** Beside names that begin with a dot. A new file at the top is one more thing a newcomer has to understand. */
const TOP_LEVEL = new Set([
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "contracts",
  "hardhat.config.ts",
  "package-lock.json",
  "package.json",
  "scripts",
  "src",
  "test",
  "tsconfig.json",
]);

const LINE_LIMIT = 400;
/** Longer files, each with the reason why cutting it would not help the reader. */
const LONGER: Readonly<Record<string, string>> = {};

/** What git ignores at the top: the patterns in use there are plain names and endings. */
function isIgnored(name: string): boolean {
  return read(".gitignore")
    .split("\n")
    .map((line) => line.trim().replace(/^\/|\/$/g, ""))
    .filter((line) => line !== "" && !line.startsWith("#"))
    .some((pattern) => (pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern));
}

/** Lines as an editor counts them. */
function linesOf(file: string): number {
  return read(file).trimEnd().split("\n").length;
}

/** Markdown with its code blanked: a bracket there is no link. */
function proseOf(markdown: string): string {
  return markdown.replace(/^( *)(```+|~~~+)[\s\S]*?^ *\2/gm, "").replace(/`[^`\n]*`/g, "");
}

/** The anchors that a Markdown page gives its headings. */
function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = markdown.replace(/^( *)(```+|~~~+)[\s\S]*?^ *\2/gm, "").matchAll(/^#{1,6} +(.*?) *#*$/gm);
  return new Set(
    [...headings].map(([, title = ""]) => {
      const text = title.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
      const slug = text
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-");
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
}

function brokenLinks(file: string): string[] {
  const links = [...proseOf(read(file)).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)/gm)];
  return links.flatMap(([, inline, reference]) => {
    const link = inline ?? reference ?? "";
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return [];
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? file : posix.join(posix.dirname(file), decodeURI(path));
    if (target.startsWith("..") || !existsSync(join(ROOT, target))) return [`${file}: ${link} is not there`];
    if (anchor === undefined || !target.endsWith(".md")) return [];
    return anchorsOf(read(target)).has(anchor) ? [] : [`${file}: ${link}: no such heading`];
  });
}

describe("files", () => {
  const code = ["src", "contracts", "scripts"].flatMap((folder) => filesUnder(folder, [".ts", ".tsx", ".mjs", ".sol"]));

  it("at the top are the few that have to be there", () => {
    const extra = readdirSync(ROOT).filter((name) => !name.startsWith(".") && !TOP_LEVEL.has(name) && !isIgnored(name));
    expect(extra).to.deep.equal([]);
  });

  it(`have at most ${LINE_LIMIT} lines, but for a reason`, () => {
    const long = code
      .filter((file) => linesOf(file) > LINE_LIMIT && LONGER[file] === undefined)
      .map((file) => `${file}: ${linesOf(file)} lines: cut it along what it does, or enter the reason in LONGER`);
    expect(long.join("\n")).to.equal("");
  });

  it("with a reason to be longer are longer", () => {
    const short = Object.keys(LONGER).filter((file) => !existsSync(join(ROOT, file)) || linesOf(file) <= LINE_LIMIT);
    expect(short).to.deep.equal([]);
  });

  it("in Markdown link to files and headings that are there", () => {
    expect(filesUnder(".", [".md"]).flatMap(brokenLinks).join("\n")).to.equal("");
  });

  it("in Markdown get the anchors that a reader's browser shows", () => {
    const page = "# The `one`: first\n```\n# no heading\n```\n## Twice\n## Twice\n### A [link](x.md), too";
    expect([...anchorsOf(page)]).to.deep.equal(["the-one-first", "twice", "twice-1", "a-link-too"]);
  });
});
