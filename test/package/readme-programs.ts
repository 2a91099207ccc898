import { BLOCKS, PROGRAMS } from "#test/readme/blocks.ts";

/** The programs of the README's section for programmers, each as a reader would put it into a file. */
export type Programs = {
  /** All of a Node program, whose blocks build on each other, and what the README says it prints. */
  module: string;
  prints: string;
  commonjs: string;
  page: string;
};

const PAGE = "// in a page\n";

/** @param places what this run has elsewhere than the README: `{ "http://127.0.0.1:3000": url }`. */
export function readmePrograms(places: Readonly<Record<string, string>>): Programs {
  const here = BLOCKS.filter(({ heading }) => heading === PROGRAMS);
  const textsIn = (language: string) => here.filter((block) => block.language === language).map(({ text }) => text);
  const modules = textsIn("ts").filter((text) => !text.startsWith(PAGE));
  const pages = textsIn("ts").filter((text) => text.startsWith(PAGE));
  const texts = [modules.join("\n"), textsIn("").join("\n"), textsIn("js").join("\n"), pages.join("\n")];
  const [module, prints, commonjs, page] = texts.map((text) =>
    Object.entries(places).reduce((adapted, [from, to]) => adapted.replaceAll(from, to), text),
  );
  return { module: module!, prints: prints!, commonjs: commonjs!, page: page! };
}

/** Languages of the section's blocks; every one of them must be among those that are run or compared. */
export const LANGUAGES: ReadonlySet<string> = new Set(
  BLOCKS.filter(({ heading }) => heading === PROGRAMS).map(({ language }) => language),
);
