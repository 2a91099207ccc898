import { CsvError, parse } from "csv-parse/browser/esm/sync";

/** One row of a CSV text, and the line that it ends on, counted from 1. */
export type Row = { line: number; cells: string[] };

/** Characters that one quoted cell may keep open: beyond, its closing quote is missing. */
const LONGEST_RECORD = 4_000_000;
const DELIMITERS = [",", ";", "\t", "|"] as const;

/** The text is no CSV from this line on. */
export class CsvProblem extends Error {
  override readonly name = "CsvProblem";
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * The rows of a CSV text (RFC 4180) that hold something, some thousand at a time, the header first. Whether commas, semicolons, tabs or
 * bars part the cells is read from the header. The text is taken piece by piece: a list of a million rows is never there twice.
 *
 * @throws CsvProblem for quotes that do not close, or stand where none belongs.
 */
export async function* csvRows(pieces: AsyncIterable<string>): AsyncGenerator<Row[], void, undefined> {
  let rest = "";
  let line = 0;
  let delimiter: string | undefined;
  const taken = (text: string): Row[] => {
    delimiter ??= delimiterOf(text);
    const rows = text.includes('"') ? quotedRows(text, delimiter, line) : plainRows(text, delimiter, line);
    line += lineFeeds(text);
    return rows;
  };
  for await (const piece of pieces) {
    rest += line === 0 && rest === "" ? piece.replace(/^\ufeff/, "") : piece;
    const end = endOfRecords(rest);
    if (end === 0 && rest.length > LONGEST_RECORD) throw new CsvProblem(line + 1, "a quote is opened and not closed");
    if (end === 0 || (delimiter === undefined && rest.slice(0, end).trim() === "")) continue;
    yield taken(rest.slice(0, end));
    rest = rest.slice(end);
  }
  if (rest.trim() !== "") yield taken(rest);
}

/** Where the last whole record ends: after a line feed that is in no quoted cell, which an even number of quotes before it tells. */
function endOfRecords(text: string): number {
  let end = text.lastIndexOf("\n") + 1;
  let before = quotes(text.slice(0, end));
  while (end > 0 && before % 2 === 1) {
    const earlier = text.lastIndexOf("\n", end - 2) + 1;
    before -= quotes(text.slice(earlier, end));
    end = earlier;
  }
  return end;
}

/** Without quotes a line is a record, and a million of them take a second instead of half a minute. */
function plainRows(text: string, delimiter: string, before: number): Row[] {
  const rows: Row[] = [];
  for (const [i, record] of text.split("\n").entries()) {
    const cells = record.split(delimiter).map((cell) => cell.trim());
    if (holds(cells)) rows.push({ line: before + i + 1, cells });
  }
  return rows;
}

function quotedRows(text: string, delimiter: string, before: number): Row[] {
  const rows: Row[] = [];
  try {
    parse(text, {
      delimiter,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (cells: string[], { lines }) => {
        if (holds(cells)) rows.push({ line: before + lines, cells });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const at: unknown = error.lines;
    throw new CsvProblem(before + (typeof at === "number" ? at : 1), said(error.code));
  }
  return rows;
}

function said(code: string): string {
  if (code === "CSV_QUOTE_NOT_CLOSED") return "a quote is opened and not closed";
  return "a quote stands in the middle of a cell: quote the whole cell, and write quotes inside it twice";
}

function delimiterOf(text: string): string {
  const header = text
    .trimStart()
    .split("\n", 1)[0]!
    .replaceAll(/"[^"]*"/g, "");
  const many = (delimiter: string) => header.split(delimiter).length;
  return DELIMITERS.reduce((best, delimiter) => (many(delimiter) > many(best) ? delimiter : best));
}

const holds = (cells: readonly string[]) => cells.some((cell) => cell !== "");
const lineFeeds = (text: string) => text.split("\n").length - 1;
const quotes = (text: string) => text.split('"').length - 1;
