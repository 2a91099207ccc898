import type { Problem } from "./delta.ts";
import type { Findings, RowName } from "./findings.ts";
import type { RowProblem } from "./port.ts";

/** What is wrong with a row that is none. */
export function damage({ problem }: { problem?: RowProblem }): Problem {
  const { kind, detail } = problem ?? { kind: "missing", detail: "" };
  return {
    code: "ROW_DAMAGED",
    problem: kind === "missing" ? "an index names it, but the row is not there" : detail,
  };
}

/** Reports a row that is none. */
export function reportRow(findings: Findings, table: string, row: RowName, entry: { problem?: RowProblem }): void {
  findings.add({ ...damage(entry), table, row });
}
