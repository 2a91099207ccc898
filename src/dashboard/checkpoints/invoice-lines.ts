import type { CheckpointView } from "../../sdk/answers.ts";
import { utcText } from "../look/times.ts";
import { windowText } from "./windows.ts";

/** What a provider puts on an invoice, as plain text: the figures, and how whoever pays can check them. */
export function invoiceLines(statement: CheckpointView): string {
  const { mode, from, to, deltasCount, firstSequence, netChangeExact, ledgerIdentifier } = statement;
  const last = firstSequence + deltasCount - 1;
  const selection = mode === "selection";
  const lines: [string, string][] = [
    ["Customer", statement.customerId ?? "erased"],
    ["Ledger", ledgerIdentifier],
    ["From", `${utcText(from)} UTC`],
    ["To", `${utcText(to)} UTC, not included`],
    ["Deltas", selection || deltasCount === 0 ? String(deltasCount) : `${deltasCount} (${firstSequence} to ${last})`],
    ...(selection ? [] : ([["Opening", statement.startingBalanceExact]] as [string, string][])),
    ["Net change", netChangeExact],
    ...(selection ? [] : ([["Closing", statement.endingBalanceExact]] as [string, string][])),
    ["Proof root", statement.proofRoot],
    ["Verify", statement.verifyUrl],
  ];
  const width = Math.max(...lines.map(([name]) => name.length)) + 2;
  const title = selection ? "Usage statement over chosen deltas" : `Usage statement ${windowText(statement)}`;
  return [title, ...lines.map(([name, value]) => `${name.padEnd(width)}${value}`), ""].join("\n");
}
