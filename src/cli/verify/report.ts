import { type Hex, toHex } from "../../core/bytes.ts";
import type { StepFailure } from "../../core/step-failures.ts";
import type { FileVerification } from "../../core/verify-file.ts";
import { STEPS, type Step } from "../../core/verify-receipt.ts";

/** What a verification comes to. CONSISTENT: nothing failed, and the chain was not asked or did not answer. */
export type Verdict = "VERIFIED" | "CONSISTENT" | "REFUSED";

/** The outcome of a verification, as `--json` prints it and as the second implementation does. */
export type Report = {
  verdict: Verdict;
  failure: StepFailure | null;
  kind: FileVerification["kind"];
  receiptId: Hex | null;
  steps: readonly Step[];
};

const MARK = { passed: "ok  ", failed: "FAIL", skipped: "-   " } as const;
const VERDICT_TEXT: Readonly<Record<Verdict, string>> = {
  VERIFIED: "VERIFIED",
  CONSISTENT: "CONSISTENT, NOT CHECKED AGAINST THE CHAIN",
  REFUSED: "REFUSED",
};

export function reportOf({ kind, receiptId }: FileVerification, steps: readonly Step[]): Report {
  const failed = steps.find((step) => step.outcome === "failed");
  const verdict = failed ? "REFUSED" : steps[STEPS.length - 1]?.outcome === "passed" ? "VERIFIED" : "CONSISTENT";
  return { verdict, failure: failed?.failure ?? null, kind, receiptId: receiptId && toHex(receiptId), steps };
}

/** The report for people: a line per step, then the verdict. */
export function reportText({ verdict, steps }: Report): string {
  const lines = steps.map((step) => {
    const code = step.outcome === "failed" ? `${step.failure}: ` : "";
    return `${MARK[step.outcome]} ${step.step} ${step.name.padEnd(11)} ${code}${printable(step.detail)}`;
  });
  const rest = STEPS.slice(steps.length).map(
    (name, i) => `     ${steps.length + i + 1} ${name.padEnd(11)} not reached`,
  );
  return `${[...lines, ...rest, VERDICT_TEXT[verdict]].join("\n")}\n`;
}

export function reportJson(report: Report): string {
  return `${JSON.stringify(report, null, 2).split("\n").map(printable).join("\n")}\n`;
}

/** Control characters, what turns the direction of writing, and what has no width. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text with everything that does not show written as escapes. A report quotes names and messages that come from the file or
 * from an endpoint: a line feed or a terminal's control sequence in one of them could otherwise write a verdict of its own.
 */
export function printable(text: string): string {
  return text.replaceAll(INVISIBLE, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
