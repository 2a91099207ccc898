import type { DeltaView } from "../../sdk/answers.ts";

/** The file's columns: the API's own names, so that the file can be compared and imported again. */
const COLUMNS = [
  "sequence",
  "recordedAt",
  "delta",
  "balance",
  "reason",
  "referenceId",
  "metadata",
  "adjusts",
  "recordId",
  "receiptId",
  "commitment",
] as const;
type Column = (typeof COLUMNS)[number];

/** The first line, with its end. */
export const CSV_HEADER = `${COLUMNS.join(",")}\r\n`;

/** What spreadsheets take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * Deltas as lines of RFC 4180, each with its end (CR LF). Amounts are the exact text. What people wrote is always in quotes and never
 * changed, also where a spreadsheet would take it for a formula: a changed cell would be another record. `formulas` counts those.
 */
export function csvLines(deltas: readonly DeltaView[]): { text: string; formulas: number } {
  let formulas = 0;
  const lines = deltas.map((delta) => {
    const cells = cellsOf(delta);
    return COLUMNS.map((column) => {
      const cell = cells[column];
      if (typeof cell === "number" || column === "delta" || column === "balance") return String(cell);
      if (FORMULA.test(cell)) formulas += 1;
      return cell === "" ? "" : `"${cell.replaceAll('"', '""')}"`;
    }).join(",");
  });
  return { text: lines.map((line) => `${line}\r\n`).join(""), formulas };
}

function cellsOf(delta: DeltaView): Readonly<Record<Column, string | number>> {
  return {
    sequence: delta.sequence,
    recordedAt: delta.recordedAt,
    delta: delta.deltaExact,
    balance: delta.balanceExact,
    reason: delta.reason ?? "",
    referenceId: delta.referenceId ?? "",
    metadata: delta.metadata === null ? "" : JSON.stringify(delta.metadata),
    adjusts: delta.adjusts?.recordId ?? delta.adjusts?.referenceId ?? "",
    recordId: delta.recordId,
    receiptId: delta.receiptId,
    commitment: delta.commitment,
  };
}
