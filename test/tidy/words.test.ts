import { expect } from "chai";
import { filesUnder, lineAt, read } from "./tree.ts";
import { codeOf } from "./typescript-text.ts";
import { WORDS, type Word } from "./word-table.ts";

const CODE = [".ts", ".tsx", ".mjs"];
const TEXT = [...CODE, ".sol", ".md", ".py", ".sh", ".sql", ".html", ".css", ".yml", ".json", "/run", "rc"];
/** These speak of the words they forbid; the lock file is npm's, and not prose. */
const EXEMPT = ["test/tidy/word-table.ts", "test/tidy/words.test.ts", "package-lock.json", "LICENSE"];

function applies(word: Word, file: string): boolean {
  const begins = (beginning: string) => file.startsWith(beginning);
  return (word.only === undefined || word.only.some(begins)) && !word.except?.some(begins);
}

function found(word: Word, file: string, text: string): string[] {
  return [...text.matchAll(new RegExp(word.pattern, `g${word.pattern.flags}`))].map((match) => {
    const place = word.within === "path" ? file : `${file}:${lineAt(text, match.index)}`;
    return `${place}: "${match[0].trim()}": instead ${word.instead}`;
  });
}

describe("words", () => {
  const files = filesUnder(".", TEXT).filter((file) => !EXEMPT.includes(file));
  const code = files.filter((file) => CODE.some((ending) => file.endsWith(ending)));

  it("that are not used here are not in the names of files and folders", () => {
    const words = WORDS.filter((word) => word.within === "path");
    expect(words.flatMap((word) => files.flatMap((file) => found(word, file, file))).join("\n")).to.equal("");
  });

  it("that are not used here are not in the code", () => {
    const words = WORDS.filter((word) => word.within === "code");
    const wrong = code.flatMap((file) => {
      const text = codeOf(read(file));
      return words.filter((word) => applies(word, file)).flatMap((word) => found(word, file, text));
    });
    expect(wrong.join("\n")).to.equal("");
  });

  it("that are not used here are not in comments, strings or prose", () => {
    const words = WORDS.filter((word) => word.within === "text");
    const wrong = files.flatMap((file) => {
      const text = read(file);
      return words.filter((word) => applies(word, file)).flatMap((word) => found(word, file, text));
    });
    expect(wrong.join("\n")).to.equal("");
  });

  const samples: ReadonlyArray<readonly [string, string]> = [
    ["a folder of odds and ends", "src/utils/a.ts"],
    ["a task put off", "// TODO later"],
    ["a number only we can look up", "see issue #12"],
    ["somebody's home folder", 'open("/home/someone/x")'],
    ["a test that is left out", "it.skip("],
    ["an error that is swallowed", "catch {}"],
    ["a float for an amount", "parseFloat(amount)"],
  ];
  for (const [claim, sample] of samples) {
    it(`forbid ${claim}`, () => {
      expect(WORDS.some((word) => word.pattern.test(sample))).to.equal(true);
    });
  }

  it("that only look like them are free", () => {
    const free = ["src/core/tree.ts", "transaction hash", "https://example.org/work", "the publisher", "GET /root"];
    expect(free.filter((sample) => WORDS.some((word) => word.pattern.test(sample)))).to.deep.equal([]);
  });
});
