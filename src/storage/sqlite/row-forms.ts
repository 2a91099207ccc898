import { closeSync, openSync, readSync } from "node:fs";
import type { Sqlite } from "./database.ts";

/**
 * SQLite reads some headers that it never writes: two codes that mean NULL by accident, and, where a number is the row's own, anything
 * without a body in its place. Such a byte was changed, and no query shows it. So the rows are looked at as they lie in the file.
 *
 * @see https://sqlite.org/fileformat2.html, sections 1.6 and 2.1
 */

const TABLE_LEAF = 0x0d;
const TABLE_INTERIOR = 0x05;
const INDEX_LEAF = 0x0a;
const INDEX_INTERIOR = 0x02;
/** Codes of a column that SQLite reads as NULL and does not write. */
const RESERVED = [10, 11];
/** More levels than a tree of 2^32 pages can have. */
const MOST_LEVELS = 40;

/** A row with such a header: its number, or the first two columns of its key where it has none. */
export type OddRow = { rowid: number } | { key: readonly [number, number] };

/** The rows of a table that have a header that SQLite does not write. Everything of the table MUST be in the file: no WAL. */
export function* oddRows(db: Sqlite, table: string): Generator<OddRow> {
  const root = db.prepare<[string], number>("SELECT rootpage FROM sqlite_master WHERE name = ?").pluck().get(table);
  const pageSize = db.pragma("page_size", { simple: true }) as number;
  const file = openSync(db.name, "r");
  try {
    if (root !== undefined) yield* oddIn(root, 0);
  } finally {
    closeSync(file);
  }

  function* oddIn(page: number, level: number): Generator<OddRow> {
    const bytes = Buffer.alloc(pageSize);
    // A tree that does not hold together is for the engine's own check to report.
    if (level > MOST_LEVELS || page < 1 || readSync(file, bytes, 0, pageSize, (page - 1) * pageSize) < pageSize) return;
    const header = page === 1 ? 100 : 0;
    const kind = bytes[header]!;
    const interior = kind === TABLE_INTERIOR || kind === INDEX_INTERIOR;
    if (!interior && kind !== TABLE_LEAF && kind !== INDEX_LEAF) return;
    const pointers = header + (interior ? 12 : 8);
    const count = Math.min(bytes.readUInt16BE(header + 3), (pageSize - pointers) >> 1);
    for (let i = 0; i < count; i++) {
      let at = bytes.readUInt16BE(pointers + 2 * i);
      if (interior) {
        if (at + 4 > pageSize) continue;
        yield* oddIn(bytes.readUInt32BE(at), level + 1);
        at += 4;
      }
      const odd = kind === TABLE_INTERIOR ? undefined : oddCell(bytes, at, kind === TABLE_LEAF);
      if (odd) yield odd;
    }
    if (interior) yield* oddIn(bytes.readUInt32BE(header + 8), level + 1);
  }
}

function oddCell(bytes: Buffer, start: number, numbered: boolean): OddRow | undefined {
  let at = varintAt(bytes, start).end;
  let rowid = 0;
  if (numbered) ({ value: rowid, end: at } = varintAt(bytes, at));
  const header = varintAt(bytes, at);
  const end = at + header.value;
  const codes: number[] = [];
  for (let column = header.end; column < end && column < bytes.length; ) {
    const code = varintAt(bytes, column);
    codes.push(code.value);
    column = code.end;
  }
  const odd = codes.some((code) => RESERVED.includes(code)) || (numbered && codes[0] !== 0);
  if (!odd) return undefined;
  if (numbered) return { rowid };
  const first = numberAt(bytes, end, codes[0]!);
  return { key: [first.value, numberAt(bytes, first.end, codes[1]!).value] };
}

function varintAt(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start; ; at++) {
    const byte = bytes[at] ?? 0;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80 || at - start === 8) return { value, end: at + 1 };
  }
}

/** Bytes of an integer by its code. */
const SIZES: readonly number[] = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

function numberAt(bytes: Buffer, at: number, code: number): { value: number; end: number } {
  if (code === 8 || code === 9) return { value: code - 8, end: at };
  const end = at + (SIZES[code] ?? 0);
  let value = 0;
  for (let i = at; i < end; i++) value = value * 256 + (bytes[i] ?? 0);
  return { value, end };
}
