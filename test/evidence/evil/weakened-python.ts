import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PYTHON } from "./parties.ts";

/** One check of the second verifier: `need(code, what must hold, …)` in one line. */
export type Need = {
  line: number;
  text: string;
  /** Undefined where the line names it by a variable. */
  code: string | undefined;
};

export function needsIn(source: string): Need[] {
  return source
    .split("\n")
    .map((text, i) => ({ line: i + 1, text: text.trim(), code: /^need\("(\w+)"/.exec(text.trim())?.[1] }))
    .filter(({ text }) => text.startsWith("need("));
}

export const pythonSource = (): string => readFileSync(PYTHON, "utf8");

const REFUSES = "    if not holds:\n";

/** A copy of the second verifier without some of its checks. @returns the script. */
export function withoutNeeds(dir: string, needs: readonly Need[]): string {
  const source = pythonSource();
  if (!source.includes(REFUSES)) throw new RangeError("the function need reads otherwise");
  const lines = needs.map(({ line }) => line).join(", ");
  const script = join(dir, `verify-${lines.replaceAll(", ", "-")}.py`);
  writeFileSync(
    script,
    source.replace(REFUSES, `    if not holds and sys._getframe(1).f_lineno not in (${lines},):\n`),
  );
  return script;
}
