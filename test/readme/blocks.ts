import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type Block = { language: string; text: string; heading: string };

/** The section whose programs are run from an installed package, by the tests in test/package. */
export const PROGRAMS = "From TypeScript";

const README = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");

/** Every block of the README, with the section that it stands in. */
export const BLOCKS: readonly Block[] = README.split(/^## /m).flatMap((section) => {
  const [heading = "", ...lines] = section.split("\n");
  return [...lines.join("\n").matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
    heading,
  }));
});
