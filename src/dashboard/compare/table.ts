import type { CompareEntry } from "../../sdk/requests.ts";
import { type Columns, isUnclear, namesDeltas, recognised } from "./columns.ts";
import { CsvProblem, csvRows, type Row } from "./csv-rows.ts";
import { entryOf } from "./entry.ts";

/** A row that cannot be used, by the line that it ends on. */
export type Problem = { line: number; what: string };

/** What a party's list says, read and checked. */
export type Table = {
  header: string[];
  columns: Columns;
  /** Nobody could tell what the columns are. */
  unclear: boolean;
  /** Whether rows name their delta; else the first row is delta 1 of what is compared. */
  named: boolean;
  entries: CompareEntry[];
  /** The line of each entry. */
  lines: Uint32Array;
  /** The first of the rows that cannot be used, and how many there are. Nothing is compared while there is one. */
  problems: Problem[];
  problemCount: number;
  /** Rows of other customers, which were left out. */
  leftOut: number;
};

export type Reading = {
  /** Chosen by hand; recognised by the header otherwise. */
  columns?: Columns | undefined;
  /** Whose rows count, where a column says whose they are. */
  customerId: string | null;
  /** Told how many rows were read so far. */
  onRows?: ((rows: number) => void) | undefined;
};

const SHOWN_PROBLEMS = 20;
/** More rows than a browser's memory should be asked for. */
const MAX_ROWS = 2_000_000;

/** Reads a party's list. What is wrong with it is in the answer, row by row. */
export async function readTable(pieces: AsyncIterable<string>, reading: Reading): Promise<Table> {
  const table = newTable();
  const lines: number[] = [];
  const refuse = (line: number, what: string) => {
    table.problemCount += 1;
    if (table.problems.length < SHOWN_PROBLEMS) table.problems.push({ line, what });
  };
  const take = ({ line, cells }: Row) => {
    const customer = table.columns.customerId === undefined ? undefined : cells[table.columns.customerId];
    if (customer !== undefined && reading.customerId !== null && customer !== reading.customerId) {
      table.leftOut += 1;
      return;
    }
    const [has, wants] = [cells.length, table.header.length];
    if (has !== wants) return refuse(line, `the row has ${count(has, "cell")}, the header ${wants}`);
    const entry = entryOf(cells, table.columns, table.entries.length + 1);
    if ("wrong" in entry) return refuse(line, entry.wrong);
    table.entries.push(entry);
    lines.push(line);
  };
  let rowsSeen = 0;
  try {
    for await (const rows of csvRows(pieces)) {
      if (table.header.length === 0 && rows.length > 0) begin(table, rows.shift()!, reading.columns, refuse);
      if (table.unclear) break;
      for (const row of rows) take(row);
      rowsSeen += rows.length;
      if (rowsSeen > MAX_ROWS) {
        refuse(rows.at(-1)!.line, `this is more than ${MAX_ROWS.toLocaleString("en")} rows`);
        break;
      }
      reading.onRows?.(rowsSeen);
    }
  } catch (error) {
    if (!(error instanceof CsvProblem)) throw error;
    refuse(error.line, error.message);
  }
  if (table.problemCount === 0 && !table.unclear && table.entries.length === 0) refuse(1, nothing(table, reading));
  return { ...table, lines: Uint32Array.from(lines) };
}

function newTable(): Table {
  return {
    header: [],
    columns: {},
    unclear: false,
    named: false,
    entries: [],
    lines: new Uint32Array(),
    problems: [],
    problemCount: 0,
    leftOut: 0,
  };
}

/** The first row names the columns; one that has amounts or hashes in it does not. */
function begin(
  table: Table,
  { line, cells }: Row,
  chosen: Columns | undefined,
  refuse: (line: number, what: string) => void,
): void {
  table.header = cells;
  table.columns = chosen ?? recognised(cells);
  table.named = namesDeltas(table.columns);
  if (cells.some((cell) => /^(-?[0-9][0-9.]*|0x[0-9a-fA-F]+)$/.test(cell)))
    refuse(line, "the first line must name the columns, such as: referenceId,delta,balance");
  else table.unclear = chosen === undefined && isUnclear(cells, table.columns);
}

function nothing({ leftOut }: Table, { customerId }: Reading): string {
  if (leftOut > 0) return `no row is of ${customerId}: all ${count(leftOut, "row")} are of others`;
  return "there is no row under a header";
}

function count(many: number, what: string): string {
  return `${many.toLocaleString("en")} ${what}${many === 1 ? "" : "s"}`;
}
