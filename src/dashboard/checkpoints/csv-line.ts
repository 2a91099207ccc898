/** One record of a CSV file (RFC 4180). Text is always quoted, digits and hashes need not be; nothing is changed in either. */
export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  const text = String(cell);
  return /^[-0-9A-Za-z_.:]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}
