import { createReadStream } from "node:fs";
import { CsvError, parse } from "csv-parse";
import { NumberText, parseJson } from "../../wire/json.ts";
import { UsageError } from "../ending.ts";
import { shown } from "../terminal.ts";

/** Rows of a file, each with where it ends, so that reading can go on from there. */

/** Bytes of one row: what the server takes of a line. */
const MAX_ROW_BYTES = 131_072;
const NEWLINE = 0x0a;

/** A line of text, the offset of the byte after it, and whether a line feed ends it. */
export type TextLine = { text: string; end: number; ended: boolean };
/** The cells of a row by column, and the offset of the byte after it. */
export type Cells = { cells: Record<string, string>; end: number };

/** The lines of a file from an offset on that hold something. */
export async function* linesFrom(path: string, start: number): AsyncGenerator<TextLine> {
  let rest: Buffer = Buffer.alloc(0);
  let at = start;
  const said = (bytes: Buffer, end: number, ended: boolean) => {
    const text = bytes.toString("utf8").trim();
    return text === "" ? [] : [{ text, end, ended }];
  };
  for await (const part of createReadStream(path, { start, highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? part : Buffer.concat([rest, part]);
    let from = 0;
    for (let to = bytes.indexOf(NEWLINE); to !== -1; to = bytes.indexOf(NEWLINE, from)) {
      yield* said(bytes.subarray(from, to), at + to + 1, true);
      from = to + 1;
    }
    rest = bytes.subarray(from);
    at += from;
    // A longer line is sent all the same, and refused by name; without any line feed it would fill the memory.
    if (rest.length > 16 * MAX_ROW_BYTES) throw new UsageError(`${path}: a line is longer than any row can be`);
  }
  yield* said(rest, at + rest.length, false);
}

/** The rows of a CSV file from an offset on. @throws UsageError */
export async function* csvFrom(path: string, start: number, header: readonly string[]): AsyncGenerator<Cells> {
  const parser = createReadStream(path, { start }).pipe(
    parse({
      columns: [...header],
      info: true,
      skip_empty_lines: true,
      trim: true,
      bom: true,
      max_record_size: 1 << 20,
    }),
  );
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { bytes: number };
    }>)
      yield { cells: record, end: start + info.bytes };
  } catch (error) {
    throw csvProblem(path, error);
  }
}

/** The columns of a CSV file, and the offset after their line. @throws UsageError */
export async function csvHeader(path: string): Promise<{ header: string[]; end: number }> {
  const parser = createReadStream(path).pipe(
    parse({ info: true, skip_empty_lines: true, trim: true, bom: true, to: 1 }),
  );
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { bytes: number } }>) {
      const twice = record.find((name, i) => record.indexOf(name) !== i);
      if (twice !== undefined) throw new UsageError(`${path} has two columns ${shown(twice)}`);
      return { header: record, end: info.bytes };
    }
  } catch (error) {
    throw csvProblem(path, error);
  }
  throw new UsageError(`${path} is empty`);
}

function csvProblem(path: string, error: unknown): unknown {
  return error instanceof CsvError ? new UsageError(`${path} is no CSV: ${shown(error.message)}`) : error;
}

/** The top members of a JSON object as text, numbers with the digits that they were written with. @throws UsageError */
export function cellsOf(path: string, { text, end }: Pick<TextLine, "text" | "end">): Cells {
  let value: unknown;
  try {
    value = parseJson(text, "the line");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "VALIDATION_ERROR")) throw error;
    throw new UsageError(`${path}, before byte ${end}: ${shown(error.message)}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`${path}, before byte ${end}: the line is no JSON object`);
  const cells = Object.entries(value).map(([name, member]) => [name, cellOf(member)]);
  return { cells: Object.fromEntries(cells), end };
}

function cellOf(member: unknown): string {
  if (member instanceof NumberText) return member.text;
  if (member === null) return "";
  return typeof member === "object" ? JSON.stringify(member) : String(member);
}

/** Whether a file has a JSON object per line; else it is CSV. */
export async function isNdjson(path: string): Promise<boolean> {
  for await (const { text } of linesFrom(path, 0)) return text.replace(/^\ufeff/, "").startsWith("{");
  throw new UsageError(`${path} is empty`);
}
