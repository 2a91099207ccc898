import type { Column } from "../storage/sqlite/bundle-tables.ts";
import type { Cell, Row } from "../storage/sqlite/dump.ts";

/** Rows as lines: a table begins with a line that names it and its columns, then each row is a line with an array of its cells. */

/** A line that is no row; the message says why. */
export class RowTextError extends Error {
  override readonly name = "RowTextError";
}

export function headingText(table: string, columns: readonly Column[]): string {
  return JSON.stringify({ table, columns: columns.map(({ name }) => name) });
}

export function isHeading(line: string): boolean {
  return line.startsWith("{");
}

/** @throws RangeError for a number that JSON would not carry exactly: only a change of the row can make it so. */
export function rowText(row: Row): string {
  return JSON.stringify(row.map(cellText));
}

function cellText(cell: Cell): number | string | null {
  if (cell instanceof Uint8Array) return `0x${cell.toString("hex")}`;
  if (typeof cell === "number" && !Number.isSafeInteger(cell))
    throw new RangeError("a stored number is no exact integer");
  return cell;
}

const HEX = /^0x(?:[0-9a-f]{2})*$/;

/** @throws RowTextError when the line has other columns than these, or cells of other types. */
export function rowOf(line: string, columns: readonly Column[]): Row {
  let cells: unknown;
  try {
    cells = JSON.parse(line);
  } catch (error) {
    throw new RowTextError("it is not JSON", { cause: error });
  }
  if (!Array.isArray(cells) || cells.length !== columns.length)
    throw new RowTextError(`it is not an array of ${columns.length} cells`);
  return columns.map((column, i) => cellOf(cells[i], column));
}

function cellOf(value: unknown, { name, type }: Column): Cell {
  if (value === null) return null;
  if (type === "INTEGER" && typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (type === "TEXT" && typeof value === "string") return value;
  if (type === "BLOB" && typeof value === "string" && HEX.test(value)) return Buffer.from(value.slice(2), "hex");
  throw new RowTextError(`${name} is no ${type}`);
}
