import type { DisputeView } from "../../sdk/answers.ts";
import type { WholeOutcome } from "./comparing.ts";

/** The line of the party's file that a dispute is about; null where it is about none. */
export function lineOf({ party, entry }: DisputeView, { question }: WholeOutcome): number | null {
  const view = question.views[party];
  return entry === null || view?.kind !== "list" ? null : (view.table.lines[entry] ?? null);
}
